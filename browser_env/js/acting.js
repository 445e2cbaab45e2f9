// Says where the pointer has to go, and what keys lead to what is asked of an element.
const AIMS = [0.5, 0.25, 0.75, 0.1, 0.9]; // parts of width and height to try before the very edges
const FIELDS = new Set(["date", "time", "datetime-local", "month", "week", "range", "color", "file", "checkbox", "radio"]);
const TICKS = { checkbox: "checkbox", switch: "checkbox", menuitemcheckbox: "checkbox", radio: "radio", menuitemradio: "radio" };
const THUMB = 16; // a slider's, in CSS pixels
const documentHasFocus = past(Document, "hasFocus");
const setValue = Function.prototype.call.bind(Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set);

let located = null; // WeakRef to what was located last
let dragging = null; // the dragstart that the drag under way led to
window.addEventListener("dragstart", (event) => { dragging = event; }, true);

const isMenu = (element) => tagOf(element) === "select" && !element.multiple && element.size <= 1;
const controlOf = (element) => (tagOf(element) === "label" ? element.control ?? element : element);
// A frame remembers what has the focus in it when another has the keys.
const hasKeys = (element) => documentHasFocus(document) && !!activeElement() && isInside(activeElement(), element);
const listOf = (option) => (tagOf(option) === "option" ? closest(option, "select") : null);
const isInactive = (element) => matches(element, ":disabled") || attribute(element, "aria-disabled") === "true";

// What sort of thing an element is for those who act on it: "text", "date", "menu" (a closed list), "list" (an open one) ...
function kindOf(element) {
  if (tagOf(element) === "select") return isMenu(element) ? "menu" : "list";
  const list = listOf(element);
  if (list) return isMenu(list) ? "option" : "item";
  if (tagOf(element) === "input" && FIELDS.has(element.type)) return element.type;
  if (hasAttribute(element, "aria-pressed")) return "checkbox";
  return isEditable(element) ? "text" : TICKS[roleOf(element)] ?? "";
}
// Whether it is ticked; null where it is neither.
function tickOf(element) {
  const state = checkedState(element, tagOf(element));
  return state === "mixed" ? null : state !== null;
}
// How the located box stands after a click; null where it is gone. A page's own kind that a click can reach may take its time.
function tickState() {
  const control = located?.deref();
  if (!control || !isConnected(control)) return null;
  const aim = tagOf(control) === "input" ? null : aimAt(control);
  return { checked: tickOf(control), is_final: !aim || !isHit(control, aim.x, aim.y) };
}
function describe(element) {
  const control = controlOf(element);
  return {
    kind: kindOf(control), disabled: isInactive(control), readonly: control.readOnly === true, checked: tickOf(control),
    focused: hasKeys(control),
  };
}

// A point of the part of a box in the viewport that passes a test, or null.
function pointIn(box, passes) {
  const { left, top, right, bottom } = cut(box, viewportClip());
  const width = right - left, height = bottom - top;
  if (width <= 0 || height <= 0) return null;
  const places = (size) => [...AIMS.map((part) => size * part), Math.min(0.5, size / 2), size - Math.min(0.5, size / 2)];
  for (const down of places(height)) {
    for (const along of places(width)) {
      if (passes(left + along, top + down)) return { x: left + along, y: top + down };
    }
  }
  return null;
}
const isOnScreen = ({ x, y }) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
// Where a pointer hits an element; what covers it whole is hit in its place; null where it is off the screen.
function aimAt(element) {
  const box = boxOf(element);
  const aim = pointIn(box, (x, y) => isHit(element, x, y));
  const middle = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  return aim ?? (isOnScreen(middle) && !isCutOff(element, middle) ? middle : null);
}
// Whether a point of an element is hidden by a box that it can be scrolled in.
function isCutOff(element, { x, y }) {
  for (let node = drawnIn(element); node && node !== root(); node = drawnIn(node)) {
    const box = getComputedStyle(node).overflow === "visible" ? null : boxOf(node);
    if (box && (x < box.left || y < box.top || x > box.right || y > box.bottom)) return true;
  }
  return false;
}
function problemOf(id, element) {
  if (!element) return "element " + id + " is not on the page (any more)";
  const shown = listOf(element) && isMenu(listOf(element)) ? listOf(element) : element;
  return boxOf(shown) && isRendered(shown, ALSO_VISIBLE) ? null : "element " + id + " is not visible";
}
// Where to aim for an element's id or a point, scrolled into view if it must be, or in any case: {x, y, kind, ...}, or {error}.
function locate(target, scrolls = false) {
  const element = typeof target === "string" ? byId(target) : elementAt(target[0], target[1]);
  located = element && new WeakRef(controlOf(element));
  if (typeof target !== "string") return { x: target[0], y: target[1], ...(element ? describe(element) : {}) };
  const error = problemOf(target, element);
  if (error) return { error };
  const shown = kindOf(element) === "option" ? listOf(element) : element;
  let aim = scrolls ? null : aimAt(shown);
  if (!aim) {
    scrollTo(shown, { block: "center", inline: "center", behavior: "instant" });
    aim = aimAt(shown);
  }
  return aim ? { ...aim, ...describe(element) } : { error: "element " + target + " cannot be scrolled into view" };
}
// Where to aim for each target of a drag, all of them on screen at once, and whether it may begin the browser's own kind.
function locatePath(targets) {
  const found = targets.map((target) => locate(target));
  const failed = found.find(({ error }) => error);
  if (failed) return failed;
  if (found.some(({ kind }) => kind === "option")) return { error: "an option of a closed list cannot be dragged: use select" };
  const again = () => targets.map((target) => (typeof target === "string" ? aimAt(byId(target)) : { x: target[0], y: target[1] }));
  let places = again(); // scrolling to a later one moves the earlier ones
  for (let i = targets.length - 1; i >= 0 && !places.every(Boolean); i--) {
    if (typeof targets[i] === "string") scrollTo(byId(targets[i]), { block: "nearest", inline: "nearest", behavior: "instant" });
    places = again();
  }
  if (!places.every(Boolean)) return { error: "the path does not fit on the screen: scroll first, or drag in parts" };
  return { places: places.map(({ x, y }) => [x, y]), draggable: mayDrag(places[0].x, places[0].y) };
}
// Whether the browser may make a drag with data of a press and a move at a point.
function isDraggable(x, y) {
  const hit = elementAt(x, y);
  for (let node = hit; node; node = drawnIn(node)) if (node.draggable === true) return true;
  if (hit && hit === activeElement() && hit.selectionStart !== hit.selectionEnd) return true;
  const selection = getSelection();
  const around = (rect) => rect.left <= x && x <= rect.right && rect.top <= y && y <= rect.bottom;
  return !!selection && selection.type === "Range" && Array.from(selection.getRangeAt(0).getClientRects()).some(around);
}
function mayDrag(x, y) {
  dragging = null;
  return isDraggable(x, y);
}
// How the drag stands: "none" has begun, it has "begun", the page has "refused" it.
function dragState() {
  return dragging === null ? "none" : dragging.defaultPrevented ? "refused" : "begun";
}

// The nearest element around that a wheel would turn this way, or null: the page.
function scrollerOf(element, dx, dy) {
  const turns = (overflow, room) => /auto|scroll|overlay/.test(overflow) && room > 0;
  for (let node = element; node && node !== documentScroller(document) && node !== documentTop(document); node = drawnIn(node)) {
    const style = getComputedStyle(node);
    if (node === root() && getComputedStyle(documentTop(document)).overflow === "visible") return null;
    if (dx !== 0 && turns(style.overflowX, scrollWidth(node) - clientWidth(node))) return node;
    if (dy !== 0 && turns(style.overflowY, scrollHeight(node) - clientHeight(node))) return node;
  }
  return null;
}
// Where the wheel has to be turned for the nearest scroller of an element to move.
function locateWheel(id, dx, dy, scrolls = false) {
  if (scrolls) locate(id, true);
  const element = byId(id);
  const error = problemOf(id, element);
  return error ? { error } : wheelAim(element, dx, dy) ?? locate(id);
}
function wheelAim(element, dx, dy) {
  const scroller = scrollerOf(element, dx, dy);
  const frames = tagOf(element) === "iframe";
  const passes = (x, y) => {
    const hit = elementAt(x, y);
    return hit && (frames || tagOf(hit) !== "iframe") && scrollerOf(hit, dx, dy) === scroller;
  };
  const find = (part) => part && boxOf(part) && pointIn(boxOf(part), passes);
  const seen = find(element) ?? find(scroller ?? documentTop(document));
  if (seen || !scroller) return seen;
  scrollTo(scroller, { block: "nearest", inline: "nearest", behavior: "instant" });
  return find(scroller);
}
// After a click on what was located: whether it has the focus, whether it holds anything, and how exact a time it shows.
function typing() {
  const element = located?.deref();
  const active = activeElement();
  const held = active && (isEditor(active) ? textOf(active) : active.value);
  return {
    focused: !!element && hasKeys(element),
    filled: !!held || active?.validity?.badInput === true,
    precision: element ? precisionOf(element) : "",
  };
}
// Which parts of the second a time field shows: "" none, "s", or "ms" with thousandths.
function precisionOf(field) {
  const step = Number(attribute(field, "step") ?? 60);
  return Number.isNaN(step) || step <= 0 || step % 60 === 0 ? "" : step % 1 === 0 ? "s" : "ms";
}
const heldValue = () => String(located?.deref()?.value ?? "");

// Where a slider is pressed for a value, nearly.
function aimRange(value) {
  const slider = located.deref();
  const box = boxOf(slider);
  const min = Number(slider.min || 0), max = Number(slider.max || 100);
  const part = max > min ? Math.min(1, Math.max(0, (value - min) / (max - min))) : 0;
  const along = getComputedStyle(slider).direction === "rtl" ? 1 - part : part;
  const size = Math.max(0, box.width - THUMB);
  return { x: box.left + (box.width - size) / 2 + along * size, y: box.top + box.height / 2 };
}
// How many steps a slider is still below a value.
function stepsTo(value) {
  const slider = located.deref();
  const range = Number(slider.max || 100) - Number(slider.min || 0);
  const step = slider.step === "any" ? range / 100 : Number(slider.step) || 1;
  return Math.round((value - Number(slider.value)) / step);
}
// A colour's picker is drawn outside the page, where no key reaches it: the value is set, and the page told.
function pickColor(value) {
  const field = located.deref();
  field.focus();
  setValue(field, value);
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
}

// How to come to exactly these options, by label or value: `offset` arrow presses down a closed list, or `clicks` in an open
// one: [index, added to what is chosen].
function planSelect(id, wanted, scrolls = false) {
  const found = locate(id, scrolls);
  if (found.error) return found;
  const list = byId(id);
  if (tagOf(list) !== "select") return { error: "element " + id + " is not a list to select from: click its options" };
  if (found.disabled) return { error: "the list " + id + " is disabled" };
  if (!list.multiple && wanted.length !== 1) return { error: "the list " + id + " takes one option, e.g. select(" + id + ", ['Anna'])" };
  const enabled = choicesOf(list);
  const chosen = wanted.map((text) => optionOf(enabled, text));
  const missing = chosen.findIndex((option) => !option);
  if (missing >= 0) return { error: "the list " + id + " has no option " + JSON.stringify(clean(wanted[missing])) };
  changed = false;
  listen(list, "change", noteChange);
  if (!isMenu(list)) return { x: found.x, y: found.y, clicks: clicksFor(list, new Set(chosen)) };
  const from = list.selectedIndex, to = chosen[0].index;
  const below = enabled.filter((option) => option.index > from && option.index <= to).length;
  const above = enabled.filter((option) => option.index < from && option.index >= to).length;
  return { x: found.x, y: found.y, focused: found.focused, offset: below - above, label: chosen[0].label.trim() };
}
const choicesOf = (list) =>
  Array.from(list.options).filter((option) => !matches(option, ":disabled") && getComputedStyle(option).display !== "none");
let changed = false; // whether the list has told the page of another choice since one was planned
const noteChange = (event) => { changed ||= event.isTrusted; };
// Whether exactly these options of the located list are chosen, or were: what a page does with a choice is its own affair.
function isChosen(wanted) {
  const list = located?.deref();
  if (!list || !isConnected(list) || (changed && isMenu(list))) return true;
  const options = choicesOf(list), chosen = new Set(wanted.map((text) => optionOf(options, text)));
  const selected = Array.from(list.selectedOptions);
  return selected.length === chosen.size && selected.every((option) => chosen.has(option));
}
function optionOf(options, text) {
  return options.find((option) => option.label === text || clean(option.label) === clean(text)) ??
    options.find((option) => option.value === text);
}
function clicksFor(list, chosen) {
  const selected = Array.from(list.selectedOptions);
  if (selected.length === chosen.size && selected.every((option) => chosen.has(option))) return [];
  if (chosen.size === 0) return selected.map((option) => [option.index, true]);
  return Array.from(chosen, (option, position) => [option.index, position > 0]);
}
// Where an option of the located open list is, scrolled to.
function locateOption(index, scrolls = false) {
  const option = located?.deref()?.options?.[index];
  if (!option || !boxOf(option)) return { error: "the list changed while options were chosen" };
  const seek = () => pointIn(boxOf(option), (x, y) => isHit(option, x, y));
  const seen = scrolls ? null : seek();
  if (seen) return seen;
  scrollTo(option, { block: scrolls ? "center" : "nearest", inline: "nearest", behavior: "instant" });
  return seek() ?? aimAt(option) ?? { error: "an option of the list cannot be scrolled into view" };
}

const acting = {
  locate, locatePath, mayDrag, dragState, locateWheel, typing, heldValue, aimRange, stepsTo, pickColor, planSelect, isChosen, locateOption,
  tickState,
};
