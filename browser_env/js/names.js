// What an element is called: the accessible name and description of accname 1.2 and HTML-AAM, then what helps besides.
const NAMED_BY_CONTENT = new Set([
  "button", "cell", "checkbox", "columnheader", "gridcell", "heading", "link", "menuitem", "menuitemcheckbox", "menuitemradio",
  "option", "radio", "rowheader", "switch", "tab", "tooltip", "treeitem",
]);
const RANGES = new Set(["meter", "progressbar", "scrollbar", "slider", "spinbutton"]);
const MAX_NODES = 400; // that one name is gathered from
const CAPTIONS = { fieldset: "legend", table: "caption", figure: "figcaption" };
const BUTTON_TYPES = { submit: "Submit", reset: "Reset", image: "Submit" };

const isControl = (element) => /^(input|select|textarea)$/.test(tagOf(element));
const isLabelable = (element) => /^(input|select|textarea|button|meter|output|progress)$/.test(tagOf(element));

function referenced(element, name) {
  const ids = attribute(element, name)?.trim();
  if (!ids) return [];
  const root = rootOf(element);
  return ids.split(/\s+/).map((id) => elementOfId(root, id)).filter((found) => found);
}
// The text of what an attribute refers to; of a hidden element all of it counts.
function referencedText(element, name, seen) {
  const texts = referenced(element, name).map((target) =>
    alternative(target, { seen: new Set(seen), inside: true, byReference: true, hidden: isHidden(target), left: MAX_NODES }));
  return clean(texts.join(" "));
}
function pseudoText(element, which) {
  const content = getComputedStyle(element, which).content;
  if (content === "none" || content === "normal" || !content) return "";
  const [shown, spoken] = splitAlt(content);
  let text = "";
  for (const [, quoted, name] of (spoken ?? shown).matchAll(/"((?:[^"\\]|\\.)*)"|attr\(([\w-]+)\)/g)) {
    text += name ? (attribute(element, name) ?? "") : quoted.replace(/\\(.)/g, "$1");
  }
  return text && getComputedStyle(element, which).display !== "inline" ? ` ${text} ` : text;
}
function splitAlt(content) {
  const parts = content.match(/^((?:"(?:[^"\\]|\\.)*"|[^"/])*)\/(.*)$/);
  return parts ? [parts[1], parts[2]] : [content, null];
}
function drawnNodes(element) {
  const shadow = shadowOf(element);
  if (shadow) return nodesOf(shadow);
  const assigned = tagOf(element) === "slot" ? element.assignedNodes() : [];
  return assigned.length ? assigned : nodesOf(element);
}
function content(element, how) {
  let text = pseudoText(element, "::before");
  for (const node of drawnNodes(element)) {
    if (how.left-- <= 0 || text.length > MAX_READ) break;
    const type = typeOf(node);
    if (type === Node.TEXT_NODE) text += node.data.length > MAX_READ ? node.data.slice(0, MAX_READ) : node.data;
    else if (type === Node.ELEMENT_NODE) text += childText(node, how);
  }
  return text + pseudoText(element, "::after");
}
function childText(child, how) {
  if (tagOf(child) === "br") return " ";
  if (SKIP.has(tagOf(child)) || how.seen.has(child)) return "";
  if (!how.hidden && (attribute(child, "aria-hidden") === "true" || isHidden(child))) return "";
  const text = alternative(child, { ...how, inside: true });
  return /^(inline|contents|none)$/.test(getComputedStyle(child).display) ? text : ` ${text} `;
}
function rangeText(element) {
  return attribute(element, "aria-valuetext") ?? attribute(element, "aria-valuenow") ??
    (/^(input|meter|progress)$/.test(tagOf(element)) ? String(element.value ?? "") : "");
}
// What a control within a name stands for: its value.
function embedded(element, role, how) {
  if (role === "textbox" || role === "searchbox") {
    return tagOf(element) === "input" || tagOf(element) === "textarea" ? (element.type === "password" ? "" : element.value) : content(element, how);
  }
  if (role === "combobox" || role === "listbox") {
    if (tagOf(element) === "select") return Array.from(element.selectedOptions, (option) => option.label).join(" ");
    if (tagOf(element) === "input") return element.value;
    const chosen = selectAll(element, '[role="option"][aria-selected="true"]');
    return Array.from(chosen, (option) => content(option, how)).join(" ");
  }
  return RANGES.has(role) ? rangeText(element) : null;
}
function labelText(element, seen) {
  const labels = isLabelable(element) ? element.labels : null;
  if (!labels?.length) return "";
  const how = () => ({ seen: new Set([...seen, element]), inside: true, byReference: true, hidden: false, left: MAX_NODES });
  return clean(Array.from(labels, (label) => alternative(label, how())).join(" "));
}
function childOf(element, tag) {
  for (const child of lightChildrenOf(element)) if (tagOf(child) === tag) return child;
  return null;
}
function nativeName(element, tag, how) {
  if (isLabelable(element)) {
    const label = labelText(element, how.seen);
    if (label || tag !== "input") return label;
    if (element.type === "image") return attribute(element, "alt") || attribute(element, "value") || attribute(element, "title") || "Submit";
    if (/^(button|submit|reset)$/.test(element.type)) return element.value || (attribute(element, "title") ?? BUTTON_TYPES[element.type] ?? "");
    return "";
  }
  if (tag === "img" || tag === "area") return attribute(element, "alt") ?? "";
  if (tag === "optgroup") return attribute(element, "label") ?? "";
  if (tag === "option") return element.label;
  const caption = tag in CAPTIONS ? childOf(element, CAPTIONS[tag]) : element instanceof SVGElement ? childOf(element, "title") : null;
  return caption ? alternative(caption, { ...how, inside: true, byReference: true, hidden: caption instanceof SVGElement }) : "";
}
// One element's part of a name. `how`: seen, inside (of another's name), byReference, hidden (counts too), left (nodes).
function alternative(element, how) {
  if (how.seen.has(element)) return "";
  how.seen.add(element);
  const tag = tagOf(element);
  if (!how.byReference && hasAttribute(element, "aria-labelledby")) {
    const text = referencedText(element, "aria-labelledby", []);
    if (text) return text;
  }
  const role = roleOf(element);
  const held = how.inside ? embedded(element, role, how) : null;
  if (held) return held;
  const label = attribute(element, "aria-label");
  if (label?.trim()) return label;
  const native = nativeName(element, tag, how);
  if (native.trim()) return native;
  if (how.inside || NAMED_BY_CONTENT.has(role)) {
    const text = content(element, how);
    if (text.trim() || how.inside) return text.trim() ? text : (attribute(element, "title") ?? "");
  }
  return attribute(element, "title") || attribute(element, "placeholder") || attribute(element, "aria-placeholder") || "";
}
function nameByRules(element) {
  return clean(alternative(element, { seen: new Set(), inside: false, byReference: false, hidden: false, left: MAX_NODES }));
}

// Text that stands before an unlabelled control.
function nearbyText(element) {
  for (let node = before(element); node; node = before(node)) {
    const isElement = typeOf(node) === Node.ELEMENT_NODE;
    if (isElement ? SKIP.has(tagOf(node)) || !isRendered(node) : typeOf(node) !== Node.TEXT_NODE) continue;
    if (isElement && (isControl(node) || tagOf(node) === "button")) return "";
    const text = clean(textOf(node));
    if (text) return text;
  }
  return "";
}
const isLabelled = (element) => hasAttribute(element, "aria-label") || hasAttribute(element, "aria-labelledby");
const ownsItsText = (element, role) => !NAMED_BY_CONTENT.has(role) && !isControl(element) && !(tagOf(element) in CAPTIONS);

// The name by the rules. Where these give text no name, its own words are: no policy sees them otherwise.
function nameOf(element, role) {
  if (ownsItsText(element, role) && !isLabelled(element)) {
    const text = ownText(element);
    if (text) return text;
  }
  const name = nameByRules(element);
  if (name) return name;
  if (isControl(element)) return role === "button" ? element.type : nearbyText(element);
  return NAMED_BY_CONTENT.has(role) ? clean(textOf(element)) : ownText(element);
}
function descriptionOf(element, name) {
  if (hasAttribute(element, "aria-describedby")) {
    const text = referencedText(element, "aria-describedby", []);
    if (text) return text;
  }
  const said = clean(attribute(element, "aria-description") || attribute(element, "title") || "");
  return said === name ? "" : said;
}
