// Logs what happens to a page, in order, with whether it is trusted.
const log = [];
for (const type of ["mousedown", "mouseup", "click", "auxclick", "dblclick", "contextmenu", "mouseover", "mousemove", "wheel",
  "pointerdown", "pointermove", "pointerup", "pointercancel", "touchstart", "touchmove", "touchend", "keydown", "keypress",
  "keyup", "beforeinput", "input", "change", "focus", "dragstart", "drag", "dragenter", "dragover", "dragleave", "drop",
  "dragend", "compositionstart", "compositionend"]) {
  addEventListener(type, (event) => log.push({
    type, id: event.target.id ?? "", trusted: event.isTrusted, key: event.key ?? "", code: event.code ?? "",
    keyCode: event.keyCode ?? 0, location: event.location ?? 0, x: event.clientX ?? 0, y: event.clientY ?? 0, button: event.button ?? 0,
    buttons: event.buttons ?? 0, ctrl: event.ctrlKey ?? false, shift: event.shiftKey ?? false, alt: event.altKey ?? false,
    detail: event.detail,
  }), { capture: true, passive: true });
}
