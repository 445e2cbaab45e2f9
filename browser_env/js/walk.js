// Which elements there are and how much of them shows: all that are drawn, or those that matter most of too many.
const MAX_ELEMENTS = 1000;
const MAX_VISITED = 100000;
const MAX_OPTIONS = 200; // of one list
const FAR = 2, TEXT = 1; // ranks add up: what is in or near the viewport first, interactive before text

const ALWAYS_LISTED = new Set(["canvas", "iframe", "frame", "object", "embed", "video", "audio"]);
const NOT_DRAWN = new Set(["title", "desc", "animate", "animateTransform", "set"]); // within a shape
const CLOSED = new Set(["canvas", "iframe", "frame", "select", "textarea", "input", "video", "audio"]); // not walked into

// The part of the element that a pointer would aim at: its largest line box.
function boxOf(element) {
  const rects = rectsOf(element);
  let best = rects[0];
  for (let i = 1; i < rects.length; i++) {
    if (rects[i].width * rects[i].height > best.width * best.height) best = rects[i];
  }
  return best && best.width > 0 && best.height > 0 ? best : null;
}
const overlaps = (box, clip) => box.right > clip.left && box.bottom > clip.top && box.left < clip.right && box.top < clip.bottom;
const viewportClip = () => ({ left: 0, top: 0, right: innerWidth, bottom: innerHeight });
const cut = (a, b) => ({
  left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
});
// Inside the border, in viewport pixels; moving and scaling transforms are followed, turning ones give the box around.
function paddingBox(element) {
  const [box] = rectsOf(element);
  const [width, height] = element instanceof HTMLElement ? [offsetWidth(element), offsetHeight(element)] : [0, 0];
  const scaleX = width > 0 ? box.width / width : 1, scaleY = height > 0 ? box.height / height : 1;
  const left = box.left + clientLeft(element) * scaleX, top = box.top + clientTop(element) * scaleY;
  return { left, top, right: left + clientWidth(element) * scaleX, bottom: top + clientHeight(element) * scaleY, scaleX, scaleY };
}
// How a walk stands at an element's children. `clips`: what cuts off flow, absolute and fixed boxes.
function clipsInside(element, style, cuts, clips) {
  if (clips.none && !cuts) return clips;
  const position = style.position;
  let flow = position === "fixed" ? clips.fixed : position === "absolute" ? clips.absolute : clips.flow;
  if (cuts && !/^(inline|contents)$/.test(style.display)) flow = cut(flow, paddingBox(element));
  const holdsFixed = style.transform !== "none" || style.filter !== "none" || style.contain.includes("paint");
  return { flow, absolute: position !== "static" || holdsFixed ? flow : clips.absolute, fixed: holdsFixed ? flow : clips.fixed, none: false };
}
function clipOf(style, clips) {
  if (clips.none) return clips.flow;
  const position = style.position;
  return position === "fixed" ? clips.fixed : position === "absolute" ? clips.absolute : clips.flow;
}
// Where the content of an element that scrolls stands, or null.
function scrollOf(element, style) {
  const width = clientWidth(element), maxX = scrollWidth(element) - width, maxY = scrollHeight(element) - clientHeight(element);
  if ((maxX <= 0 && maxY <= 0) || width === 0) return null;
  const x = /auto|scroll/.test(style.overflowX) ? maxX : 0, y = /auto|scroll/.test(style.overflowY) ? maxY : 0;
  return x > 0 || y > 0 ? [round(scrollLeft(element)), round(scrollTop(element)), x, y] : null;
}
const round = (value) => Math.round(value * 100) / 100;

function isActive(element, role) {
  return INTERACTIVE.has(role) || isEditable(element) || hasAttribute(element, "onclick") || hasAttribute(element, "tabindex");
}
function isLeaf(element) {
  if (numChildren(element) === 0) return !shadowOf(element);
  return element instanceof SVGElement && Array.prototype.every.call(lightChildrenOf(element), (child) => NOT_DRAWN.has(tagOf(child)));
}
function isListed(element, role, tag) {
  if (INTERACTIVE.has(role) || role === "img" || ALWAYS_LISTED.has(tag)) return true;
  return isLeaf(element) || hasOwnText(element) || isActive(element, role);
}
function rankOf(box, clip, active, height) {
  const near = overlaps(box, clip) ? 0 : box.bottom > -height && box.top < 2 * height ? FAR : 2 * FAR;
  return near + (active ? 0 : TEXT);
}

// All drawn elements in document order: {element, role, box, style, scroll, around}. What they are within is `around`, shared
// by siblings: {parent (index), clips, inert, cell}.
function gather(root, ignore) {
  const screen = viewportClip();
  const found = [], elements = [], contexts = [];
  const clips = { flow: screen, absolute: screen, fixed: screen, none: true };
  if (root) { elements.push(root); contexts.push({ parent: -1, clips, inert: false, cell: null }); }
  let visited = 0, cutShort = false;
  while (elements.length && visited++ < MAX_VISITED) {
    const element = elements.pop();
    let around = contexts.pop();
    const tag = tagOf(element);
    if (SKIP.has(tag)) continue;
    const visible = isRendered(element, ALSO_VISIBLE);
    if ((!visible && showsNothing(element)) || (ignore && matches(element, ignore))) continue;
    const role = roleOf(element);
    const style = getComputedStyle(element);
    const cuts = style.overflow !== "visible" && element !== root;
    const scroll = cuts && visible ? scrollOf(element, style) : null;
    if (hasAttribute(element, "inert")) around = { ...around, inert: true };
    if (tag === "td" || tag === "th" || CELL_ROLES.has(role)) around = { ...around, cell: element };
    const box = visible && (scroll || isListed(element, role, tag)) ? boxOf(element) : null;
    let parent = around.parent;
    if (box) {
      parent = found.push({ element, role, box, style, scroll, around }) - 1;
      if (tag === "select") cutShort = gatherOptions(found, parent) || cutShort;
    }
    if (CLOSED.has(tag) || (numChildren(element) === 0 && tag !== "slot" && !shadowOf(element))) continue;
    const inside = clipsInside(element, style, cuts, around.clips);
    if (parent !== around.parent || inside !== around.clips) around = { ...around, parent, clips: inside };
    eachDrawn(element, tag, (child) => { elements.push(child); contexts.push(around); });
  }
  return { found, truncated: cutShort || elements.length > 0 };
}
// Of a closed list the options are where the list is. Returns whether there are more of them than are gathered.
function gatherOptions(found, parent) {
  const { element, box, style, around } = found[parent];
  const open = element.multiple || element.size > 1;
  const clip = open ? cut(clipOf(style, around.clips), paddingBox(element)) : clipOf(style, around.clips);
  const within = { ...around, parent, clips: { flow: clip, none: true } };
  const options = element.options;
  for (let i = 0; i < options.length && i < MAX_OPTIONS; i++) {
    found.push({ element: options[i], role: "option", box: (open && boxOf(options[i])) || box, style, scroll: null, around: within });
  }
  return options.length > MAX_OPTIONS;
}
// The most important ones, still in document order; each one's parent is the nearest that stays.
function choose(found) {
  if (found.length <= MAX_ELEMENTS) return { chosen: found, truncated: false };
  const height = innerHeight;
  const ranks = found.map(({ element, role, box, style, around }) =>
    rankOf(box, clipOf(style, around.clips), isActive(element, role), height));
  const room = [0, 1, 2, 3, 4, 5].map((rank) => ranks.filter((other) => other === rank).length);
  let left = MAX_ELEMENTS;
  for (let rank = 0; rank < room.length; rank++) left -= room[rank] = Math.min(room[rank], left);
  const chosen = [];
  const places = []; // by index in `found`: the index in `chosen` of it, or of its nearest ancestor that stays
  found.forEach((item, i) => {
    const parent = item.around.parent < 0 ? -1 : places[item.around.parent];
    const stays = room[ranks[i]]-- > 0;
    places.push(stays ? chosen.length : parent);
    if (stays) chosen.push({ ...item, around: { ...item.around, parent } });
  });
  return { chosen, truncated: true };
}
