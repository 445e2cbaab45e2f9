// Starts MiniWoB++ episodes in the page and reads their state. Runs in the page's own world, before the page's scripts;
// the channel (channel.js) hands it the element through which it is asked. Registered before clock.js.
(() => {
  "use strict";
  const { stringify } = JSON;
  // Begin the episode of this seed and return its goal.
  function start(seed) {
    Math.seedrandom(seed);
    core.startEpisodeReal();
    const utterance = core.getUtterance(); // a text, or an object around it
    return typeof utterance === "string" ? utterance : String(utterance.utterance);
  }
  const status = () => ({
    done: WOB_DONE_GLOBAL === true,
    reward: Number(WOB_RAW_REWARD_GLOBAL),
    reason: String(WOB_REWARD_REASON ?? ""),
    limit: core.EPISODE_MAX_TIME,
  });
  addEventListener("webdual", (event) => {
    const carrier = event.relatedTarget;
    const data = () => JSON.parse(carrier.getAttribute("data"));
    const answer = (value) => carrier.setAttribute("answer", stringify(value));
    carrier.addEventListener("status", () => answer(status()));
    carrier.addEventListener("start", async () => {
      answer(await start(data()));
      carrier.dispatchEvent(new Event("start:done"));
    });
  }, { once: true });
})();
