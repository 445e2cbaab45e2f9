// Reads the page without touching it.
const FRAME_IDS = 100000; // ids of one frame; each has a number of its own, the main one 0
let number = null;
let ids = new WeakMap();
let elements = new Map(); // id -> WeakRef
let count = 0;

function idOf(element) {
  let id = ids.get(element);
  if (id === undefined) {
    id = "e" + (number * FRAME_IDS + ++count);
    ids.set(element, id);
    elements.set(id, new WeakRef(element));
  }
  return id;
}
function byId(id) {
  const element = elements.get(id)?.deref();
  return element && isConnected(element) ? element : null;
}
const root = () => documentBody(document) ?? documentTop(document);

const MAX_GLANCES = 200; // elements of one page that are tested for what covers them
// One element as a row; what few elements have comes last, by name.
function record({ element, role, box, style, scroll, around: { clips, inert, cell } }, parent, run) {
  const clip = clipOf(style, clips);
  const visible = overlaps(box, clip);
  const editable = !inert && isEditable(element);
  const clickable = !inert && isClickable(element, role, style);
  const frame = FRAME_TAGS.has(tagOf(element)) ? frameOf(element, clip, run) : null;
  const covered = (clickable || frame) && visible && role !== "option" && run.glances-- > 0 && isCovered(element, box, clip, run.reached);
  if (run.aims && clickable && visible && !covered && !ASK.has(tagOf(controlOf(element)))) noteAim(element, run.aims);
  const name = nameOf(element, role);
  const more = {};
  const description = role === "option" ? groupOf(element) : descriptionOf(element, name);
  if (description) more.description = description;
  const headers = cell ? headersOf(cell, run.tables) : null;
  if (headers?.length) more.headers = headers;
  if (scroll) more.scroll = scroll;
  if (frame) more.frame = frame;
  return [
    idOf(element), role, name, valueOf(element, role, name), statesOf(element, { clickable, editable, inert, covered }),
    [round(box.left), round(box.top), round(box.width), round(box.height)], visible, parent, more,
  ];
}
const ASK = new Set(["select", "option"]); // are not simply clicked
// Note where a click on an element goes: what `locate` answers, as long as nothing happens in the page.
function noteAim(element, aims) {
  const aim = aimAt(element);
  if (aim) aims[idOf(element)] = [aim.x, aim.y];
}
function groupOf(option) {
  const group = parentOf(option);
  return tagOf(group) === "optgroup" ? clean(group.label) : "";
}
// `ignore` is a CSS selector of what is no part of the page: a suite's own instruments. `asNumber` is what number
// a frame that has none yet takes. With aims it also says where to click on what simply can be clicked.
function observe(ignore, withEvidence, asNumber = 0, withAims = false) {
  const fresh = number === null;
  if (fresh) number = asNumber;
  const { found, truncated: unread } = gather(root(), ignore);
  const { chosen, truncated } = choose(found);
  const run = { tables: new Map(), glances: MAX_GLANCES, reached: new Set(), aims: withAims ? {} : null };
  const out = [];
  for (const item of chosen) out.push(record(item, item.around.parent < 0 ? null : out[item.around.parent][0], run));
  const active = activeElement();
  return {
    number, fresh, url: location.href.slice(0, MAX_URL), title: clean(documentTitle(document)), elements: out, truncated: unread || truncated,
    focus: active && active !== root() && ids.has(active) ? idOf(active) : null,
    viewport: [innerWidth, innerHeight], scroll: pageScroll(), selection: selectedText(active),
    evidence: withEvidence ? evidence() : null, aims: run.aims,
  };
}
function pageScroll() {
  const top = documentScroller(document);
  if (!top) return [0, 0, 0, 0];
  const room = (all, shown) => Math.max(0, all - shown);
  return [
    round(window.scrollX), round(window.scrollY),
    room(scrollWidth(top), clientWidth(top)), room(scrollHeight(top), clientHeight(top)),
  ];
}
function selectedText(active) {
  const selection = getSelection();
  if (!selection || selection.type === "None" || active?.type === "password") return "";
  return selection.toString().slice(0, MAX_CHARS).toWellFormed();
}

const GLANCES = [[0.5, 0.5], [0.25, 0.25], [0.75, 0.75], [0.75, 0.25], [0.25, 0.75], [0.1, 0.5], [0.9, 0.5]];

// Whether a pointer at a point works the element: it hits it, what is drawn in it, or a label of it.
function isHit(element, x, y, reached) {
  const hit = elementAt(x, y);
  if (!hit) return false;
  if (hit === element || isInside(hit, element)) {
    for (let node = hit; reached && node !== element; node = drawnIn(node)) reached.add(node); // hit there themselves
    return true;
  }
  return isLabelable(element) && Array.from(element.labels ?? []).some((label) => isInside(hit, label));
}
function isCovered(element, box, clip, reached) {
  if (reached.has(element)) return false;
  const shown = cut(box, clip);
  const width = shown.right - shown.left, height = shown.bottom - shown.top;
  return !GLANCES.some(([along, down]) => isHit(element, shown.left + width * along, shown.top + height * down, reached));
}
const holds = (id) => byId(id) !== null;
function forget() {
  number = null;
  ids = new WeakMap();
  elements = new Map();
  count = 0;
}
// Forget the episode: fresh ids, no focus left over.
function reset() {
  forget();
  documentActive(document)?.blur?.();
  getSelection()?.removeAllRanges();
  window.scrollTo({ left: 0, top: 0, behavior: "instant" });
}
const ready = () => documentState(document);

// What else reads the page from the isolated world reads it with these, and never gives an element an id.
const reading = { past, attribute, hasAttribute, tagOf, textOf, clean, nameOf, roleOf, closest, headersOf, allRoots, allWithin, known: (element) => ids.get(element) ?? null };

globalThis.webdual = {
  ...globalThis.webdual,
  reading, observe, evidence, holds, find, frameAt, placeInFrame, forget, reset, ready, ...acting,
};
