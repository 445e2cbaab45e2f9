// Which elements there are and how much of them shows: all that are drawn, or those that matter most of too many.
const MAX_ELEMENTS = 1000;
const MAX_VISITED = 100000;
const MAX_OPTIONS = 200; // of one list
const FAR = 2, TEXT = 1; // ranks add up: what is in or near the viewport first, interactive before text

const ALWAYS_LISTED = new Set(["canvas", "iframe", "frame", "video", "audio"]);
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
  const scaleX = element.offsetWidth > 0 ? box.width / element.offsetWidth : 1;
  const scaleY = element.offsetHeight > 0 ? box.height / element.offsetHeight : 1;
  const left = box.left + element.clientLeft * scaleX, top = box.top + element.clientTop * scaleY;
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
function isListed(element, role, tag) {
  if (INTERACTIVE.has(role) || role === "img" || ALWAYS_LISTED.has(tag)) return true;
  return (numChildren(element) === 0 && !shadowOf(element)) || hasOwnText(element) || isActive(element, role);
}
function rankOf(box, clip, active, height) {
  const near = overlaps(box, clip) ? 0 : box.bottom > -height && box.top < 2 * height ? FAR : 2 * FAR;
  return near + (active ? 0 : TEXT);
}
const TABLE_CELLS = { td: true, th: true };

// All drawn elements in document order: {element, role, box, clip, style, scroll, parent (index), cell, inert}.
function gather(root, ignore) {
  const screen = viewportClip();
  const found = [];
  const stack = root ? [{ element: root, parent: -1, clips: { flow: screen, absolute: screen, fixed: screen, none: true }, inert: false, cell: null }] : [];
  let visited = 0;
  while (stack.length && visited++ < MAX_VISITED) {
    let { element, parent, clips, inert, cell } = stack.pop();
    const tag = tagOf(element);
    if (SKIP.has(tag)) continue;
    const visible = isRendered(element, ALSO_VISIBLE);
    if ((!visible && showsNothing(element)) || (ignore && matches(element, ignore))) continue;
    const role = roleOf(element);
    const style = getComputedStyle(element);
    const cuts = style.overflow !== "visible" && element !== root;
    const scroll = cuts && visible ? scrollOf(element, style) : null;
    inert ||= hasAttribute(element, "inert");
    if (tag in TABLE_CELLS) cell = element;
    const box = visible && (scroll || isListed(element, role, tag)) ? boxOf(element) : null;
    if (box) {
      found.push({ element, role, box, clip: clipOf(style, clips), style, scroll, parent, cell, inert });
      parent = found.length - 1;
      if (tag === "select") gatherOptions(found, parent);
    }
    if (CLOSED.has(tag)) continue;
    const children = childrenOf(element);
    if (children.length === 0) continue;
    const inside = clipsInside(element, style, cuts, clips);
    for (let i = children.length - 1; i >= 0; i--) stack.push({ element: children[i], parent, clips: inside, inert, cell });
  }
  return { found, truncated: stack.length > 0 };
}
// Of a closed list the options are where the list is.
function gatherOptions(found, parent) {
  const { element, box, clip, style, cell, inert } = found[parent];
  const open = element.multiple || element.size > 1;
  const inside = open ? cut(clip, paddingBox(element)) : clip;
  const options = element.options;
  for (let i = 0; i < options.length && i < MAX_OPTIONS; i++) {
    found.push({ element: options[i], role: "option", box: (open && boxOf(options[i])) || box, clip: inside, style, scroll: null, parent, cell, inert });
  }
}
// The most important ones, still in document order; each one's parent is the nearest that stays.
function choose(found) {
  if (found.length <= MAX_ELEMENTS) return { chosen: found, truncated: false };
  const height = innerHeight;
  const ranks = found.map(({ element, role, box, clip }) => rankOf(box, clip, isActive(element, role), height));
  const room = [0, 1, 2, 3, 4, 5].map((rank) => ranks.filter((other) => other === rank).length);
  let left = MAX_ELEMENTS;
  for (let rank = 0; rank < room.length; rank++) left -= room[rank] = Math.min(room[rank], left);
  const chosen = [];
  const places = []; // by index in `found`: the index in `chosen` of it, or of its nearest ancestor that stays
  found.forEach((item, i) => {
    const parent = item.parent < 0 ? -1 : places[item.parent];
    const stays = room[ranks[i]]-- > 0;
    places.push(stays ? chosen.length : parent);
    if (stays) chosen.push({ ...item, parent });
  });
  return { chosen, truncated: true };
}
