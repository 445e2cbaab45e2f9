// The gallery: sessions, playback step by step, trimming, tags, ratings, export.

import { ask, counted, download, make, tell, trying } from "/static/api.js";

const byId = (id) => document.getElementById(id);
const PLAY_MS = 700;
let episodes = [];
let shown = null;
let rival = null; // the episode beside it, while two are compared
let playing = 0;

export async function openGallery(wanted) {
  episodes = await ask("/api/episodes");
  const { damaged } = await ask("/api/notes");
  byId("damaged").textContent = damaged ? `Damaged and left out: ${counted(damaged, "rating or tag", "ratings or tags")}. 'webdual demos verify' names them.` : "";
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
  listRivals();
}

// Those of the same task come first.
function listRivals() {
  const others = episodes.filter((e) => e.id !== shown?.id);
  const ordered = [...others.filter((e) => e.task === shown?.task), ...others.filter((e) => e.task !== shown?.task)];
  const name = (e) => `${e.task} · seed ${e.seed} · ${e.outcome} · ${e.id.slice(0, 6)}`;
  byId("worse").replaceChildren(make("option", "choose an episode", { value: "" }), ...ordered.map((e) => make("option", name(e), { value: e.id })));
  byId("worse").value = rival?.id ?? "";
}

async function compareWith(id) {
  rival = id ? await ask(`/api/episodes/${id}`) : null;
  byId("rival").hidden = !rival;
  go(position());
}

async function show(id) {
  shown = await ask(`/api/episodes/${id}`);
  rival = null;
  byId("rival").hidden = true;
  byId("episode").hidden = false;
  byId("episode-title").textContent = shown.goal || shown.task;
  byId("episode-facts").textContent = `${shown.task} · seed ${shown.seed} · by ${shown.source} · ${shown.outcome}, reward ${shown.reward} · ${shown.reason}`;
  byId("tags").value = shown.tags.join(", ");
  byId("trim-first").value = 1;
  byId("trim-last").value = shown.steps.length;
  byId("trim-first").max = byId("trim-last").max = shown.steps.length;
  byId("position").max = shown.steps.length;
  list();
  go(0);
}

function go(index) {
  byId("position").value = picture("episode", shown, index);
  if (rival) picture("rival", rival, index);
}

// Show a step of an episode, or its end where it has fewer; return which.
function picture(place, episode, index) {
  const at = Math.max(0, Math.min(episode.steps.length, index));
  byId(`${place}-picture`).src = `/api/episodes/${episode.id}/pictures/${at}`;
  const step = episode.steps[at];
  const marks = step ? [step.intervention ? "a person took over" : step.actor, ...(step.imitate ? [] : ["not to be imitated"]), ...(step.error ? [step.error] : [])] : [];
  byId(`${place}-step`).textContent = step ? `${at + 1} of ${episode.steps.length}: ${step.action} (${marks.join("; ")})` : `the end: ${episode.outcome}`;
  return at;
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
  byId("export-form").onsubmit = trying(async () => {
    await download(`/api/episodes/${shown.id}/exports/${byId("export-as").value}`);
    tell("The export is with your downloads.");
  });
  for (const value of [1, 2, 3, 4, 5]) {
    byId("stars").append(make("button", `${value}★`, { type: "button", "data-kind": "stars", "data-value": value, "aria-label": `${value} of 5 stars` }));
  }
  for (const button of byId("rate-form").querySelectorAll("[data-kind]")) {
    button.onclick = trying(() => rate({ kind: button.dataset.kind, value: Number(button.dataset.value) }));
  }
  byId("worse").onchange = trying(() => compareWith(byId("worse").value));
  byId("rate-form").onsubmit = trying(async () => {
    if (!rival) return tell("Choose the episode that this one is better than.");
    await rate({ kind: "preference", value: 1, other: rival.id });
  });
}
