// Lets the isolated world see closed shadow trees: runs in the page's own world before any script of the page.
// A carrier, known to nobody else, hangs in each new closed root while the isolated world looks where it is (nodes.js).
(() => {
  "use strict";
  const { apply, getOwnPropertyDescriptor } = Reflect;
  const method = (type, name) => getOwnPropertyDescriptor(type.prototype, name).value;
  const attachShadow = method(Element, "attachShadow");
  const toText = Function.prototype.toString;
  const append = method(Node, "appendChild"), remove = method(Node, "removeChild"), dispatch = method(EventTarget, "dispatchEvent");
  const modeOf = getOwnPropertyDescriptor(ShadowRoot.prototype, "mode").get;
  const NativeEvent = Event;
  const carrier = document.createElement("i");
  window.dispatchEvent(new MouseEvent("webdual-carrier", { relatedTarget: carrier }));

  function reveal(root) {
    apply(append, root, [carrier]);
    apply(dispatch, carrier, [new NativeEvent("webdual-root")]);
    apply(remove, root, [carrier]);
  }
  const wrapped = new Proxy(attachShadow, {
    apply(target, host, args) {
      const root = apply(target, host, args);
      if (apply(modeOf, root, []) === "closed") reveal(root);
      return root;
    },
  });
  // A proxy of a native function is native by its text too, but without its name.
  const spoken = new Proxy(toText, {
    apply: (target, self, args) => apply(target, self === wrapped ? attachShadow : self === spoken ? toText : self, args),
  });
  const replace = (type, name, value) =>
    Object.defineProperty(type.prototype, name, { ...getOwnPropertyDescriptor(type.prototype, name), value });
  replace(Element, "attachShadow", wrapped);
  replace(Function, "toString", spoken);
})();
