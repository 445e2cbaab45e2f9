"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const SIGNS = { success: "✓", failure: "✗", truncated: "■", blocked: "⊘", infra_error: "!", verifier_error: "!" };
const state = { episode: 0, frame: 0, timer: null, hot: null };
const images = data.images.map((source) => Object.assign(new Image(), { src: source }));

const episode = () => data.episodes[state.episode];
const frame = () => episode().frames[state.frame];
const end = () => episode().frames.length - 1;
const spaced = (text) => text.replaceAll("_", " ");

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function draw(parent, tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

/* The page */

function fit() {
  const [width, height] = frame().viewport;
  const room = $("room").getBoundingClientRect();
  return Math.max(0.1, Math.min((room.width - 4) / width, (room.height - 36) / height, 4));
}

function paint(canvas, shown, scale) {
  const [width, height] = shown.viewport;
  const crisp = Math.max(1, Math.ceil(scale * window.devicePixelRatio)); // whole pixels first, then smoothly to size
  const image = images[shown.image];
  const factor = scale >= 1 || !image ? crisp : image.naturalWidth / width;
  canvas.width = Math.round(width * factor);
  canvas.height = Math.round(height * factor);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (image) context.drawImage(image, 0, 0, canvas.width, canvas.height);
  else sketch(context, shown, factor);
}

function sketch(context, shown, factor) {
  context.lineWidth = Math.max(1, factor / 2);
  context.font = `${8 * factor}px system-ui, sans-serif`;
  for (const element of shown.elements.filter((each) => each.visible)) {
    const [x, y, width, height] = element.box.map((value) => value * factor);
    context.fillStyle = "#f2f4f8";
    context.strokeStyle = "#c2c7d2";
    context.fillRect(x, y, width, height);
    context.strokeRect(x, y, width, height);
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.fillStyle = "#565d6c";
    context.fillText(element.value || element.name, x + 2 * factor, y + 9 * factor);
    context.restore();
  }
}

function showPage() {
  const shown = frame();
  const [width, height] = shown.viewport;
  const scale = fit();
  $("page").style.width = `${width * scale}px`;
  $("page").style.height = `${height * scale}px`;
  Object.assign($("shot").style, { width: `${width * scale}px`, height: `${height * scale}px` });
  paint($("shot"), shown, scale);
  $("shot").setAttribute("aria-label", `The page ${shown.action === null ? "at the end" : `before step ${state.frame + 1}`}`);
  $("url").textContent = shown.url;
  overlay(shown, scale);
}

function overlay(shown, scale) {
  const svg = $("overlay");
  const [width, height] = shown.viewport;
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width * scale} ${height * scale}`);
  for (const element of shown.elements) {
    const hot = element.id === state.hot;
    if (hot || ($("boxes").checked && element.visible)) rectangle(svg, element.box, scale, hot ? "box hot" : "box", 0);
  }
  const { boxes, pointer, path, label } = shown.marks;
  for (const box of boxes) {
    rectangle(svg, box, scale, "halo", 4).setAttribute("stroke-width", 5);
    rectangle(svg, box, scale, "mark target", 3).setAttribute("stroke-width", 2.5);
  }
  if (path.length > 1) arrow(svg, path.map(([x, y]) => [x * scale, y * scale]));
  if (pointer) cross(svg, pointer[0] * scale, pointer[1] * scale);
  if (label) tag(svg, label, boxes[0], scale, width * scale, height * scale);
}

function rectangle(svg, [x, y, width, height], scale, name, pad) {
  return draw(svg, "rect", {
    x: x * scale - pad, y: y * scale - pad, rx: 3,
    width: width * scale + 2 * pad, height: height * scale + 2 * pad, class: name,
  });
}

function cross(svg, x, y) {
  const reach = `M${x - 17} ${y}h11M${x + 6} ${y}h11M${x} ${y - 17}v11M${x} ${y + 6}v11`;
  for (const [name, stroke] of [["halo", 5], ["mark", 2.5]]) {
    draw(svg, "path", { d: reach, class: name, "stroke-width": stroke });
    draw(svg, "circle", { cx: x, cy: y, r: 9, class: name, "stroke-width": stroke });
  }
  draw(svg, "circle", { cx: x, cy: y, r: 12, class: "mark pulse", "stroke-width": 2 });
}

function arrow(svg, path) {
  const [[x0, y0], [x1, y1]] = path.slice(-2);
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const at = (turn, reach) => `${x1 - reach * Math.cos(angle + turn)} ${y1 - reach * Math.sin(angle + turn)}`;
  const d = `M${path.slice(0, -1).map((place) => place.join(" ")).join("L")}L${at(0, 12)}`;
  for (const [name, stroke] of [["halo", 7], ["mark", 4]]) draw(svg, "path", { d, class: name, "stroke-width": stroke });
  draw(svg, "path", { d: `M${x1} ${y1}L${at(0.5, 20)}L${at(-0.5, 20)}Z`, class: "tip" });
}

function tag(svg, label, box, scale, width, height) {
  const group = draw(svg, "g", {});
  const back = draw(group, "rect", { class: "tag", height: 26, rx: 7 });
  const text = draw(group, "text", { class: "tagtext", "font-size": 13.5 }, label);
  for (let cut = label.length; cut > 1 && text.getComputedTextLength() > width - 24; cut -= 1) text.textContent = `${label.slice(0, cut - 1)}…`;
  const wide = text.getComputedTextLength() + 18;
  const above = box ? box[1] * scale - 34 : height - 40;
  const top = above >= 2 ? above : (box[1] + box[3]) * scale + 8;
  const x = Math.min(Math.max(2, box ? box[0] * scale - 3 : (width - wide) / 2), width - wide - 2);
  const y = Math.min(Math.max(2, top), height - 28);
  back.setAttribute("width", wide);
  back.setAttribute("x", x);
  back.setAttribute("y", y);
  text.setAttribute("x", x + 9);
  text.setAttribute("y", y + 17.5);
}

/* What was done, and what the policy thought */

function showAct() {
  const shown = frame();
  const last = shown.action === null;
  $("step").textContent = last ? "The end" : `Step ${state.frame + 1} of ${end()}`;
  const text = last ? spaced(episode().outcome) : shown.action;
  const cut = last ? text.length : text.indexOf("(");
  $("action").replaceChildren(make("span", { class: last ? "end" : "verb" }, text.slice(0, cut)), text.slice(cut));
  $("badges").replaceChildren(...badges(shown));
  message("failed", shown.failed, "Did not work: ");
  message("seen", shown.seen, "Told of its last action: ");
}

function badges(shown) {
  const found = [];
  if (shown.intervention) found.push(make("span", { class: "badge person" }, "a person took over"));
  if (shown.focus) found.push(make("span", { class: "badge" }, `focus ${shown.focus}`));
  if (shown.tabs > 1) found.push(make("span", { class: "badge" }, `tab ${shown.tab + 1} of ${shown.tabs}`));
  return found;
}

function message(id, text, lead) {
  $(id).hidden = !text;
  $(id).textContent = text ? lead + text : "";
}

function showBelief() {
  const frames = episode().frames;
  const known = frames.some((each) => each.value !== null || each.chance !== null);
  $("belief").hidden = !known;
  if (!known) return;
  const { value, chance } = frame();
  $("gauges").replaceChildren(gauge("probability", "chance", chance, chance), gauge("value", "value", value, value));
  chart(frames);
}

function gauge(name, kind, value, share) {
  const bar = make("b");
  bar.style.width = `${100 * Math.min(1, Math.max(0, share ?? 0))}%`;
  return make("div", { class: `gauge ${kind}` }, name, make("i", { "aria-hidden": "true" }, bar), make("output", {}, value === null ? "–" : value.toFixed(3)));
}

function chart(frames) {
  const svg = $("chart");
  const values = frames.map((each) => each.value).filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
  const [wide, tall, left] = [340, 74, 22];
  const x = (index) => left + ((index + 0.5) * (wide - left)) / end();
  const y = (value) => 6 + ((high - value) * (tall - 12)) / (high - low);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
  svg.setAttribute("aria-label", `Value by step: ${values.map((value) => value.toFixed(2)).join(", ") || "not known"}`);
  for (const level of [low, high]) {
    draw(svg, "line", { x1: left, x2: wide, y1: y(level), y2: y(level), class: "axis" });
    draw(svg, "text", { x: 0, y: y(level) + 3, class: "tick" }, level.toFixed(low < 0 || high > 1 ? 1 : 0));
  }
  const bar = Math.min(20, (wide - left) / end() / 2);
  const steps = frames.slice(0, -1).map((each, index) => ({ ...each, index }));
  for (const each of steps.filter((step) => step.chance !== null)) {
    draw(svg, "rect", { x: x(each.index) - bar / 2, y: y(each.chance), width: bar, height: y(0) - y(each.chance), class: "chance" });
  }
  const dots = steps.filter((step) => step.value !== null);
  draw(svg, "polyline", { points: dots.map((each) => `${x(each.index)},${y(each.value)}`).join(" "), class: "curve" });
  for (const each of dots) {
    const dot = draw(svg, "circle", { cx: x(each.index), cy: y(each.value), r: each.index === state.frame ? 5 : 3.5, class: each.index === state.frame ? "dot now" : "dot" });
    dot.addEventListener("click", () => go(each.index));
  }
}

/* The page's elements */

function showElements() {
  const { elements, target, truncated } = frame();
  $("count").textContent = `${elements.length}${truncated ? "+" : ""} elements`;
  $("elements").replaceChildren(...elements.map((element) => row(element, target)));
  const aimed = $("elements").querySelector(".target");
  if (aimed) aimed.parentNode.parentNode.parentNode.scrollTop = aimed.offsetTop - 60;
}

function row(element, target) {
  const name = make("td", {}, element.name);
  if (element.value) name.append(element.name ? " " : "", make("q", {}, element.value));
  const states = element.visible ? element.states : [...element.states, "out of view"];
  const node = make("tr", { class: `${element.visible ? "" : "away"} ${target.includes(element.id) ? "target" : ""}` },
    make("td", {}, element.id), make("td", {}, element.role), name, make("td", {}, states.join(", ")));
  const light = (id) => () => { state.hot = id; overlay(frame(), fit()); };
  node.addEventListener("mouseenter", light(element.id));
  node.addEventListener("mouseleave", light(null));
  return node;
}

/* The episode as a whole */

function showEpisode() {
  const { task, seed, goal, outcome, reward, reason, facts, frames } = episode();
  $("task").textContent = `${task} · seed ${seed}`;
  $("goal").textContent = goal;
  document.body.className = outcome;
  $("outcome").replaceChildren(`${SIGNS[outcome]} ${spaced(outcome)}`, make("small", {}, `reward ${reward ?? "–"}`));
  $("reason").textContent = reason;
  $("facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  $("slider").max = end();
  $("film").replaceChildren(...frames.map(thumbnail));
  for (const [index, button] of [...$("episodes").children].entries()) button.setAttribute("aria-current", index === state.episode);
}

function thumbnail(shown, index) {
  const last = index === end();
  const canvas = make("canvas");
  paint(canvas, shown, 66 / shown.viewport[1]);
  const kind = last ? "end" : shown.failed ? "bad" : "";
  const label = make("span", { class: kind }, last ? SIGNS[episode().outcome] : `${index + 1}${shown.intervention ? " ☻" : ""}`);
  const button = make("button", { type: "button", "aria-label": last ? "The outcome" : `Step ${index + 1}: ${shown.action}` }, canvas, label);
  button.addEventListener("click", () => go(index));
  return make("li", {}, button);
}

function listEpisodes() {
  $("episodes").hidden = data.episodes.length < 2;
  $("episodes").replaceChildren(...data.episodes.map((each, index) => {
    const detail = `seed ${each.seed} · ${each.frames.length - 1} steps`;
    const button = make("button", { type: "button", class: each.outcome, "aria-label": `${each.task}, ${spaced(each.outcome)}, ${detail}` },
      make("span", { class: "sign" }, SIGNS[each.outcome]), make("b", {}, each.task), make("small", {}, detail));
    button.addEventListener("click", () => open(index));
    return button;
  }));
}

/* Moving about */

function show() {
  const shown = frame();
  showPage();
  showAct();
  showBelief();
  showElements();
  $("slider").value = state.frame;
  $("slider").setAttribute("aria-valuetext", $("step").textContent);
  $("position").textContent = shown.action === null ? "outcome" : `${state.frame + 1} / ${end()}`;
  $("first").disabled = $("back").disabled = state.frame === 0;
  $("last").disabled = $("next").disabled = state.frame === end();
  for (const [index, item] of [...$("film").children].entries()) {
    if (index === state.frame) item.firstChild.setAttribute("aria-current", "step");
    else item.firstChild.removeAttribute("aria-current");
  }
  const thumb = $("film").children[state.frame];
  $("film").scrollLeft = thumb.offsetLeft - $("film").offsetLeft - $("film").clientWidth / 2 + thumb.clientWidth / 2;
  if (!state.timer) $("live").textContent = `${$("step").textContent}: ${shown.action ?? spaced(episode().outcome)}`;
  history.replaceState(null, "", `#${state.episode + 1}.${state.frame + 1}`);
}

function go(index) {
  state.frame = Math.min(Math.max(0, index), end());
  if (state.frame === end()) pause();
  show();
}

function open(index, at = 0) {
  state.episode = Math.min(Math.max(0, index), data.episodes.length - 1);
  pause();
  showEpisode();
  go(at);
}

function pause() {
  clearInterval(state.timer);
  state.timer = null;
  $("play").textContent = "▶";
  $("play").setAttribute("aria-label", "Play");
}

function play() {
  if (state.timer) return pause();
  if (state.frame === end()) go(0);
  state.timer = setInterval(() => go(state.frame + 1), Number($("speed").value));
  $("play").textContent = "❚❚";
  $("play").setAttribute("aria-label", "Pause");
}

function theme(name) {
  document.documentElement.dataset.theme = name;
}

const toggleTheme = () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
const toggleBoxes = () => { $("boxes").checked = !$("boxes").checked; show(); };
const KEYS = {
  ArrowRight: () => go(state.frame + 1), ArrowLeft: () => go(state.frame - 1), Home: () => go(0), End: () => go(end()),
  ArrowDown: () => open(state.episode + 1), ArrowUp: () => open(state.episode - 1),
  " ": play, b: toggleBoxes, t: toggleTheme,
};

document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const own = event.target.closest("input, select, .scroll") || (event.key === " " && event.target.closest("button"));
  if (!act || own || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
$("first").addEventListener("click", () => go(0));
$("back").addEventListener("click", () => go(state.frame - 1));
$("play").addEventListener("click", play);
$("next").addEventListener("click", () => go(state.frame + 1));
$("last").addEventListener("click", () => go(end()));
$("slider").addEventListener("input", () => go(Number($("slider").value)));
$("speed").addEventListener("change", () => { if (state.timer) { pause(); play(); } });
$("boxes").addEventListener("change", show);
$("theme").addEventListener("click", toggleTheme);
window.addEventListener("resize", show);

theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const [, first, step] = location.hash.match(/^#(\d+)\.(\d+)$/) ?? [null, 1, 1];
Promise.allSettled(images.map((image) => image.decode())).then(() => {
  listEpisodes();
  open(Number(first) - 1, Number(step) - 1);
});
