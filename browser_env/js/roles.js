// What an element is: its ARIA role by HTML-AAM, or its tag where there is none.
const ROLES = {
  address: "group", area: "link", article: "article", aside: "complementary", blockquote: "blockquote", button: "button",
  caption: "caption", code: "code", datalist: "listbox", dd: "definition", del: "deletion", details: "group", dfn: "term",
  dialog: "dialog", div: "generic", dt: "term", em: "emphasis", fieldset: "group", figure: "figure", footer: "contentinfo",
  form: "form", h1: "heading", h2: "heading", h3: "heading", h4: "heading", h5: "heading", h6: "heading", header: "banner",
  hr: "separator", img: "img", ins: "insertion", label: "label", li: "listitem", main: "main", mark: "mark", math: "math",
  menu: "list", meter: "meter", nav: "navigation", ol: "list", optgroup: "group", option: "option", output: "status",
  p: "paragraph", progress: "progressbar", s: "deletion", search: "search", section: "region", span: "generic",
  strong: "strong", sub: "subscript", summary: "button", sup: "superscript", svg: "img", table: "table", tbody: "rowgroup",
  td: "cell", textarea: "textbox", tfoot: "rowgroup", th: "columnheader", thead: "rowgroup", time: "time", tr: "row", ul: "list",
};
const INPUT_ROLES = {
  button: "button", checkbox: "checkbox", file: "button", image: "button", number: "spinbutton", radio: "radio",
  range: "slider", reset: "button", search: "searchbox", submit: "button",
};
const KNOWN_ROLES = new Set((
  "alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox " +
  "comment complementary contentinfo definition deletion dialog directory document emphasis feed figure form generic grid gridcell group " +
  "heading img image insertion link list listbox listitem log main mark marquee math menu menubar menuitem menuitemcheckbox " +
  "menuitemradio meter navigation none note option paragraph presentation progressbar radio radiogroup region row rowgroup rowheader " +
  "scrollbar search searchbox sectionfooter sectionheader separator slider spinbutton status strong subscript suggestion superscript switch tab table tablist " +
  "tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem graphics-document graphics-object graphics-symbol"
).split(" "));
const SAME_ROLES = { directory: "list", image: "img", none: "presentation" };
const INTERACTIVE = new Set([
  "button", "checkbox", "combobox", "link", "listbox", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "radio",
  "searchbox", "slider", "spinbutton", "switch", "tab", "textbox", "treeitem",
]);
const GLOBAL_ARIA = ["aria-label", "aria-labelledby", "aria-describedby", "aria-live", "aria-controls", "aria-owns", "aria-busy"];
const OWNED_TAGS = { li: "ul, ol, menu", tr: "table", td: "table", th: "table", tbody: "table", thead: "table", tfoot: "table" };
const SECTIONING = "article, aside, main, nav, section, [role=article], [role=complementary], [role=main], [role=navigation], [role=region]";
const NAMED_ONLY = new Set(["form", "region"]); // an explicit one without a name is none

const isFocusable = (element) => hasAttribute(element, "tabindex") || matches(element, "a[href], area[href], button, input, select, textarea, summary");
const closestAbove = (element, selector) => (parentOf(element) instanceof Element ? closest(parentOf(element), selector) : null);
const hasNameAttribute = (element) => ["aria-label", "aria-labelledby", "title"].some((name) => attribute(element, name)?.trim());

function explicitRole(element) {
  const given = attribute(element, "role");
  if (!given) return null;
  for (const token of given.toLowerCase().trim().split(/\s+/)) {
    if (!KNOWN_ROLES.has(token) && !token.startsWith("doc-")) continue;
    const role = SAME_ROLES[token] ?? token;
    if (role === "presentation" && (isFocusable(element) || GLOBAL_ARIA.some((name) => hasAttribute(element, name)))) return null;
    if (NAMED_ONLY.has(role) && !hasNameAttribute(element)) continue;
    return role;
  }
  return null;
}
function isPresentational(element) {
  return hasAttribute(element, "role") && explicitRole(element) === "presentation";
}
function cellRole(element, tag) {
  const owner = closest(element, "table");
  const role = (owner && explicitRole(owner)) ?? "table";
  if (role === "presentation") return "generic";
  const isGrid = role === "grid" || role === "treegrid";
  if (tag === "td") return isGrid ? "gridcell" : "cell";
  const scope = attribute(element, "scope");
  if (scope === "row" || scope === "rowgroup") return "rowheader";
  if (scope) return "columnheader";
  const row = element.parentNode?.cells ?? [];
  const hasData = Array.prototype.some.call(row, (cell) => tagOf(cell) === "td");
  return hasData ? "rowheader" : "columnheader";
}
function inputRole(element) {
  const type = element.type;
  if (type in INPUT_ROLES && type !== "search") return INPUT_ROLES[type];
  if (element.list && type !== "color") return "combobox";
  return INPUT_ROLES[type] ?? "textbox";
}
function nativeRole(element, tag) {
  switch (tag) {
    case "div": case "span": return "generic";
    case "input": return inputRole(element);
    case "select": return element.multiple || element.size > 1 ? "listbox" : "combobox";
    case "a": case "area": return hasAttribute(element, "href") ? "link" : "generic";
    case "td": case "th": return cellRole(element, tag);
    case "img": return attribute(element, "alt") === "" && !hasNameAttribute(element) ? "presentation" : "img";
    case "section": return hasNameAttribute(element) ? "region" : "generic";
    case "header": case "footer": return closest(element, SECTIONING) ? "section" + tag : ROLES[tag];
    case "aside": return hasNameAttribute(element) || !closestAbove(element, SECTIONING) ? "complementary" : "generic";
    case "li": return matches(element, ":is(ul, ol, menu) > *") || parentOf(element) instanceof ShadowRoot ? "listitem" : "generic";
  }
  if (tag in OWNED_TAGS || tag in ROLES) return ROLES[tag];
  return element instanceof SVGElement ? "graphics-symbol" : tag;
}
function roleOf(element) {
  const explicit = explicitRole(element);
  if (explicit) return explicit === "presentation" ? "generic" : explicit;
  const tag = tagOf(element);
  const owner = tag in OWNED_TAGS ? closest(element, OWNED_TAGS[tag]) : null;
  if (owner && isPresentational(owner)) return "generic";
  const role = nativeRole(element, tag);
  return role === "presentation" ? "img" : role; // drawn all the same
}
