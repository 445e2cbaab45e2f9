// The document as it is drawn: shadow trees in place of their hosts' own children, and reads that no page can break.
const MAX_CHARS = 300; // of one name or value
const MAX_URL = 4000; // characters
const MAX_READ = 4096; // characters of one text that are looked at
const SKIP = new Set(["script", "style", "template", "noscript", "head", "meta", "link", "br", "defs", "source", "track"]);
const ALSO_VISIBLE = { visibilityProperty: true };

// A form's fields and a document's images shadow properties of their names ("children", "matches", "body"),
// so these are read past them.
function past(type, name) {
  const { get, value } = Object.getOwnPropertyDescriptor(type.prototype, name);
  return Function.prototype.call.bind(get ?? value);
}
const attribute = past(Element, "getAttribute");
const hasAttribute = past(Element, "hasAttribute");
const tagOf = past(Element, "localName");
const matches = past(Element, "matches");
const closest = past(Element, "closest");
const rectsOf = past(Element, "getClientRects");
const isRendered = past(Element, "checkVisibility");
const openShadowOf = past(Element, "shadowRoot");
const lightChildrenOf = past(Element, "children");
const lastElement = past(Element, "lastElementChild");
const previousElement = past(Element, "previousElementSibling");
const numChildren = past(Element, "childElementCount");
const lightSlotOf = past(Element, "assignedSlot");
const selectAll = past(Element, "querySelectorAll");
const selectOne = past(Element, "querySelector");
const scrollTo = past(Element, "scrollIntoView");
const clientWidth = past(Element, "clientWidth");
const clientHeight = past(Element, "clientHeight");
const scrollWidth = past(Element, "scrollWidth");
const scrollHeight = past(Element, "scrollHeight");
const scrollLeft = past(Element, "scrollLeft");
const scrollTop = past(Element, "scrollTop");
const nodesOf = past(Node, "childNodes");
const firstOf = past(Node, "firstChild");
const nextOf = past(Node, "nextSibling");
const textOf = past(Node, "textContent");
const before = past(Node, "previousSibling");
const typeOf = past(Node, "nodeType");
const rootOf = past(Node, "getRootNode");
const parentOf = past(Node, "parentNode");
const contains = past(Node, "contains");
const isConnected = past(Node, "isConnected");
const listen = past(EventTarget, "addEventListener");
const documentBody = past(Document, "body");
const documentTitle = past(Document, "title");
const documentActive = past(Document, "activeElement");
const documentTop = past(Document, "documentElement");
const documentAt = past(Document, "elementFromPoint");
const documentId = past(Document, "getElementById");
const documentAll = past(Document, "querySelectorAll");
const documentState = past(Document, "readyState");
const fragmentId = past(DocumentFragment, "getElementById");
const clientLeft = past(Element, "clientLeft");
const clientTop = past(Element, "clientTop");
const offsetWidth = past(HTMLElement, "offsetWidth");
const offsetHeight = past(HTMLElement, "offsetHeight");
const documentScroller = past(Document, "scrollingElement");

// Closed shadow trees, as js/shadow.js tells of them: its carrier hangs for a moment in each new root.
const closedRoots = new WeakMap(); // host -> root
window.addEventListener("webdual-carrier", (hello) => {
  const carrier = hello.relatedTarget;
  hello.stopImmediatePropagation();
  carrier.addEventListener("webdual-root", () => {
    const root = parentOf(carrier);
    if (root instanceof ShadowRoot) closedRoots.set(root.host, root);
  });
}, { once: true });
const shadowOf = (element) => openShadowOf(element) ?? closedRoots.get(element) ?? null;

// Calls for each element drawn inside one, from the last to the first; what is slotted is in its slot.
function eachDrawn(element, tag, call) {
  const assigned = tag === "slot" ? element.assignedElements() : null;
  if (assigned?.length) {
    for (let i = assigned.length - 1; i >= 0; i--) call(assigned[i]);
    return;
  }
  const shadow = shadowOf(element);
  for (let child = shadow ? shadow.lastElementChild : lastElement(element); child; child = previousElement(child)) call(child);
}
function slotOf(node) {
  const open = lightSlotOf(node);
  const root = open ? null : closedRoots.get(parentOf(node));
  return open ?? (root ? Array.from(root.querySelectorAll("slot")).find((slot) => slot.assignedElements().includes(node)) : null);
}
// The element that one is drawn inside of.
function drawnIn(element) {
  const parent = slotOf(element) ?? parentOf(element);
  return parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
}
function isInside(inner, outer) {
  for (let node = inner; node; node = drawnIn(node)) if (node === outer) return true;
  return false;
}
// The innermost element drawn at a point, in whatever shadow tree.
function elementAt(x, y) {
  let element = documentAt(document, x, y);
  for (let root = element && shadowOf(element); root; root = shadowOf(element)) {
    const inner = root.elementFromPoint(x, y);
    if (!inner || inner === element || rootOf(inner) !== root) break;
    element = inner;
  }
  return element;
}
function activeElement() {
  let active = documentActive(document);
  while (active && shadowOf(active)?.activeElement) active = shadowOf(active).activeElement;
  return active;
}
function elementOfId(root, id) {
  if (root === document) return documentId(document, id);
  return root instanceof DocumentFragment ? fragmentId(root, id) : null;
}
const activeIn = (root) => (root === document ? documentActive(document) : root.activeElement);

function clean(text) {
  const start = text.length > MAX_READ ? text.trimStart().slice(0, MAX_READ) : text;
  const tidy = start.replace(/\s+/g, " ").trim();
  return (tidy.length > MAX_CHARS ? tidy.slice(0, MAX_CHARS - 1) + "\u2026" : tidy).toWellFormed();
}
function ownText(element) {
  let text = "";
  for (let node = firstOf(element); node && text.length < MAX_READ; node = nextOf(node)) {
    if (typeOf(node) === Node.TEXT_NODE) text += " " + node.data;
  }
  return clean(text);
}
function hasOwnText(element) {
  for (let node = firstOf(element); node; node = nextOf(node)) {
    if (typeOf(node) === Node.TEXT_NODE && /\S/.test(node.data)) return true;
  }
  return false;
}
// Elements without a box of their own may still show their children.
const isContents = (element) => getComputedStyle(element).display === "contents";
const showsNothing = (element) => !isRendered(element) && !isContents(element);
const isHidden = (element) => !isRendered(element, ALSO_VISIBLE) && !(isContents(element) && isRendered(drawnIn(element) ?? element));
