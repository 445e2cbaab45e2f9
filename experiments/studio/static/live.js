// The live view: draws pictures of the page, and sends what the pointer and the keys do there.

import { ask, counted, make, tell } from "/static/api.js";

const SENT_KEPT = 200;
const LATENCIES = 200;
const MODIFIERS = ["Alt", "Control", "Meta", "Shift"];
const LEAVE = "F6";
const TIMED = ["up", "hover", "key"]; // what a person waits for an answer to
const SMALL_PX = 400; // a page that is less wide is shown larger
const LARGER = 2.5;

// What the button says that an open dialog is closed with, nothing where it is left by Escape.
function closing(dialog) {
  let said = "";
  dialog.querySelector("form").onsubmit = ({ submitter }) => { said = submitter?.value ?? ""; };
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(said), { once: true }));
}

export class Live {
  constructor(place, address, { agent = false, onKept = () => {}, onNext = () => {}, onGone = () => {} } = {}) {
    this.root = document.getElementById("live").content.firstElementChild.cloneNode(true);
    place.replaceChildren(this.root);
    this.agent = agent;
    this.onKept = onKept;
    this.onNext = onNext;
    this.onGone = onGone;
    this.keeping = []; // what waits for the answer whether it was kept
    this.number = 0;
    this.sent = new Map(); // number of a message -> when it was sent
    this.latencies = [];
    this.frames = [];
    this.state = {};
    this.canvas = this.find("canvas");
    this.keys = this.find(".keys");
    this.listen();
    for (const element of this.root.querySelectorAll(agent ? ".own" : ".agents-only")) element.hidden = true;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}${address}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.take(JSON.parse(data)) : this.draw(data));
    this.socket.onclose = () => this.end();
    this.opened = new Promise((resolve) => { this.socket.onopen = resolve; });
    this.timer = setInterval(() => this.showClock(), 500);
  }

  find(selector) { return this.root.querySelector(selector); }

  close() {
    clearInterval(this.timer);
    this.socket.onclose = null;
    this.socket.close();
    this.root.remove();
  }

  end() {
    const lost = this.unkept;
    this.close();
    this.settleKeeping(false);
    const said = lost ? `The connection has ended, and what was not kept (${counted(lost, "step")}) is gone. Begin anew.` : "The connection has ended.";
    tell(said, true);
    ask("/api/state").catch((error) => tell(`${said} ${error.message}`, true)); // which says why, where the studio knows
    this.onGone();
  }

  // How many steps would be lost now.
  get unkept() { return !this.agent && this.state.recording ? this.state.count : 0; }

  // Ask what becomes of steps that are not kept; return whether to go on.
  async settle() {
    const dialog = this.find(".unkept");
    if (!this.unkept) return true;
    if (dialog.open) return false;
    dialog.querySelector("p").textContent = `Not kept yet: ${counted(this.unkept, "step")}.`;
    dialog.showModal();
    const said = await closing(dialog);
    if (["", "drop"].includes(said)) return said === "drop";
    return this.keep(said === "keep" ? "" : said);
  }

  // Return whether the recording was kept.
  async keep(mark) {
    await this.send("keep", { mark });
    return new Promise((resolve) => { this.keeping.push(resolve); });
  }

  settleKeeping(kept) {
    for (const resolve of this.keeping.splice(0)) resolve(kept);
  }

  async send(kind, more = {}) {
    await this.opened;
    this.number += 1;
    if (TIMED.includes(kind)) this.sent.set(this.number, performance.now());
    if (this.sent.size > SENT_KEPT) this.sent.delete(this.sent.keys().next().value);
    this.socket.send(JSON.stringify({ kind, number: this.number, ...more }));
  }

  listen() {
    for (const button of this.root.querySelectorAll("[data-do]")) button.onclick = () => this.do(JSON.parse(button.dataset.do));
    for (const button of this.root.querySelectorAll("[data-send]")) button.onclick = () => this.send(button.dataset.send);
    for (const button of this.root.querySelectorAll("[data-keep]")) button.onclick = () => this.keep(button.dataset.keep);
    this.find(".pause").onclick = () => this.send(this.state.paused ? "resume" : "pause");
    this.find("[data-next]").onclick = () => this.onNext();
    this.find(".hover").onclick = () => this.setHovering(!this.hovering);
    this.find(".go").onsubmit = (event) => {
      event.preventDefault();
      this.do({ verb: "navigate", url: event.target.url.value });
    };
    this.find(".answer").onsubmit = (event) => {
      event.preventDefault();
      this.do({ verb: "answer", text: event.target.text.value });
      event.target.reset();
    };
    this.find(".upload").onsubmit = (event) => event.preventDefault();
    this.listenToPointer();
    this.listenToKeys();
  }

  do(action) { this.send("do", { action }); }

  // Whether what is chosen next is pointed at instead of clicked.
  get hovering() { return this.find(".hover").getAttribute("aria-pressed") === "true"; }

  setHovering(hovering) { this.find(".hover").setAttribute("aria-pressed", hovering); }

  listenToPointer() {
    const pointer = (kind) => (event) => {
      if (kind === "move" && event.buttons === 0) return;
      event.preventDefault();
      if (kind === "down" && this.hovering) {
        this.setHovering(false);
        this.keys.focus({ preventScroll: true });
        this.event("hover", event);
        return;
      }
      if (kind === "down") {
        this.keys.focus({ preventScroll: true });
        this.keys.setPointerCapture(event.pointerId);
      }
      this.event(kind, event, { button: Math.max(0, Math.min(2, event.button)), pointer: event.pointerType || "mouse" });
    };
    this.keys.onpointerdown = pointer("down");
    this.keys.onpointermove = pointer("move");
    this.keys.onpointerup = pointer("up");
    this.keys.onpointercancel = pointer("cancel");
    this.keys.oncontextmenu = (event) => event.preventDefault();
    this.keys.addEventListener("wheel", (event) => {
      event.preventDefault();
      const unit = [1, 16, this.canvas.height][event.deltaMode];
      this.event("wheel", event, { dx: event.deltaX * unit, dy: event.deltaY * unit });
    }, { passive: false });
  }

  listenToKeys() {
    let composing = false;
    this.keys.addEventListener("compositionstart", () => { composing = true; });
    this.keys.addEventListener("compositionend", (event) => {
      composing = false;
      this.keys.value = "";
      if (event.data) this.text(event.data);
    });
    this.keys.addEventListener("input", () => {  // what comes without a key: a screen keyboard, dictation
      if (composing) return;
      if (this.keys.value) this.text(this.keys.value);
      this.keys.value = "";
    });
    this.keys.addEventListener("paste", (event) => {
      event.preventDefault();
      const text = event.clipboardData.getData("text/plain");
      if (text) this.text(text);
    });
    this.keys.addEventListener("keydown", (event) => this.key(event, composing));
  }

  key(event, composing) {
    if (composing || event.isComposing || MODIFIERS.includes(event.key) || ["Dead", "Process", "Unidentified"].includes(event.key)) return;
    if (event.key === LEAVE) {
      event.preventDefault();
      this.find(event.shiftKey ? ".go input" : "[data-send]:not([hidden]), .pause:not([hidden])").focus();
      return;
    }
    if (this.agent && this.shortcut(event)) return;
    const altGraph = event.getModifierState("AltGraph");
    const held = MODIFIERS.filter((name) => event.getModifierState(name));
    const writes = [...event.key].length === 1 && (altGraph || !(event.ctrlKey || event.altKey || event.metaKey));
    if (event.key.toLowerCase() === "v" && (event.ctrlKey || event.metaKey)) return; // the paste event has the text
    event.preventDefault();
    if (writes) this.text(event.key);
    else this.event("key", event, { text: event.key === " " ? "Space" : event.key, modifiers: held });
  }

  shortcut(event) {
    const person = this.state.driver === "human";
    if (person ? event.key === "F8" : event.key.toLowerCase() === "t") {
      event.preventDefault();
      this.send(person ? "hand_back" : "take_over");
      return true;
    }
    return false;
  }

  text(text) { this.send("text", { text, at_ms: performance.now() }); }

  event(kind, event, more) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((event.clientX ?? 0) - box.left) * (this.canvas.width / box.width);
    const y = ((event.clientY ?? 0) - box.top) * (this.canvas.height / box.height);
    const modifiers = MODIFIERS.filter((name) => event.getModifierState?.(name));
    this.send(kind, { x, y, at_ms: performance.now(), modifiers, ...more });
  }

  async draw(data) {
    const shown = new DataView(data).getUint32(0);
    const bitmap = await createImageBitmap(new Blob([data.slice(4)], { type: "image/jpeg" }));
    if (this.canvas.width !== bitmap.width || this.canvas.height !== bitmap.height) {
      this.canvas.width = bitmap.width;
      this.canvas.height = bitmap.height;
    }
    if (this.drawnWidth !== bitmap.width) {
      this.drawnWidth = bitmap.width;
      this.canvas.style.width = `${bitmap.width * (bitmap.width < SMALL_PX ? LARGER : 1)}px`;
    }
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.root.dataset.shown = shown;
    bitmap.close();
    const now = performance.now();
    this.socket.send(JSON.stringify({ kind: "drawn", number: this.number }));
    this.frames = [...this.frames.filter((at) => now - at < 2000), now];
    for (const [number, at] of this.sent) {
      if (number > shown) break;
      this.sent.delete(number);
      this.latencies = [...this.latencies.slice(1 - LATENCIES), now - at];
    }
    this.showFigures();
  }

  take(message) {
    if (message.kind === "state") this.show(message);
    else if (message.kind === "choice") this.choose(message);
    else if (message.kind === "error") {
      tell(message.text, true);
      this.settleKeeping(false);
    }
    else if (message.kind === "told") tell(message.text);
    else if (message.kind === "kept") {
      tell(`Kept as ${message.episode} (${message.outcome}, reward ${message.reward}).`);
      this.onKept(message);
      this.settleKeeping(true);
    }
  }

  show(state) {
    this.state = { ...state, at: performance.now() };
    this.root.dataset.count = state.count ?? -1;
    this.root.dataset.over = state.over ?? false;
    this.root.dataset.driver = state.driver;
    if (!state.recording) return;
    this.find(".trouble").textContent = state.error ?? "";
    this.find(".goal").textContent = state.goal || state.task;
    const phase = this.find(".phase");
    const doing = state.driver === "human" ? (state.paused ? "paused: nothing is recorded" : "recording") : state.driver === "other" ? "somebody else acts" : "the agent acts";
    const said = state.over ? `${state.outcome}, reward ${state.reward}` : doing;
    if (phase.textContent !== said) phase.textContent = said; // it is read out when it changes
    phase.className = `badge phase ${state.over ? state.outcome : state.paused ? "paused" : state.driver === "human" ? "recording" : ""}`;
    this.find(".pause").textContent = state.paused ? "Go on" : "Pause";
    if (document.activeElement !== this.find(".go input")) this.find(".go input").value = state.url;
    for (const button of this.root.querySelectorAll(".mark")) button.hidden = this.agent || !state.marks;
    for (const button of this.root.querySelectorAll(".keep")) button.hidden = this.agent || state.marks;
    this.showTabs(state);
    this.showSteps(state);
    this.showControls(state);
    this.showDialog(state);
    this.showClock();
  }

  showTabs(state) {
    const tabs = state.tabs.length < 2 ? [] : state.tabs.flatMap((title, index) => {
      const open = make("button", title.slice(0, 24) || `Tab ${index + 1}`, { type: "button", "aria-pressed": index === state.tab });
      open.onclick = () => this.do({ verb: "switch_tab", index });
      const close = make("button", "×", { type: "button", "aria-label": `Close tab ${index + 1}` });
      close.onclick = () => this.do({ verb: "close_tab", index });
      return [open, close];
    });
    this.find(".tabs").replaceChildren(...tabs);
  }

  showSteps(state) {
    const steps = state.steps.map(({ text, person }) => make("li", text, { class: person ? "person" : "" }));
    const list = this.find(".steps");
    list.start = state.count - steps.length + 1;
    list.replaceChildren(...steps);
    list.scrollTop = list.scrollHeight;
  }

  showControls(state) {
    this.find(".upload").hidden = !state.uploads;
    const held = document.activeElement?.dataset?.element;
    const items = state.elements.map(({ id, role, name }) => {
      const item = make("li");
      const button = make("button", `${role} ${name}`, { type: "button", "data-element": id });
      button.onclick = () => {
        const file = this.find(".upload input").value;
        const verb = this.hovering ? "hover" : "click";
        this.setHovering(false);
        this.do(file && state.uploads ? { verb: "upload", target: id, names: [file] } : { verb, target: id });
      };
      item.append(button);
      return item;
    });
    this.find(".controls ul").replaceChildren(...items);
    if (held) this.find(`[data-element="${held}"]`)?.focus();
  }

  showDialog(state) {
    const dialog = this.find(".asked");
    if (!state.dialog || state.driver !== "human") { if (dialog.open) dialog.close(); return; }
    if (dialog.open) return;
    const [kind, message, value] = state.dialog;
    dialog.querySelector("p").textContent = message;
    const input = dialog.querySelector("input");
    input.hidden = kind !== "prompt";
    input.value = value;
    dialog.showModal();
    closing(dialog).then((said) => {
      if (!this.state.dialog) return;
      const accept = said === "ok";
      this.do({ verb: "dialog", accept, ...(kind === "prompt" && accept ? { text: input.value } : {}) });
      this.keys.focus();
    });
  }

  choose({ target, options, multiple }) {
    const dialog = this.find(".choice");
    const select = dialog.querySelector("select");
    select.multiple = multiple;
    select.replaceChildren(...options.map((label) => make("option", label)));
    dialog.showModal();
    closing(dialog).then((said) => {
      const chosen = [...select.selectedOptions].map((option) => option.textContent);
      if (said === "ok") this.send("choose", { target, options: chosen });
      this.keys.focus();
    });
    select.focus();
  }

  showClock() {
    const { recording, elapsed_s: elapsed, paused, over, at } = this.state;
    if (!recording) return;
    const seconds = elapsed + (paused || over ? 0 : (performance.now() - at) / 1000);
    this.find(".clock").textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  }

  showFigures() {
    const span = this.frames.at(-1) - this.frames[0];
    const rate = span > 0 ? (this.frames.length - 1) / (span / 1000) : 0;
    this.find(".rate").textContent = `${rate.toFixed(0)} pictures/s`;
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
    this.find(".latency").textContent = sorted.length ? `· input to picture ${at(0.5)} ms (p50), ${at(0.95)} ms (p95)` : "";
  }
}
