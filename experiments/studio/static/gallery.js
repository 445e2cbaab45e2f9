// The gallery: sessions, playback step by step, trimming, tags, ratings, export.

import { ask, counted, make, tell, trying } from "/static/api.js";

const byId = (id) => document.getElementById(id);
const PLAY_MS = 700;
let episodes = [];
let shown = null;
let playing = 0;

export async function openGallery(wanted) {
  episodes = await ask("/api/episodes");
  list();
  if (wanted) await show(wanted);
}

function list() {
  const word = byId("filter").value.toLowerCase();
  const fits = (e) => [e.task, e.outcome, e.source, ...e.tags].some((text) => text.toLowerCase().includes(word));
  byId("episodes").replaceChildren(...episodes.filter(fits).map((episode) => {
    const item = make("li");
    const button = make("button", episode.task, { type: "button", "aria-current": episode.id === shown?.id });
    const rating = episode.rating === null ? "" : ` · rated ${episode.rating.toFixed(2)}`;
    button.append(make("small", `${episode.source} · ${episode.outcome} · ${counted(episode.steps, "step")}${rating} ${episode.tags.join(", ")}`));
    button.onclick = trying(() => show(episode.id));
    item.append(button);
    return item;
  }));
  byId("worse").replaceChildren(...episodes.filter((e) => e.id !== shown?.id).map((e) => make("option", `${e.task} ${e.id.slice(0, 6)}`, { value: e.id })));
}

async function show(id) {
  shown = await ask(`/api/episodes/${id}`);
  byId("episode").hidden = false;
  byId("episode-title").textContent = shown.goal || shown.task;
  byId("episode-facts").textContent = `${shown.task} · seed ${shown.seed} · by ${shown.source} · ${shown.outcome}, reward ${shown.reward} · ${shown.reason}`;
  byId("tags").value = shown.tags.join(", ");
  byId("trim-first").value = 1;
  byId("trim-last").value = shown.steps.length;
  byId("trim-first").max = byId("trim-last").max = shown.steps.length;
  byId("position").max = shown.steps.length;
  byId("export").href = `/api/episodes/${id}/page`;
  list();
  go(0);
}

function go(index) {
  const at = Math.max(0, Math.min(shown.steps.length, index));
  byId("position").value = at;
  byId("episode-picture").src = `/api/episodes/${shown.id}/pictures/${at}`;
  const step = shown.steps[at];
  const marks = step ? [step.intervention ? "a person took over" : step.actor, ...(step.imitate ? [] : ["not to be imitated"]), ...(step.error ? [step.error] : [])] : [];
  byId("episode-step").textContent = step ? `${at + 1} of ${shown.steps.length}: ${step.action} (${marks.join("; ")})` : `the end: ${shown.outcome}`;
}

const position = () => Number(byId("position").value);

function play() {
  clearInterval(playing);
  const on = byId("play").getAttribute("aria-pressed") !== "true";
  byId("play").setAttribute("aria-pressed", on);
  if (!on) return;
  if (position() >= shown.steps.length) go(0);
  playing = setInterval(() => {
    go(position() + 1);
    if (position() >= shown.steps.length) play();
  }, PLAY_MS);
}

async function rate(body) {
  await ask(`/api/episodes/${shown.id}/ratings`, { sure: Number(byId("sure").value), ...body });
  tell("The rating is stored.");
  await openGallery();
}

export function setUpGallery() {
  byId("filter").oninput = list;
  byId("first").onclick = () => go(0);
  byId("previous").onclick = () => go(position() - 1);
  byId("next").onclick = () => go(position() + 1);
  byId("position").oninput = () => go(position());
  byId("play").onclick = play;
  byId("trim-form").onsubmit = trying(async () => {
    const range = { first: Number(byId("trim-first").value) - 1, last: Number(byId("trim-last").value) };
    const { id } = await ask(`/api/episodes/${shown.id}/trim`, range);
    tell(`The trimmed episode is ${id}.`);
    await openGallery(id);
  });
  byId("tag-form").onsubmit = trying(async () => {
    const tags = byId("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
    await ask(`/api/episodes/${shown.id}/tags`, { tags });
    tell("The tags are stored.");
    await openGallery(shown.id);
  });
  for (const value of [1, 2, 3, 4, 5]) {
    byId("stars").append(make("button", `${value}★`, { type: "button", "data-kind": "stars", "data-value": value, "aria-label": `${value} of 5 stars` }));
  }
  for (const button of byId("rate-form").querySelectorAll("[data-kind]")) {
    button.onclick = trying(() => rate({ kind: button.dataset.kind, value: Number(button.dataset.value) }));
  }
  byId("rate-form").onsubmit = trying(() => rate({ kind: "preference", value: 1, other: byId("worse").value }));
}
