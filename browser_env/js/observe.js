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
    return element?.isConnected ? element : null;
  }
  function clean(text) {
    const tidy = text.replace(/\s+/g, " ").trim();
    return tidy.length > MAX_CHARS ? tidy.slice(0, MAX_CHARS - 1) + "\u2026" : tidy;
  }
  const tagOf = (element) => element.localName.toLowerCase();

  function roleOf(element) {
    const explicit = element.getAttribute("role")?.trim().split(/\s+/)[0];
    if (explicit && explicit !== "presentation" && explicit !== "none") return explicit;
    const tag = tagOf(element);
    if (tag === "input") return INPUT_ROLES[element.type] ?? "textbox";
    if (tag === "select") return element.multiple || element.size > 1 ? "listbox" : "combobox";
    if (tag === "a" && !element.hasAttribute("href")) return "generic";
    if (element instanceof SVGElement && tag !== "svg") return "graphics-symbol";
    return ROLES[tag] ?? tag;
  }
  function ownText(element) {
    let text = "";
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) text += " " + node.data;
    return clean(text);
  }
  const isControl = (element) => /^(input|select|textarea)$/.test(tagOf(element));

  function nearbyText(element) {
    for (let node = element.previousSibling; node; node = node.previousSibling) {
      if (node.nodeType === Node.ELEMENT_NODE && (isControl(node) || tagOf(node) === "button")) return "";
      const text = clean(node.textContent ?? "");
      if (text) return text;
    }
    return "";
  }
  function nameOf(element, role) {
    const labelled = element.getAttribute("aria-labelledby");
    if (labelled) {
      const texts = labelled.split(/\s+/).map((id) => element.getRootNode().getElementById?.(id)?.textContent ?? "");
      if (clean(texts.join(" "))) return clean(texts.join(" "));
    }
    const label = clean(element.getAttribute("aria-label") ?? "");
    if (label) return label;
    if (isControl(element)) {
      if (role === "button") return clean(element.value || element.alt || element.type);
      const labels = clean(Array.from(element.labels ?? [], ownTextDeep).join(" "));
      return labels || clean(element.placeholder ?? "") || clean(element.title ?? "") || nearbyText(element);
    }
    if (tagOf(element) === "img") return clean(element.alt || element.title || "");
    const text = INTERACTIVE.has(role) ? clean(element.textContent ?? "") : ownText(element);
    return text || clean(element.getAttribute("title") ?? "");
  }
  function ownTextDeep(label) {
    let text = "";
    for (const node of label.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) text += " " + node.data;
      else if (node.nodeType === Node.ELEMENT_NODE && !isControl(node)) text += " " + node.textContent;
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
    return clean(element.getAttribute("aria-valuetext") ?? element.getAttribute("aria-valuenow") ?? "");
  }
  function isEditable(element) {
    const tag = tagOf(element);
    if (tag === "textarea") return !element.readOnly && !element.disabled;
    if (tag === "input") return !NOT_TYPED.has(element.type) && !element.readOnly && !element.disabled;
    return element.isContentEditable && !element.parentElement?.isContentEditable;
  }
  function isClickable(element, role) {
    return INTERACTIVE.has(role) || element.hasAttribute("onclick") || element.hasAttribute("tabindex") ||
      getComputedStyle(element).cursor === "pointer";
  }
  function statesOf(element, clickable, editable) {
    const aria = (name) => element.getAttribute("aria-" + name) === "true";
    const states = [];
    if (element.checked === true || aria("checked") || aria("pressed")) states.push("checked");
    if (clickable) states.push("clickable");
    if (element.matches(":disabled") || aria("disabled")) states.push("disabled");
    if (editable) states.push("editable");
    if (aria("expanded") || element.open === true) states.push("expanded");
    if (element === element.ownerDocument.activeElement) states.push("focused");
    if (element.readOnly === true && isControl(element)) states.push("readonly");
    if (element.required === true || aria("required")) states.push("required");
    if ((tagOf(element) === "option" && element.selected) || aria("selected") || element.hasAttribute("aria-current")) states.push("selected");
    return states;
  }
  // The part of the element that a pointer would aim at: its largest line box.
  function boxOf(element) {
    let best = null;
    for (const rect of element.getClientRects()) {
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
    if (element.hasAttribute("onclick") || element.hasAttribute("tabindex")) return true;
    return element.childElementCount === 0 || ownText(element) !== "";
  }

  function walk(root, ignore, out) {
    const stack = [[root, null]];
    while (stack.length) {
      const [element, parent] = stack.pop();
      const tag = tagOf(element);
      if (SKIP.has(tag) || !element.checkVisibility() || (ignore && element.matches(ignore))) continue;
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
      const children = (element.shadowRoot ?? element).children;
      for (let i = children.length - 1; i >= 0; i--) stack.push([children[i], nearest]);
    }
    return false;
  }

  const root = () => document.body ?? document.documentElement;
  // `ignore` is a CSS selector of what is no part of the page: a suite's own instruments.
  function observe(ignore, withEvidence) {
    const out = [];
    const truncated = walk(root(), ignore, out);
    const active = document.activeElement;
    const focus = active && active !== document.body && ids.has(active) ? idOf(active) : null;
    return {
      url: location.href, title: document.title, elements: out, focus, truncated, viewport: [innerWidth, innerHeight],
      evidence: withEvidence ? evidence() : null,
    };
  }
  function evidence() {
    const formValues = {};
    for (const control of root().querySelectorAll("input, select, textarea")) {
      const key = control.name || control.id || nameOf(control, roleOf(control));
      if (key && control.type !== "password") formValues[key] = /^(checkbox|radio)$/.test(control.type) ? String(control.checked) : control.value;
    }
    return { url: location.href, title: document.title, text: (root().innerText ?? "").slice(0, 100000), form_values: formValues };
  }

  const AIMS = [0.5, 0.25, 0.75, 0.1, 0.9]; // parts of width and height to try where something covers the middle
  // A point of the box at which a pointer would hit the element; its middle where there is none.
  function aimAt(element, box) {
    for (const part of AIMS) {
      for (const other of AIMS) {
        const x = box.left + box.width * other, y = box.top + box.height * part;
        const hit = element.getRootNode().elementFromPoint?.(x, y);
        if (hit && (element.contains(hit) || hit.shadowRoot?.contains(element))) return { x, y };
      }
    }
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }
  // Where to aim for an element, scrolled into view if it must be: {x, y, ...}, or {error}.
  function locate(id) {
    const element = byId(id);
    if (!element) return { error: "element " + id + " is not on the page (any more)" };
    const shown = tagOf(element) === "option" ? element.closest("select") : element;
    let box = boxOf(shown);
    if (!box || !shown.checkVisibility()) return { error: "element " + id + " is not visible" };
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) {
      shown.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      box = boxOf(shown);
    }
    return {
      ...aimAt(shown, box), tag: tagOf(element), type: element.type ?? "",
      disabled: element.matches(":disabled"), editable: isEditable(element), checked: element.checked === true,
    };
  }
  function isFocused(id) {
    const element = byId(id);
    return !!element && element.contains(element.ownerDocument.activeElement);
  }
  // How many arrow presses lead from the chosen option to the wanted one: {offset, count}, or {error}.
  function planSelect(id, wanted) {
    const element = byId(id);
    if (!element || tagOf(element) !== "select") return { error: "element " + id + " is not a list to select from" };
    const options = Array.from(element.options);
    const enabled = options.filter((option) => !option.disabled);
    const target = enabled.find((option) => option.label === wanted || clean(option.label) === clean(wanted)) ??
      enabled.find((option) => option.value === wanted);
    if (!target) return { error: "the list " + id + " has no option " + JSON.stringify(wanted) };
    return { index: enabled.indexOf(target), current: enabled.indexOf(options[element.selectedIndex]) };
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
    document.activeElement?.blur?.();
    getSelection()?.removeAllRanges();
  }
  const ready = () => document.readyState;

  globalThis.webdual = { observe, evidence, locate, isFocused, planSelect, focus, reset, ready };
})();
