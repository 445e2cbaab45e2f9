// What a page offers beside its elements: forms, facts and links. Reads with what js/observe.js lends, changes nothing.
(() => {
  "use strict";
  const { past, attribute, hasAttribute, tagOf, textOf, clean, nameOf, roleOf, closest, headersOf, allRoots, allWithin, known } = webdual.reading;
  const MAX = { forms: 60, controls: 120, options: 100, facts: 400, links: 3000, submits: 20, ways: 4, depth: 6, script: 200000, address: 2000 };
  const methodOf = past(HTMLFormElement, "method"), actionOf = past(HTMLFormElement, "action");
  const formOf = { input: past(HTMLInputElement, "form"), select: past(HTMLSelectElement, "form"), textarea: past(HTMLTextAreaElement, "form"), button: past(HTMLButtonElement, "form") };
  const saysMethod = { input: past(HTMLInputElement, "formMethod"), button: past(HTMLButtonElement, "formMethod") };
  const saysAction = { input: past(HTMLInputElement, "formAction"), button: past(HTMLButtonElement, "formAction") };
  const selectAll = past(Element, "querySelectorAll");
  const NOT_FILLED = new Set(["hidden", "submit", "button", "reset", "image"]);
  const text = (value) => clean(String(value ?? "").slice(0, 20000));
  const roots = allRoots();
  const all = (selector) => roots.flatMap((root) => Array.from(allWithin(root, selector)));
  const first = (list, count) => list.slice(0, count);
  // Part of an address is another address: one that is too long is none.
  const addressOf = (url) => (typeof url === "string" && url.length <= MAX.address ? url : "");

  // A control's name or, in a form that is laid out as a table, the header of its row.
  function labelOf(element) {
    const cell = closest(element, "td");
    return nameOf(element, roleOf(element)) || (cell && headersOf(cell, new Map())[0]) || "";
  }
  function optionsOf(select) {
    return first(Array.from(select.options), MAX.options).filter((option) => !option.disabled).map((option) => [text(option.value), text(option.label)]);
  }
  function suggestionsOf(input) {
    return input.list ? first(Array.from(input.list.options), MAX.options).map((option) => [text(option.value), text(option.label || option.value)]) : [];
  }
  function control(element, id) {
    const tag = tagOf(element);
    const label = labelOf(element);
    const longest = element.maxLength;
    return {
      id, kind: tag === "input" ? element.type : tag, key: text(element.name || element.id || label), named: Boolean(element.name), label,
      required: element.required === true, pattern: text(attribute(element, "pattern")), min: text(attribute(element, "min")),
      max: text(attribute(element, "max")), step: text(attribute(element, "step")),
      max_length: typeof longest === "number" && longest >= 0 ? longest : null,
      options: tag === "select" ? optionsOf(element) : element.type === "checkbox" ? [[text(element.value), label]] : tag === "input" ? suggestionsOf(element) : [],
    };
  }
  // The radio buttons of a group are one control, of which they are the options.
  function addRadio(controls, element, id) {
    const option = [text(element.value), labelOf(element)];
    const group = controls.find((other) => other.kind === "radio" && element.name && other.key === text(element.name));
    if (group) {
      if (group.options.length < MAX.options) group.options.push(option);
      group.required ||= element.required;
    } else controls.push({ ...control(element, id), options: [option] });
  }
  function isLocked(element) {
    return element.disabled || element.readOnly === true || element.matches(":disabled");
  }
  // How and where a button sends its form: by its own attributes, else by the form's.
  function wayOf(button, owner) {
    const tag = tagOf(button);
    return {
      method: hasAttribute(button, "formmethod") ? saysMethod[tag](button) : methodOf(owner),
      action: addressOf(hasAttribute(button, "formaction") ? saysAction[tag](button) : actionOf(owner)),
    };
  }
  // A form is one for each way in which its buttons send it, all with the same controls. Pressing Enter does what the
  // first button does, even where that cannot be pressed.
  function forms() {
    const found = new Map(); // form element, or null -> its controls and ways
    const unread = []; // buttons that send something one does not know of
    const of = (owner) => {
      if (!found.has(owner) && found.size < MAX.forms) found.set(owner, { controls: [], ways: [] });
      return found.get(owner);
    };
    const addButton = (form, owner, button, id) => {
      const { method, action } = wayOf(button, owner);
      let way = form.ways.find((other) => other.method === method && other.action === action);
      if (!way && form.ways.length < MAX.ways) {
        way = { method, action, on_enter: form.ways.length === 0, submits: [], named: [] };
        form.ways.push(way);
      }
      if (id === null || button.disabled) return;
      if (!way || way.submits.length >= MAX.submits) unread.push(id);
      else {
        way.submits.push(id);
        if (button.name && button.type !== "image") way.named.push([id, text(button.name), text(button.value)]);
      }
    };
    for (const element of all("input, select, textarea, button")) {
      const id = known(element), tag = tagOf(element), owner = formOf[tag](element);
      const isSubmit = (tag === "button" || tag === "input") && (element.type === "submit" || element.type === "image");
      if (isSubmit ? !owner : id === null || tag === "button") continue;
      const form = of(owner);
      if (isSubmit) {
        if (form) addButton(form, owner, element, id);
        else if (id !== null) unread.push(id);
      } else if (form && !(tag === "input" && NOT_FILLED.has(element.type)) && !isLocked(element) && form.controls.length < MAX.controls) {
        if (element.type === "radio" && tag === "input") addRadio(form.controls, element, id);
        else form.controls.push(control(element, id));
      }
    }
    const itself = (owner) => ({ method: owner ? methodOf(owner) : "", action: owner ? addressOf(actionOf(owner)) : "", on_enter: true, submits: [], named: [] });
    return {
      forms: Array.from(found).flatMap(([owner, { controls, ways }]) => (ways.length ? ways : [itself(owner)]).map((way) => ({ ...way, controls }))),
      unread,
    };
  }

  const facts = [];
  function say(subject, label, value) {
    const [said, what] = [text(value), text(label)];
    if (said && what && facts.length < MAX.facts) facts.push({ subject: text(subject), label: what, value: said });
  }
  function sayData(data, subject, label, depth) {
    if (depth > MAX.depth || data === null || facts.length >= MAX.facts) return;
    if (Array.isArray(data)) for (const item of first(data, MAX.facts)) sayData(item, subject, label, depth + 1);
    else if (typeof data === "object") {
      const about = typeof data.name === "string" ? data.name : subject;
      for (const [key, value] of Object.entries(data)) {
        if (!key.startsWith("@") || key === "@graph") sayData(value, about, key === "@graph" ? label : key, depth + 1);
      }
    } else if (label) say(subject, label, data);
  }
  function linkedData() {
    for (const script of first(all('script[type="application/ld+json"]'), 20)) {
      const source = textOf(script);
      if (source.length > MAX.script) continue;
      try {
        sayData(JSON.parse(source), "", "", 0);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
    }
  }
  function propertyValue(element) {
    const given = attribute(element, "content") ?? attribute(element, "datetime") ?? attribute(element, "value");
    return given ?? textOf(element);
  }
  function microdata() {
    for (const scope of first(all("[itemscope]"), 100)) {
      const inside = Array.from(selectAll(scope, "[itemprop]")).filter((item) => item.parentElement?.closest("[itemscope]") === scope);
      const named = inside.find((item) => attribute(item, "itemprop") === "name" && !hasAttribute(item, "itemscope"));
      const subject = named ? propertyValue(named) : "";
      for (const item of first(inside, 60)) if (!hasAttribute(item, "itemscope")) say(subject, attribute(item, "itemprop"), propertyValue(item));
    }
  }
  function definitions() {
    for (const term of first(all("dl dt"), MAX.facts)) {
      let value = term.nextElementSibling ?? (tagOf(term.parentElement) === "div" ? term.parentElement.querySelector("dd") : null);
      if (value && tagOf(value) === "dd" && value.checkVisibility()) say("", textOf(term), value.innerText);
    }
  }
  function links() {
    const found = [];
    for (const link of all("a[href], area[href]")) {
      const id = known(link);
      if (id !== null && found.length < MAX.links) found.push([id, addressOf(link.href), hasAttribute(link, "download")]);
    }
    return found;
  }
  // Whether a table, a list or a feed says that it has more than the page holds of it.
  function goesOn() {
    const counts = (element, name, rows) => {
      const said = Number.parseInt(attribute(element, name) ?? "", 10);
      return said === -1 || said > rows;
    };
    const rowsIn = (table) => selectAll(table, "tr, [role=row]").length;
    const entriesBeside = (entry) => selectAll(entry.closest("[role=list], [role=feed], ul, ol") ?? entry, "[aria-setsize]").length;
    return all("[role=feed], [aria-busy=true]").length > 0 ||
      all("[aria-rowcount]").some((table) => counts(table, "aria-rowcount", rowsIn(table))) ||
      all("li[aria-setsize], [role=listitem][aria-setsize]").some((entry) => counts(entry, "aria-setsize", entriesBeside(entry)));
  }
  linkedData();
  microdata();
  definitions();
  return JSON.stringify({ ...forms(), facts, links: links(), goes_on: goesOn() });
})()
