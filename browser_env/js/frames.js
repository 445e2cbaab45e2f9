// Frames inside this document: where they are, and which is which. Their own documents are read by themselves.
const FRAME_TAGS = new Set(["iframe", "frame", "object", "embed"]);
const frameWindow = (element) => element.contentWindow ?? null;

// The elements that hold a frame: those of `window.frames` in its order, then those in shadow trees.
function frameElements() {
  const holders = [];
  for (const within of allRoots()) holders.push(...allWithin(within, "iframe, frame, object, embed"));
  const framed = [];
  for (let i = 0; i < window.length; i++) framed.push(holders.find((holder) => frameWindow(holder) === window[i]));
  return [...framed, ...holders.filter((holder) => frameWindow(holder) && !framed.includes(holder))];
}
// Where a frame's document is drawn in this one: {x, y, scaleX, scaleY}, and the part of it that shows.
function framePlace(element, clip) {
  const style = getComputedStyle(element);
  const inside = paddingBox(element);
  const { scaleX, scaleY } = inside;
  const left = inside.left + parseFloat(style.paddingLeft) * scaleX, top = inside.top + parseFloat(style.paddingTop) * scaleY;
  const right = inside.right - parseFloat(style.paddingRight) * scaleX;
  const bottom = inside.bottom - parseFloat(style.paddingBottom) * scaleY;
  const shown = cut({ left, top, right, bottom }, clip);
  return { x: left, y: top, scaleX, scaleY, shown: [shown.left, shown.top, shown.right, shown.bottom] };
}
function frameOf(element, clip, run) {
  if (!frameWindow(element) || !rectsOf(element).length) return null;
  run.frames ??= frameElements();
  return { index: run.frames.indexOf(element), ...framePlace(element, clip) };
}
// The frame at a point, and the point in it; null where the document itself is there.
function frameAt(x, y) {
  const element = elementAt(x, y);
  if (!element || !FRAME_TAGS.has(tagOf(element)) || !frameWindow(element)) return null;
  const place = framePlace(element, viewportClip());
  return { index: frameElements().indexOf(element), x: (x - place.x) / place.scaleX, y: (y - place.y) / place.scaleY };
}
// Where a point of a frame is in this document, scrolled into view if it must be.
function placeInFrame(index, x, y) {
  const element = frameElements()[index];
  if (!element || !rectsOf(element).length) return { error: "the frame is not visible" };
  const seek = () => {
    const place = framePlace(element, viewportClip());
    return { x: place.x + x * place.scaleX, y: place.y + y * place.scaleY };
  };
  const found = seek();
  if (isHit(element, found.x, found.y)) return found;
  scrollTo(element, { block: "center", inline: "center", behavior: "instant" });
  return seek();
}
