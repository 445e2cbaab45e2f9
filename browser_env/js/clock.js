// Page time and chance under control: runs before any script of the page, in the page's own world, and leaves nothing
// there by which it could be driven: that is done through the channel (channel.js). Time stands still until it is told to
// advance; timers and animation frames are due in page time, and frames are drawn at it, so animations follow it too.
(() => {
  "use strict";
  const EPOCH_MS = Date.UTC(2024, 0, 1, 12, 0, 0);
  const FRAME_MS = 1000 / 60;
  const MAX_CALLBACKS = 10000; // one advance() never runs more: a page may not stall the environment
  const MAX_NESTING = 5; // timers set by timers by timers ... are
  const NESTED_MS = 4; // held back so long, as the HTML standard asks
  const NativeDate = Date;
  const NativePromise = Promise; // here and below: the page may replace what it likes
  const { floor, imul, max } = Math;
  const { apply, construct } = Reflect;
  const report = console.error.bind(console);
  const { parse, stringify } = JSON;
  const past = (type, name) => Function.prototype.call.bind(type.prototype[name]);
  const readAttribute = past(Element, "getAttribute"), writeAttribute = past(Element, "setAttribute");
  const listen = past(EventTarget, "addEventListener"), dispatch = past(EventTarget, "dispatchEvent");
  const NativeEvent = Event;
  const waiting = [];
  const wait = waiting.push.bind(waiting), nextWaiting = waiting.shift.bind(waiting);
  const { port1, port2 } = new MessageChannel();
  const post = port2.postMessage.bind(port2);
  port1.onmessage = () => nextWaiting()();
  const nextTask = () => new NativePromise((resolve) => { wait(resolve); post(0); });

  let elapsed = 0; // page time in ms since the document began
  let nextId = 1;
  let nesting = 0; // of the timer that is running
  let depth = 0; // of the timer or frame that is running: how many others led to it
  const timers = new Map(); // id -> {id, due, callback, args, every, frame, nesting, depth}
  const setTimer = timers.set.bind(timers), dropTimer = timers.delete.bind(timers), eachTimer = timers.forEach.bind(timers);
  const toFunction = (callback) => (typeof callback === "function" ? callback : () => (0, eval)(String(callback)));

  function add(callback, delay, args, every) {
    const id = nextId++;
    const ms = max(Number(delay) || 0, nesting >= MAX_NESTING ? NESTED_MS : every ? 1 : 0);
    setTimer(id, { id, due: elapsed + ms, callback, args, every: every ? ms : 0, frame: false, nesting: nesting + 1, depth: depth + 1 });
    return id;
  }
  function addFrame(callback) {
    const id = nextId++;
    const due = (floor(elapsed / FRAME_MS + 1e-6) + 1) * FRAME_MS;
    setTimer(id, { id, due, callback, args: [], every: 0, frame: true, nesting: 0, depth: depth + 1 });
    return id;
  }
  const define = (target, name, value) =>
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
  define(window, "setTimeout", function setTimeout(callback, delay, ...args) { return add(callback, delay, args, false); });
  define(window, "setInterval", function setInterval(callback, delay, ...args) { return add(callback, delay, args, true); });
  define(window, "clearTimeout", function clearTimeout(id) { dropTimer(Number(id)); });
  define(window, "clearInterval", function clearInterval(id) { dropTimer(Number(id)); });
  define(window, "requestAnimationFrame", function requestAnimationFrame(callback) { return addFrame(callback); });
  define(window, "cancelAnimationFrame", function cancelAnimationFrame(id) { dropTimer(Number(id)); });
  define(window, "requestIdleCallback", function requestIdleCallback(callback) {
    return add(callback, 1, [{ didTimeout: false, timeRemaining: () => 10 }], false);
  });
  define(window, "cancelIdleCallback", function cancelIdleCallback(id) { dropTimer(Number(id)); });

  const FakeDate = function Date(...args) {
    if (!new.target) return new NativeDate(EPOCH_MS + elapsed).toString();
    const date = args.length ? new NativeDate(...args) : new NativeDate(EPOCH_MS + elapsed);
    return Object.setPrototypeOf(date, new.target.prototype);
  };
  FakeDate.prototype = NativeDate.prototype;
  FakeDate.now = () => floor(EPOCH_MS + elapsed);
  FakeDate.UTC = NativeDate.UTC;
  FakeDate.parse = NativeDate.parse;
  define(NativeDate.prototype, "constructor", FakeDate);
  define(window, "Date", FakeDate);
  const compute = (target, name, get) => Object.defineProperty(target, name, { get, configurable: true, enumerable: true });
  const describe = Object.getOwnPropertyDescriptor;
  define(Performance.prototype, "now", () => elapsed);
  compute(Performance.prototype, "timeOrigin", () => EPOCH_MS);
  compute(Event.prototype, "timeStamp", () => elapsed);
  compute(IntersectionObserverEntry.prototype, "time", () => elapsed);

  // Dates that are made without being asked for.
  const formats = Intl.DateTimeFormat.prototype;
  const nativeFormat = describe(formats, "format").get, nativeParts = formats.formatToParts;
  compute(formats, "format", function () {
    const format = apply(nativeFormat, this, []);
    return (date) => format(date === undefined ? FakeDate.now() : date);
  });
  define(formats, "formatToParts", function formatToParts(date) {
    return apply(nativeParts, this, [date === undefined ? FakeDate.now() : date]);
  });
  if (window.Temporal) {
    const { Now, Instant } = Temporal, here = Now.timeZoneId;
    const zoned = (zone) => Instant.fromEpochMilliseconds(FakeDate.now()).toZonedDateTimeISO(zone === undefined ? here() : zone);
    define(Now, "instant", () => zoned("UTC").toInstant());
    define(Now, "zonedDateTimeISO", zoned);
    define(Now, "plainDateTimeISO", (zone) => zoned(zone).toPlainDateTime());
    define(Now, "plainDateISO", (zone) => zoned(zone).toPlainDate());
    define(Now, "plainTimeISO", (zone) => zoned(zone).toPlainTime());
  }
  const modified = describe(Document.prototype, "lastModified").get;
  const began = NativeDate.now() - 2000; // no document that was changed later has a date of its own
  compute(Document.prototype, "lastModified", function () {
    const said = apply(modified, this, []), now = new NativeDate(EPOCH_MS), two = (number) => `0${number}`.slice(-2);
    if (NativeDate.parse(said) < began) return said;
    const day = `${two(now.getMonth() + 1)}/${two(now.getDate())}/${now.getFullYear()}`;
    return `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  });

  const NativeFile = File;
  const DatedFile = new Proxy(NativeFile, { // one that is made without a date is as old as the page's moment
    construct(target, args, made) {
      const [parts, name, options] = args;
      const undated = args.length === 2 || (args.length > 2 && (options === undefined || options === null));
      if (!undated && (typeof options !== "object" || options.lastModified !== undefined)) return construct(target, args, made);
      const { type, endings } = options ?? {};
      return construct(target, [parts, name, { type, endings, lastModified: FakeDate.now() }], made);
    },
  });
  define(NativeFile.prototype, "constructor", DatedFile);
  define(window, "File", DatedFile);

  // What waits without a timer.
  define(AbortSignal, "timeout", function timeout(ms) {
    const controller = new AbortController();
    add(() => controller.abort(new DOMException("signal timed out", "TimeoutError")), ms, [], false);
    return controller.signal;
  });
  if (window.scheduler) {
    const postTask = scheduler.postTask.bind(scheduler);
    define(Scheduler.prototype, "postTask", function (callback, { delay = 0, ...options } = {}) {
      if (!(delay > 0)) return postTask(callback, options);
      return new NativePromise((resolve, reject) => add(() => postTask(callback, options).then(resolve, reject), delay, [], false));
    });
  }

  // What measures the wall clock or the machine. Marks and measures are in page time; what the browser measures is not told.
  const { mark, measure } = Performance.prototype;
  define(Performance.prototype, "mark", function (name, options) {
    return apply(mark, performance, [name, { startTime: elapsed, ...options }]);
  });
  define(Performance.prototype, "measure", function (name, start, end) {
    const options = { ...(typeof start === "object" ? start : { start, end }) };
    if (options.end === undefined && options.duration === undefined) options.end = elapsed;
    for (const key in options) if (options[key] === undefined) delete options[key];
    return apply(measure, performance, [name, options]);
  });
  for (const name of ["getEntries", "getEntriesByName", "getEntriesByType"]) define(Performance.prototype, name, () => []);
  define(PerformanceObserver.prototype, "observe", () => {});
  for (const name in PerformanceTiming.prototype) if (name !== "toJSON") compute(PerformanceTiming.prototype, name, () => EPOCH_MS);
  compute(Performance.prototype, "memory", () => undefined);
  compute(Navigator.prototype, "hardwareConcurrency", () => 4);
  compute(Navigator.prototype, "deviceMemory", () => 8);
  compute(Navigator.prototype, "connection", () => undefined);

  let state = 0x9e3779b9; // mulberry32
  function random() {
    state = (state + 0x6d2b79f5) | 0;
    let t = imul(state ^ (state >>> 15), 1 | state);
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  define(Math, "random", random);
  if (window.crypto) {
    define(Crypto.prototype, "getRandomValues", (array) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let i = 0; i < bytes.length; i++) bytes[i] = floor(random() * 256);
      return array;
    });
    define(Crypto.prototype, "randomUUID", () =>
      "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => floor(random() * 16).toString(16)));
  }

  // A blinking caret would make pixels depend on the wall clock.
  const noCaret = new CSSStyleSheet();
  noCaret.replaceSync("* { caret-color: transparent !important }");
  const sheets = describe(Document.prototype, "adoptedStyleSheets"), isOther = (sheet) => sheet !== noCaret;
  const withoutCaret = (others) => [...others, noCaret];
  Object.defineProperty(Document.prototype, "adoptedStyleSheets", { // also where a page puts others in its place
    ...sheets,
    set(given) { apply(sheets.set, this, [this === document ? withoutCaret([...given].filter(isOther)) : given]); },
  });
  document.adoptedStyleSheets = document.adoptedStyleSheets;

  function nextDue(limit) {
    let best = null;
    eachTimer((timer) => {
      if (timer.due <= limit && (best === null || timer.due < best.due || (timer.due === best.due && timer.id < best.id))) best = timer;
    });
    return best;
  }

  function repeat(timer) {
    timer.nesting += 1;
    if (timer.nesting > MAX_NESTING) timer.every = max(timer.every, NESTED_MS);
    timer.due = elapsed + timer.every;
  }

  // Let `ms` of page time pass, running what falls due in order; microtasks run between callbacks.
  async function advance(ms) {
    const limit = elapsed + ms;
    let ran = 0;
    for (let timer = nextDue(limit); timer && ran < MAX_CALLBACKS; timer = nextDue(limit)) {
      elapsed = max(elapsed, timer.due);
      nesting = timer.nesting;
      depth = timer.depth;
      if (timer.every) repeat(timer);
      else dropTimer(timer.id);
      try {
        apply(toFunction(timer.callback), window, timer.frame ? [elapsed] : timer.args);
      } catch (error) {
        report(error);
      }
      ran += 1;
      await nextTask();
      nesting = depth = 0;
    }
    elapsed = max(elapsed, limit); // one that a dialog held up ends while another is under way
    return ran;
  }

  // Begin again at this page time and seed; what is pending keeps its distance.
  function begin({ seed, elapsed: now }) {
    eachTimer((timer) => { timer.due += now - elapsed; });
    elapsed = now;
    state = seed | 0;
  }
  // When the next timer is due that is no consequence of an earlier one: a page that polls is never waited for.
  function nextOwn() {
    let next = null;
    eachTimer((timer) => {
      if (!timer.every && timer.depth === 1 && (next === null || timer.due < next)) next = timer.due;
    });
    return next;
  }

  const carrier = document.createElement("i");
  const answer = (value) => writeAttribute(carrier, "answer", stringify(value ?? null));
  const data = () => parse(readAttribute(carrier, "data"));
  listen(carrier, "begin", () => { begin(data()); answer(null); });
  listen(carrier, "advance", async () => {
    const call = readAttribute(carrier, "call"), ran = await advance(data());
    answer({ __proto__: null, elapsed, ran, next: nextOwn() }); // without what a page gives all objects, as toJSON
    dispatch(carrier, new NativeEvent(`advance:done:${call}`));
  });
  dispatch(window, new FocusEvent("webdual", { relatedTarget: carrier }));
})();
