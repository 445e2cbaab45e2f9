// Starts MiniWoB++ episodes in the page and reads their state. Runs in the page's own world.
(() => {
  "use strict";
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
  Object.defineProperty(window, "__webdual_miniwob", { value: Object.freeze({ start, status }) });
})();
