// What a verifier judges: text and form values, those in shadow trees too.
const MAX_TEXT = 100000;
const timings = performance, timingsOf = past(Performance, "getEntriesByType"), answerOf = past(PerformanceResourceTiming, "responseStatus");

const allWithin = (root, selector) => (root === document ? documentAll(document, selector) : root.querySelectorAll(selector));
// Every root of the document, shadow trees after what holds them.
function allRoots() {
  const roots = [document];
  for (let i = 0; i < roots.length; i++) {
    for (const element of allWithin(roots[i], "*")) {
      const shadow = shadowOf(element);
      if (shadow) roots.push(shadow);
    }
  }
  return roots;
}
function formValue(control) {
  if (control.type === "checkbox") return String(control.checked);
  if (control.type === "file") return Array.from(control.files, (file) => file.name).join(", ");
  if (tagOf(control) === "select" && control.multiple) return Array.from(control.selectedOptions, (option) => option.value).join(", ");
  return control.value;
}
function formValues(roots) {
  const values = {};
  for (const within of roots) {
    for (const control of allWithin(within, "input, select, textarea")) {
      const key = (control.name || control.id || nameOf(control, roleOf(control))).toWellFormed();
      if (!key || control.type === "password") continue;
      if (control.type === "radio") values[key] = control.checked ? control.value : (values[key] ?? "");
      else values[key] = formValue(control).toWellFormed();
    }
  }
  return values;
}
const innerTextOf = past(HTMLElement, "innerText");
// What a shadow tree shows of its own; what is slotted into it is part of the text of the tree around it.
function shadowText(root) {
  if (showsNothing(root.host)) return "";
  return Array.from(nodesOf(root), (node) => {
    if (typeOf(node) === Node.TEXT_NODE) return isHidden(root.host) ? "" : node.data;
    return node instanceof HTMLElement && !showsNothing(node) ? innerTextOf(node) : "";
  }).filter((text) => /\S/.test(text)).join("\n");
}
function textOfAll([, ...shadows]) {
  const top = documentBody(document) ?? documentTop(document);
  return [top?.innerText ?? "", ...shadows.map(shadowText).filter(Boolean)].join("\n").slice(0, MAX_TEXT).toWellFormed();
}
// The HTTP status that the document came with; 0: it came with none.
function status() {
  const [entry] = timingsOf(timings, "navigation");
  return entry ? answerOf(entry) : 0;
}
function evidence() {
  const roots = allRoots();
  return {
    url: location.href, title: documentTitle(document).toWellFormed(), text: textOfAll(roots), form_values: formValues(roots),
    status: status(),
  };
}
