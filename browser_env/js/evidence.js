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
function formValues() {
  const values = {};
  for (const within of allRoots()) {
    for (const control of allWithin(within, "input, select, textarea")) {
      const key = (control.name || control.id || nameOf(control, roleOf(control))).toWellFormed();
      if (!key || control.type === "password") continue;
      if (control.type === "radio") values[key] = control.checked ? control.value : (values[key] ?? "");
      else values[key] = formValue(control).toWellFormed();
    }
  }
  return values;
}
// The HTTP status that the document came with; 0: it came with none.
function status() {
  const [entry] = timingsOf(timings, "navigation");
  return entry ? answerOf(entry) : 0;
}
function evidence() {
  const top = documentBody(document) ?? documentTop(document);
  const text = (top?.innerText ?? "").slice(0, MAX_TEXT).toWellFormed();
  return { url: location.href, title: documentTitle(document).toWellFormed(), text, form_values: formValues(), status: status() };
}
