// What an element holds and how it stands.
const NOT_TYPED = new Set(["button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit", "hidden"]);
const MASK = "\u2022";
const MAX_MASK = 64;

function inputValue(element, role) {
  if (element.type === "password") return MASK.repeat(Math.min(element.value.length, MAX_MASK));
  if (element.type === "file") return clean(Array.from(element.files ?? [], (file) => file.name).join(", "));
  return role === "checkbox" || role === "radio" || role === "switch" || role === "button" ? "" : clean(element.value);
}
function valueOf(element, role, name) {
  const tag = tagOf(element);
  if (tag === "select") return clean(Array.from(element.selectedOptions, (option) => option.label).join(", "));
  if (tag === "textarea") return clean(element.value);
  if (tag === "input") return inputValue(element, role);
  if (RANGES.has(role)) return clean(rangeText(element));
  if (isEditor(element)) return clean(element.innerText ?? "");
  const text = ownsItsText(element, role) && isLabelled(element) ? ownText(element) : "";
  return text === name ? "" : text; // words that an ARIA label speaks over
}
const isEditor = (element) => element.isContentEditable === true && element.parentElement?.isContentEditable !== true;
function isEditable(element) {
  const tag = tagOf(element);
  if (tag === "textarea") return !element.readOnly && !element.disabled;
  if (tag === "input") return !NOT_TYPED.has(element.type) && !element.readOnly && !element.disabled;
  return isEditor(element);
}
function isClickable(element, role, style) {
  return INTERACTIVE.has(role) || hasAttribute(element, "onclick") || hasAttribute(element, "tabindex") ||
    style.cursor === "pointer";
}
function checkedState(element, tag) {
  if (tag === "input" && (element.type === "checkbox" || element.type === "radio")) {
    return element.indeterminate && element.type === "checkbox" ? "mixed" : element.checked ? "checked" : null;
  }
  const aria = attribute(element, "aria-checked") ?? attribute(element, "aria-pressed");
  if (aria === "mixed") return "mixed";
  if (aria !== "true") return null;
  return hasAttribute(element, "aria-checked") ? "checked" : "pressed";
}
function expandedState(element, tag) {
  const aria = attribute(element, "aria-expanded");
  if (aria === "true" || aria === "false") return aria === "true" ? "expanded" : "collapsed";
  const details = tag === "details" ? element : tag === "summary" ? parentOf(element) : null;
  return details instanceof HTMLDetailsElement ? (details.open ? "expanded" : "collapsed") : null;
}
const isOn = (element, name) => {
  const value = attribute(element, name);
  return value !== null && value !== "" && value !== "false";
};
// Not `:user-invalid`: that knows what happened before a reset. What is merely missing is `required`.
const holdsWrong = (element) => matches(element, ":invalid") && (element.value !== "" || element.validity.badInput);
function statesOf(element, { clickable, editable, inert, covered }) {
  const tag = tagOf(element);
  const control = tag === "input" || tag === "select" || tag === "textarea";
  const states = [];
  if (isOn(element, "aria-busy")) states.push("busy");
  const checked = checkedState(element, tag);
  if (checked) states.push(checked);
  if (clickable) states.push("clickable");
  if (covered) states.push("covered");
  if (isOn(element, "aria-current")) states.push("current");
  if (inert || matches(element, ":disabled") || isOn(element, "aria-disabled")) states.push("disabled");
  if (editable) states.push("editable");
  const expanded = expandedState(element, tag);
  if (expanded) states.push(expanded);
  if (element === activeIn(rootOf(element))) states.push("focused");
  if (isOn(element, "aria-haspopup")) states.push("haspopup");
  if (isOn(element, "aria-invalid") || (control && holdsWrong(element))) states.push("invalid");
  if (tag === "select" ? element.multiple : isOn(element, "aria-multiselectable")) states.push("multiple");
  if (control ? element.readOnly === true : isOn(element, "aria-readonly")) states.push("readonly");
  if ((control && element.required) || isOn(element, "aria-required")) states.push("required");
  if (tag === "option" ? element.selected : isOn(element, "aria-selected")) states.push("selected");
  return states.sort();
}
