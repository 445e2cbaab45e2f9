// Reads the page without touching it. Runs in an isolated world: the page's scripts cannot see or break it.
(() => {
  "use strict";
  const MAX_ELEMENTS = 1000;
  const MAX_OPTIONS = 200; // of one list
  const MAX_CHARS = 300; // of one name or value
  const SKIP = new Set(["script", "style", "template", "noscript", "head", "meta", "link", "br", "defs", "source", "track"]);
  const ROLES = {
    a: "link", article: "article", aside: "complementary", button: "button", canvas: "img", dd: "definition", details: "group",
    dialog: "dialog", dt: "term", fieldset: "group", figure: "figure", footer: "contentinfo", form: "form", h1: "heading",
    h2: "heading", h3: "heading", h4: "heading", h5: "heading", h6: "heading", header: "banner", hr: "separator", img: "img",
    label: "label", li: "listitem", main: "main", nav: "navigation", ol: "list", option: "option", output: "status",
    p: "paragraph", progress: "progressbar", section: "region", select: "combobox", summary: "button", svg: "img", table: "table",
    td: "cell", textarea: "textbox", th: "columnheader", tr: "row", ul: "list", div: "generic", span: "generic",
  };
  const INPUT_ROLES = {
    button: "button", checkbox: "checkbox", color: "textbox", file: "button", image: "button", number: "spinbutton", radio: "radio",
    range: "slider", reset: "button", search: "searchbox", submit: "button",
  };
  const INTERACTIVE = new Set([
    "button", "checkbox", "combobox", "link", "listbox", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "radio",
    "searchbox", "slider", "spinbutton", "switch", "tab", "textbox", "treeitem",
  ]);
  const NOT_TYPED = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit", "hidden"]);

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
  const rectsOf = past(Element, "getClientRects");
  const isRendered = past(Element, "checkVisibility");
  const shadowOf = past(Element, "shadowRoot");
  const lightChildrenOf = past(Element, "children");
  const numChildren = past(Element, "childElementCount");
  const nodesOf = past(Node, "childNodes");
  const textOf = past(Node, "textContent");
  const before = past(Node, "previousSibling");
  const typeOf = past(Node, "nodeType");
  const rootOf = past(Node, "getRootNode");
  const scrollTo = past(Element, "scrollIntoView");
  const contains = past(Node, "contains");
  const isConnected = past(Node, "isConnected");
  const documentBody = past(Document, "body");
  const documentTitle = past(Document, "title");
  const documentActive = past(Document, "activeElement");
  const documentTop = past(Document, "documentElement");

  let ids = new WeakMap();
  let elements = new Map(); // id -> WeakRef
  let count = 0;

  function idOf(element) {
    let id = ids.get(element);
    if (id === undefined) {
      id = "e" + ++count;
      ids.set(element, id);
      elements.set(id, new WeakRef(element));
    }
    return id;
  }
  function byId(id) {
    const element = elements.get(id)?.deref();
    return element && isConnected(element) ? element : null;
  }
  function clean(text) {
    const tidy = text.replace(/\s+/g, " ").trim();
    return tidy.length > MAX_CHARS ? tidy.slice(0, MAX_CHARS - 1) + "\u2026" : tidy;
  }
  const activeIn = (root) => (root === document ? documentActive(document) : root.activeElement);

  function roleOf(element) {
    const explicit = attribute(element, "role")?.trim().split(/\s+/)[0];
    if (explicit && explicit !== "presentation" && explicit !== "none") return explicit;
    const tag = tagOf(element);
    if (tag === "input") return INPUT_ROLES[element.type] ?? "textbox";
    if (tag === "select") return element.multiple || element.size > 1 ? "listbox" : "combobox";
    if (tag === "a" && !hasAttribute(element, "href")) return "generic";
    if (element instanceof SVGElement && tag !== "svg") return "graphics-symbol";
    return ROLES[tag] ?? tag;
  }
  function ownText(element) {
    let text = "";
    for (const node of nodesOf(element)) if (typeOf(node) === Node.TEXT_NODE) text += " " + node.data;
    return clean(text);
  }
  const isControl = (element) => /^(input|select|textarea)$/.test(tagOf(element));

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
  function nameOf(element, role) {
    const labelled = attribute(element, "aria-labelledby");
    if (labelled) {
      const texts = labelled.split(/\s+/).map((id) => rootOf(element).getElementById?.(id)?.textContent ?? "");
      if (clean(texts.join(" "))) return clean(texts.join(" "));
    }
    const label = clean(attribute(element, "aria-label") ?? "");
    if (label) return label;
    if (isControl(element)) {
      if (role === "button") return clean(element.value || element.alt || element.type);
      const labels = clean(Array.from(element.labels ?? [], ownTextDeep).join(" "));
      return labels || clean(element.placeholder ?? "") || clean(element.title ?? "") || nearbyText(element);
    }
    if (tagOf(element) === "img") return clean(element.alt || element.title || "");
    const text = INTERACTIVE.has(role) ? clean(textOf(element)) : ownText(element);
    return text || clean(attribute(element, "title") ?? "");
  }
  function ownTextDeep(label) {
    let text = "";
    for (const node of label.childNodes) {
      if (typeOf(node) === Node.TEXT_NODE) text += " " + node.data;
      else if (typeOf(node) === Node.ELEMENT_NODE && !isControl(node)) text += " " + node.textContent;
    }
    return text;
  }
  function valueOf(element, role) {
    const tag = tagOf(element);
    if (tag === "select") return clean(Array.from(element.selectedOptions, (option) => option.label).join(", "));
    if (tag === "textarea") return clean(element.value);
    if (tag === "input" && !["checkbox", "radio", "button"].includes(role)) {
      return element.type === "password" ? "\u2022".repeat(Math.min(element.value.length, 64)) : clean(element.value);
    }
    return clean(attribute(element, "aria-valuetext") ?? attribute(element, "aria-valuenow") ?? "");
  }
  function isEditable(element) {
    const tag = tagOf(element);
    if (tag === "textarea") return !element.readOnly && !element.disabled;
    if (tag === "input") return !NOT_TYPED.has(element.type) && !element.readOnly && !element.disabled;
    return element.isContentEditable === true && element.parentElement?.isContentEditable !== true;
  }
  function isClickable(element, role) {
    return INTERACTIVE.has(role) || hasAttribute(element, "onclick") || hasAttribute(element, "tabindex") ||
      getComputedStyle(element).cursor === "pointer";
  }
  function statesOf(element, clickable, editable) {
    const aria = (name) => attribute(element, "aria-" + name) === "true";
    const states = [];
    if (element.checked === true || aria("checked") || aria("pressed")) states.push("checked");
    if (clickable) states.push("clickable");
    if (matches(element, ":disabled") || aria("disabled")) states.push("disabled");
    if (editable) states.push("editable");
    if (aria("expanded") || element.open === true) states.push("expanded");
    if (element === activeIn(rootOf(element))) states.push("focused");
    if (element.readOnly === true && isControl(element)) states.push("readonly");
    if (element.required === true || aria("required")) states.push("required");
    if ((tagOf(element) === "option" && element.selected) || aria("selected") || hasAttribute(element, "aria-current")) states.push("selected");
    return states;
  }
  // The part of the element that a pointer would aim at: its largest line box.
  function boxOf(element) {
    let best = null;
    for (const rect of rectsOf(element)) {
      if (!best || rect.width * rect.height > best.width * best.height) best = rect;
    }
    return best && best.width > 0 && best.height > 0 ? best : null;
  }
  const inViewport = (box) => box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  const round = (value) => Math.round(value * 100) / 100;

  function record(element, role, box, parent) {
    const editable = isEditable(element);
    const states = statesOf(element, isClickable(element, role), editable);
    return [
      idOf(element), role, nameOf(element, role), valueOf(element, role), states,
      [round(box.left), round(box.top), round(box.width), round(box.height)], inViewport(box), parent,
    ];
  }
  function isListed(element, role) {
    if (INTERACTIVE.has(role) || role === "img" || isEditable(element)) return true;
    if (hasAttribute(element, "onclick") || hasAttribute(element, "tabindex")) return true;
    return numChildren(element) === 0 || ownText(element) !== "";
  }

  // The children as they are drawn: a shadow tree in place of its host's own, which come back in its slots.
  function childrenOf(element) {
    const shadow = shadowOf(element);
    if (shadow) return shadow.children;
    const assigned = tagOf(element) === "slot" ? element.assignedElements() : [];
    return assigned.length ? assigned : lightChildrenOf(element);
  }
  // Elements without a box of their own may still show their children.
  const showsNothing = (element) => !isRendered(element) && getComputedStyle(element).display !== "contents";

  function walk(root, ignore, out) {
    const stack = root ? [[root, null]] : [];
    while (stack.length) {
      const [element, parent] = stack.pop();
      const tag = tagOf(element);
      if (SKIP.has(tag) || showsNothing(element) || (ignore && matches(element, ignore))) continue;
      const role = roleOf(element);
      const box = boxOf(element);
      let nearest = parent;
      const hidden = box === null || getComputedStyle(element).visibility !== "visible";
      if (!hidden && isListed(element, role)) {
        if (out.length >= MAX_ELEMENTS) return true;
        out.push(record(element, role, box, parent));
        nearest = idOf(element);
        if (tag === "select") {
          for (const option of Array.from(element.options).slice(0, MAX_OPTIONS)) out.push(record(option, "option", box, nearest));
          continue;
        }
      }
      const children = childrenOf(element);
      for (let i = children.length - 1; i >= 0; i--) stack.push([children[i], nearest]);
    }
    return false;
  }

  const root = () => documentBody(document) ?? documentTop(document);
  function focused() {
    let active = documentActive(document);
    while (active && shadowOf(active)?.activeElement) active = shadowOf(active).activeElement;
    return active;
  }
  // `ignore` is a CSS selector of what is no part of the page: a suite's own instruments.
  function observe(ignore, withEvidence) {
    const out = [];
    const truncated = walk(root(), ignore, out);
    const active = focused();
    const focus = active && active !== root() && ids.has(active) ? idOf(active) : null;
    return {
      url: location.href, title: documentTitle(document), elements: out, focus, truncated, viewport: [innerWidth, innerHeight],
      evidence: withEvidence ? evidence() : null,
    };
  }
  function evidence() {
    const formValues = {};
    for (const control of root()?.querySelectorAll("input, select, textarea") ?? []) {
      const key = control.name || control.id || nameOf(control, roleOf(control));
      if (!key || control.type === "password") continue;
      if (control.type === "radio") formValues[key] = control.checked ? control.value : (formValues[key] ?? "");
      else formValues[key] = control.type === "checkbox" ? String(control.checked) : control.value;
    }
    const text = (root()?.innerText ?? "").slice(0, 100000);
    return { url: location.href, title: documentTitle(document), text, form_values: formValues };
  }

  const AIMS = [0.5, 0.25, 0.75, 0.1, 0.9]; // parts of width and height to try before the very edges
  // A point of the box's part in the viewport at which a pointer would hit the element, or null.
  function aimAt(element) {
    const box = boxOf(element);
    const left = Math.max(box.left, 0), top = Math.max(box.top, 0);
    const width = Math.min(box.right, innerWidth) - left, height = Math.min(box.bottom, innerHeight) - top;
    if (width <= 0 || height <= 0) return null;
    const places = (size) => [...AIMS.map((part) => size * part), Math.min(0.5, size / 2), size - Math.min(0.5, size / 2)];
    for (const down of places(height)) {
      for (const along of places(width)) {
        const x = left + along, y = top + down;
        const hit = rootOf(element).elementFromPoint(x, y);
        if (hit && contains(element, hit)) return { x, y };
      }
    }
    return null;
  }
  function middleOf(element) {
    const box = boxOf(element);
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }
  // Where to aim for an element, scrolled into view if it must be: {x, y, ...}, or {error}.
  function locate(id) {
    const element = byId(id);
    if (!element) return { error: "element " + id + " is not on the page (any more)" };
    const shown = tagOf(element) === "option" ? element.closest("select") : element;
    if (!boxOf(shown) || !isRendered(shown, { visibilityProperty: true })) return { error: "element " + id + " is not visible" };
    let aim = aimAt(shown);
    if (!aim) {
      scrollTo(shown, { block: "center", inline: "center", behavior: "instant" });
      aim = aimAt(shown) ?? middleOf(shown); // what covers it is hit in its place
    }
    return {
      ...aim, tag: tagOf(element), type: element.type ?? "",
      disabled: matches(element, ":disabled"), editable: isEditable(element), checked: element.checked === true,
    };
  }
  function isFocused(id) {
    const element = byId(id);
    return !!element && contains(element, activeIn(rootOf(element)));
  }
  // How many arrow presses lead from the chosen option down to the wanted one, and whether the list opens: {offset, opens}.
  function planSelect(id, wanted) {
    const element = byId(id);
    if (!element || tagOf(element) !== "select") return { error: "element " + id + " is not a list to select from" };
    const options = Array.from(element.options);
    const enabled = options.filter((option) => !matches(option, ":disabled") && getComputedStyle(option).display !== "none");
    const target = enabled.find((option) => option.label === wanted || clean(option.label) === clean(wanted)) ??
      enabled.find((option) => option.value === wanted);
    if (!target) return { error: "the list " + id + " has no option " + JSON.stringify(wanted) };
    const from = element.selectedIndex, to = target.index;
    const below = enabled.filter((option) => option.index > from && option.index <= to).length;
    const above = enabled.filter((option) => option.index < from && option.index >= to).length;
    return { offset: below - above, opens: !element.multiple && element.size <= 1 };
  }
  // Focus the closed list at a point, if there is one, and say so.
  function focusList(x, y) {
    let element = document.elementFromPoint(x, y);
    while (element?.shadowRoot) {
      const inner = element.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === element) break;
      element = inner;
    }
    if (!element || tagOf(element) !== "select" || element.multiple || element.size > 1 || element.disabled) return false;
    element.focus();
    return true;
  }
  function focus(id) {
    byId(id)?.focus();
    return isFocused(id);
  }
  // Forget the episode: fresh ids, no focus left over.
  function reset() {
    ids = new WeakMap();
    elements = new Map();
    count = 0;
    documentActive(document)?.blur?.();
    getSelection()?.removeAllRanges();
    window.scrollTo({ left: 0, top: 0, behavior: "instant" });
  }
  const ready = () => document.readyState;

  globalThis.webdual = { ...globalThis.webdual, observe, evidence, locate, isFocused, planSelect, focus, focusList, reset, ready };
})();
