// Finds elements by the selectors of recorders. They are data: looked up, never run.
const documentEvaluate = past(Document, "evaluate");
const ATTRIBUTES = { placeholder: "placeholder", alt: "alt", title: "title", testid: "data-testid" };

const everyElement = () => allRoots().flatMap((within) => Array.from(allWithin(within, "*")));
// What to look in: the document, or an element and its shadow tree.
const within = (root) => (root === document ? [document] : [shadowOf(root), root].filter((one) => one));
const inside = (root) => (root === document ? everyElement() : everyElement().filter((element) => element !== root && isInside(element, root)));
function says(text, wanted, exact) {
  const said = clean(text ?? "");
  return exact ? said === clean(wanted) : said.toLowerCase().includes(clean(wanted).toLowerCase());
}
function shownText(element) {
  return isControl(element) && /^(button|submit|reset)$/.test(element.type) ? element.value : textOf(element);
}
function byXPath(root, path) {
  const found = documentEvaluate(document, path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
  return Array.from({ length: found.snapshotLength }, (_, i) => found.snapshotItem(i)).filter((node) => node instanceof Element);
}
function byText(root, { text, exact }) {
  const found = inside(root).filter((element) => !SKIP.has(tagOf(element)) && says(shownText(element), text, exact));
  return found.filter((element) => !found.some((other) => other !== element && isInside(other, element)));
}
function candidates(root, query) {
  const { kind, text, exact, role } = query;
  if (kind === "css") return within(root).flatMap((one) => Array.from(one.querySelectorAll(text)));
  if (kind === "pierce") return inside(root).filter((element) => matches(element, text));
  if (kind === "xpath") return within(root).flatMap((one) => byXPath(one, text));
  if (kind === "text") return byText(root, query);
  if (kind === "role") {
    return inside(root).filter((element) => (!role || roleOf(element) === role) && (text === null || says(nameOf(element, roleOf(element)), text, exact)));
  }
  const said = (element) => (kind === "label" ? labelText(element, new Set()) || attribute(element, "aria-label") : attribute(element, ATTRIBUTES[kind]));
  return inside(root).filter((element) => says(said(element), text, exact));
}
// The element at the end of a chain of queries, each within what the one before it found: {id, frame}, or null.
function find(chain) {
  let roots = [document];
  for (const query of chain) {
    let found;
    try {
      found = [...new Set(roots.flatMap((root) => candidates(root, query)))];
    } catch (error) {
      if (error instanceof DOMException || error instanceof TypeError) return null; // no selector, or one of no elements
      throw error;
    }
    const shown = found.filter((element) => isRendered(element));
    roots = shown.length ? shown : found;
    if (query.nth !== null) roots = roots.slice(query.nth, query.nth === -1 ? undefined : query.nth + 1);
  }
  const element = roots[0];
  if (!element || element === document) return null;
  const box = boxOf(element);
  return { id: idOf(element), frame: frameElements().indexOf(element), box: box ? [box.left, box.top, box.width, box.height] : null };
}
