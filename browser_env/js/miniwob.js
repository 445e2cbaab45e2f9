// Starts MiniWoB++ episodes in the page and reads their state. Runs in the page's own world, before the page's scripts;
// the channel (channel.js) hands it the element through which it is asked. Registered before clock.js.
(() => {
  "use strict";
  if (window !== top) return; // an airline's page, inside the one that states the task and judges it
  const { stringify } = JSON;
  const query = () => document.getElementById("query").textContent;
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  const page = location.pathname.split("/").at(-1).replace(".html", "");

  // What these pages pay for without looking at it, by page: whether it holds.
  const isListed = () => ({ "the entry is in the list": ui_utils.COUNTRIES.includes(document.querySelector("#tags").value) });
  const CHECKS = {
    "daily-calendar": () => {
      const [from, to] = [...query().matchAll(/(\d+)([AP])M/g)].map(([, hour, half]) => (hour % 12) * 2 + (half === "P" ? 24 : 0));
      const { start, end } = document.getElementById("newEvent")?.dataset ?? {};
      return { "the event lies between the hours": start >= from && end <= to };
    },
    "draw-circle": () => ({ "the line goes around the dot": widestGap() < Math.PI / 3 }),
    "draw-line": () => {
      const [xs, ys] = [arrayPoints.map(([x]) => x), arrayPoints.map(([, y]) => y)];
      const [across, down] = [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
      const [along, aside] = query().includes("horizontal") ? [across, down] : [down, across];
      return { "the line is straight": aside <= along / 4 };
    },
    "form-sequence-2": () => {
      const asked = /Check the (\d)/.exec(query())?.[1];
      return { "the radio button is the one asked for": document.querySelector("input[type=radio]:checked")?.value === asked };
    },
    "generate-number": () => ({ "there is a number": /^\d+$/.test(text("#display-number")) }),
    "stock-market": () => {
      const [level, price] = [query(), text("#stock-price")].map((shown) => parseFloat(shown.split("$")[1]));
      return { "the price is below the level": price < level };
    },
    "terminal": () => {
      const typed = [...document.querySelectorAll(".command")].map((line) => line.textContent.split(/\s/));
      const deleted = typed.findLast(([verb]) => verb.startsWith("rm"))?.[1] ?? "";
      const ending = /extension (\.\S+)/.exec(query())?.[1];
      return { "the file is of that kind": ending ? deleted.endsWith(ending) : !deleted.includes(".") };
    },
    "use-autocomplete": isListed,
    "use-autocomplete-nodelay": isListed,
  };

  // The widest angle, seen from draw-circle's dot, without a point of the line.
  function widestGap() {
    const dot = document.getElementById("circ");
    const [cx, cy] = ["cx", "cy"].map((name) => Number(dot.getAttribute(name)));
    const angles = arrayPoints.map(([x, y]) => Math.atan2(y - cy, x - cx)).sort((a, b) => a - b);
    return Math.max(...angles.map((angle, i) => (angles[i + 1] ?? angles[0] + 2 * Math.PI) - angle));
  }

  // The suite's own instruments lie beside the task: in a window of the task's size one could scroll to them.
  const noInstruments = new CSSStyleSheet();
  noInstruments.replaceSync("#reward-display, #click-canvas, #query-wrap { display: none !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, noInstruments];

  // Load all pictures of the style sheets: one that first loads under the pointer would move what is being clicked.
  const pictures = []; // kept, so that they stay loaded; they are waited for where the network is
  function loadPictures() {
    if (pictures.length) return;
    for (const sheet of document.styleSheets) {
      for (const rule of sheet.cssRules) {
        for (const [, url] of rule.cssText.matchAll(/url\("([^"]+)"\)/g)) {
          pictures.push(new Image());
          pictures.at(-1).src = new URL(url, sheet.href ?? document.baseURI);
        }
      }
    }
  }

  // Where Tab goes from is not where the last episode left it.
  function forgetFocus() {
    document.body.tabIndex = -1;
    document.body.focus({ preventScroll: true });
    document.body.blur();
    document.body.removeAttribute("tabindex");
  }

  // What holds is looked at when the page pays: a price goes on moving afterwards.
  let checks = {};
  let end = null; // the page's own end of an episode
  function checkAtEnd() {
    if (end !== null) return;
    end = core.endEpisode;
    core.endEpisode = (reward, ...others) => {
      if (WOB_DONE_GLOBAL !== true) checks = page in CHECKS && reward > 0 ? CHECKS[page]() : {};
      end(reward, ...others);
    };
  }

  let begun = false; // what the page's own cover begins is no episode

  // Begin the episode of this seed, drawn from "train" or "test" data; return its goal and the goal's parts.
  async function start({ seed, mode }) {
    loadPictures();
    forgetFocus();
    checkAtEnd();
    Math.seedrandom(seed);
    core.setDataMode(mode);
    begun = true;
    core.startEpisodeReal();
    if (!WOB_TASK_READY) await new Promise((ready) => document.getElementById("wrap").addEventListener("load", ready, { once: true }));
    const utterance = core.getUtterance(); // a text, or an object around it
    return {
      goal: typeof utterance === "string" ? utterance : String(utterance.utterance),
      fields: core.currentFields ?? core.currentQuestion?.instruction ?? null,
    };
  }
  const status = () => ({
    done: begun && WOB_DONE_GLOBAL === true,
    reward: Number(WOB_RAW_REWARD_GLOBAL),
    reason: String(WOB_REWARD_REASON ?? ""),
    limit: core.EPISODE_MAX_TIME,
    checks: WOB_DONE_GLOBAL === true ? checks : {},
  });
  addEventListener("webdual", (event) => {
    const carrier = event.relatedTarget;
    const data = () => JSON.parse(carrier.getAttribute("data"));
    const answer = (value) => carrier.setAttribute("answer", stringify(value));
    carrier.addEventListener("status", () => answer(status()));
    carrier.addEventListener("start", async () => {
      const call = carrier.getAttribute("call");
      answer(await start(data()).catch((error) => ({ error: String(error) })));
      carrier.dispatchEvent(new Event(`start:done:${call}`));
    });
  }, { once: true });
})();
