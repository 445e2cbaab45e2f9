// Page time and chance under control: runs before any script of the page, in the page's own world.
// Time stands still until advance() is called; timers and animation frames are due in page time.
(() => {
  "use strict";
  const EPOCH_MS = Date.UTC(2024, 0, 1, 12, 0, 0);
  const FRAME_MS = 1000 / 60;
  const MAX_CALLBACKS = 20000; // one advance() never runs more: a page may not stall the environment
  const NativeDate = Date;
  const nativeChannel = new MessageChannel();
  const waiting = [];
  nativeChannel.port1.onmessage = () => waiting.shift()();
  const nextTask = () => new Promise((resolve) => { waiting.push(resolve); nativeChannel.port2.postMessage(0); });

  let elapsed = 0; // page time in ms since the document began
  let nextId = 1;
  let timers = new Map(); // id -> {due, order, callback, args, every, frame}
  const toFunction = (callback) => (typeof callback === "function" ? callback : () => (0, eval)(String(callback)));

  function add(callback, delay, args, every, frame) {
    const id = nextId++;
    const wait = Math.max(Number(delay) || 0, every ? 1 : 0);
    timers.set(id, { id, due: elapsed + wait, callback, args, every: every ? wait : 0, frame });
    return id;
  }
  const define = (target, name, value) =>
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
  define(window, "setTimeout", function setTimeout(callback, delay, ...args) { return add(callback, delay, args, false, false); });
  define(window, "setInterval", function setInterval(callback, delay, ...args) { return add(callback, delay, args, true, false); });
  define(window, "clearTimeout", function clearTimeout(id) { timers.delete(Number(id)); });
  define(window, "clearInterval", function clearInterval(id) { timers.delete(Number(id)); });
  define(window, "requestAnimationFrame", function requestAnimationFrame(callback) {
    const untilFrame = FRAME_MS - (elapsed % FRAME_MS);
    return add(callback, untilFrame, [], false, true);
  });
  define(window, "cancelAnimationFrame", function cancelAnimationFrame(id) { timers.delete(Number(id)); });
  define(window, "requestIdleCallback", function requestIdleCallback(callback) {
    return add(callback, 1, [{ didTimeout: false, timeRemaining: () => 10 }], false, false);
  });
  define(window, "cancelIdleCallback", function cancelIdleCallback(id) { timers.delete(Number(id)); });

  const FakeDate = function Date(...args) {
    if (!new.target) return new NativeDate(EPOCH_MS + elapsed).toString();
    const date = args.length ? new NativeDate(...args) : new NativeDate(EPOCH_MS + elapsed);
    return Object.setPrototypeOf(date, new.target.prototype);
  };
  FakeDate.prototype = NativeDate.prototype;
  FakeDate.now = () => Math.floor(EPOCH_MS + elapsed);
  FakeDate.UTC = NativeDate.UTC;
  FakeDate.parse = NativeDate.parse;
  define(NativeDate.prototype, "constructor", FakeDate);
  define(window, "Date", FakeDate);
  define(performance, "now", () => elapsed);
  Object.defineProperty(performance, "timeOrigin", { get: () => EPOCH_MS, configurable: true });

  let state = 0x9e3779b9; // mulberry32
  function random() {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  define(Math, "random", random);
  if (window.crypto) {
    define(crypto, "getRandomValues", (array) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
      return array;
    });
    define(crypto, "randomUUID", () =>
      "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(random() * 16).toString(16)));
  }

  // A blinking caret would make pixels depend on the wall clock.
  const noCaret = new CSSStyleSheet();
  noCaret.replaceSync("* { caret-color: transparent !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, noCaret];

  function nextDue(limit) {
    let best = null;
    for (const timer of timers.values()) {
      if (timer.due <= limit && (best === null || timer.due < best.due || (timer.due === best.due && timer.id < best.id))) best = timer;
    }
    return best;
  }

  // Let `ms` of page time pass, running what falls due in order; microtasks run between callbacks.
  async function advance(ms) {
    const limit = elapsed + ms;
    let ran = 0;
    for (let timer = nextDue(limit); timer && ran < MAX_CALLBACKS; timer = nextDue(limit)) {
      elapsed = Math.max(elapsed, timer.due);
      if (timer.every) timer.due = elapsed + timer.every;
      else timers.delete(timer.id);
      try {
        toFunction(timer.callback).apply(window, timer.frame ? [elapsed] : timer.args);
      } catch (error) {
        console.error(error);
      }
      ran += 1;
      await nextTask();
    }
    elapsed = limit;
    return ran;
  }

  // Begin again at page time zero with this seed; what is pending keeps its distance.
  function reset(seed) {
    for (const timer of timers.values()) timer.due -= elapsed;
    elapsed = 0;
    state = seed | 0;
  }

  Object.defineProperty(window, "__webdual_clock", { value: Object.freeze({ advance, reset, elapsed: () => elapsed }) });
})();
