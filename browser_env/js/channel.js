// The isolated world's side of a private channel into the page's world: a detached element that both hold and that no
// script of the page can reach. It is handed over once, before any script of the page exists. Registered before clock.js.
(() => {
  "use strict";
  const { parse, stringify } = JSON;
  const NEVER_MS = 1e9;
  let carrier = null;
  addEventListener("webdual", (event) => { carrier = event.relatedTarget; }, { once: true });

  // Send a word with plain data; return the answer, or null where nobody listens (the browser's own error page).
  function ask(verb, data) {
    if (!carrier) return null;
    carrier.removeAttribute("answer");
    carrier.setAttribute("data", stringify(data ?? null));
    carrier.dispatchEvent(new Event(verb));
    return parse(carrier.getAttribute("answer"));
  }
  function isPlaying(animation) {
    const { activeDuration, endTime } = animation.effect?.getComputedTiming() ?? { activeDuration: 0, endTime: 0 };
    return animation.playState === "running" && Number(activeDuration) < NEVER_MS && Number(endTime) < NEVER_MS;
  }
  const busy = () => ({ animations: document.getAnimations().filter(isPlaying).length, loading: document.readyState !== "complete" });

  let calls = 0;
  // The same for work that takes a while; the other side tells when it is done, by the call's number.
  function call(verb, data) {
    if (!carrier) return Promise.resolve(null);
    const number = ++calls;
    return new Promise((resolve) => {
      carrier.addEventListener(`${verb}:done:${number}`, () => resolve(parse(carrier.getAttribute("answer"))), { once: true });
      carrier.setAttribute("data", stringify(data ?? null));
      carrier.setAttribute("call", number);
      carrier.dispatchEvent(new Event(verb));
    });
  }
  // Let page time pass, and say how the page stands then: {elapsed, ran, next, animations, loading, page}.
  async function advance(ms) {
    const time = await call("advance", ms) ?? { elapsed: 0, ran: 0, next: null };
    document.documentElement?.getBoundingClientRect(); // the next frame then knows what is under the pointer, however many came before
    return { ...time, ...busy(), page: ask("status") };
  }
  // A document of an episode begins: at its page time, and with a chance of its own.
  function begin(seed, elapsed) {
    let state = seed ^ Math.imul(elapsed, 0x9e3779b9);
    const text = elapsed ? location.href : ""; // the first document's chance is the seed alone
    for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
    return ask("begin", { seed: state | 0, elapsed });
  }
  // Empty the clipboard, which profiles share. Needs a user's gesture; the page's own listeners do not hear of it.
  function clearClipboard() {
    addEventListener("copy", (event) => {
      event.clipboardData.setData("text/plain", "");
      event.preventDefault();
      event.stopImmediatePropagation();
    }, { capture: true, once: true });
    return document.execCommand("copy");
  }
  // Begin another episode in the same document: what is pending runs out, and nothing of the last one is left.
  async function restart(seed, flushMs, drawn) {
    clearClipboard();
    globalThis.webdual.reset();
    await advance(flushMs);
    begin(seed, 0);
    return call("start", drawn);
  }
  const { port1, port2 } = new MessageChannel();
  let stopWaiting = () => {};
  // Resolves to true once a frame has been drawn: animation callbacks ran, layout is done, observers were told.
  const nextFrame = () => new Promise((resolve) => {
    stopWaiting(); // a turn that was given up
    stopWaiting = () => resolve(false);
    requestAnimationFrame(() => {
      port1.onmessage = () => resolve(true);
      port2.postMessage(0);
    });
  });
  // Do some work, tell what it came to, and read the page when the frame has been drawn that this asks for; null where
  // none is drawn until the other side stops waiting.
  async function turn(id, work, ignore, withEvidence) {
    const result = await work();
    const drawn = nextFrame();
    webdualTell(stringify([id, result]));
    if (!await drawn) return "null";
    return stringify(globalThis.webdual.observe(ignore, withEvidence || result?.page?.done === true, 0, true));
  }
  globalThis.webdual = { ...globalThis.webdual, turn, stopWaiting: () => stopWaiting(), ask, call, advance, begin, clearClipboard, restart };
})();
