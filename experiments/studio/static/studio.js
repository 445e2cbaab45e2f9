// Shows one part of the studio at a time: consent, recording, agents, gallery.

import { ask, counted, make, tell, trying } from "/static/api.js";
import { openGallery, setUpGallery } from "/static/gallery.js";
import { Live } from "/static/live.js";

const byId = (id) => document.getElementById(id);
const GRID_MS = 500;
let state = {};
let live = null;
let part = ""; // the one that is shown
let grid = 0;

async function load() {
  state = await ask("/api/state");
  byId("who").textContent = state.consent ? `Recording as ${state.consent.subject}` : "No consent given yet";
  byId("consent-text").replaceChildren(...state.text.split("\n\n").map((text) => make("p", text)));
  byId("days").replaceChildren(...state.days.map((days) => make("option", `${days} days`, { value: days })));
  byId("tasks").replaceChildren(...state.tasks.map(({ name }) => make("option", "", { value: name })));
  if (!byId("task").value && state.tasks.length) byId("task").value = state.tasks[0].name;
  byId("consent-form").hidden = Boolean(state.consent);
  byId("earlier-form").hidden = Boolean(state.consent);
  byId("revoke-form").hidden = !state.consent;
  byId("agreed-as").textContent = state.consent?.subject ?? "";
  byId("agreed-by").textContent = state.consent?.recorder ?? "";
  byId("agreed-until").textContent = state.consent?.expires_at.slice(0, 10) ?? "";
}

// Do something that ends what is being recorded, unless the person stays with it.
const settled = (work) => trying(async () => {
  if (!live || (await live.settle())) await work();
});

async function begin() {
  const seed = byId("seed").value === "" ? {} : { seed: Number(byId("seed").value) };
  const target = live ?? record();
  tell("");
  await target.send("begin", { task: byId("task").value, ...seed });
  target.keys.focus({ preventScroll: true });
}

function record() {
  live = new Live(byId("live-place"), "/live", { onNext: settled(next), onKept: () => byId("task").focus(), onGone: forget });
  return live;
}

function forget() {
  live = null;
}

async function next() {
  const names = state.tasks.map(({ name }) => name);
  const at = names.indexOf(byId("task").value);
  if (names.length) byId("task").value = names[(at + 1) % names.length];
  await begin();
}

async function showGrid() {
  const agents = await ask("/api/agents");
  byId("no-agents").hidden = agents.length > 0;
  const items = byId("grid").children;
  agents.forEach((agent, index) => {
    const button = items[index]?.firstElementChild ?? addAgent(index);
    const [picture, name, facts] = button.children;
    picture.src = `/api/agents/${index}/picture?at=${Date.now()}`;
    picture.alt = `What ${agent.name} sees`;
    name.textContent = `${index + 1}. ${agent.task}`;
    facts.textContent = agent.trouble || `${agent.driver === "human" ? "a person acts" : "agent"} · step ${agent.steps} · ${counted(agent.episodes, "episode")}`;
  });
}

function addAgent(index) {
  const item = make("li");
  const button = make("button", "", { type: "button" });
  button.append(make("img"), make("b"), make("small"));
  button.onclick = () => openAgent(index);
  item.append(button);
  byId("grid").append(item);
  return button;
}

function openAgent(index) {
  live?.close();
  live = new Live(byId("agent-place"), `/live/${index}`, { agent: true, onGone: forget });
  live.keys.focus();
}

async function route() {
  const wanted = ["consent", "record", "agents", "gallery"].find((id) => location.hash === `#${id}`) ?? (state.consent ? "record" : "consent");
  if (live && wanted === part) return;
  if (live && !(await live.settle())) {
    location.hash = part;
    return;
  }
  part = wanted;
  clearInterval(grid);
  live?.close();
  live = null;
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== part;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${part}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (part === "gallery") await openGallery();
  if (part === "agents") {
    await showGrid();
    grid = setInterval(trying(showGrid), GRID_MS);
  }
}

byId("consent-form").onsubmit = trying(async () => {
  await ask("/api/consent", { subject: byId("subject").value, days: Number(byId("days").value), agree: byId("agree").checked });
  await load();
  tell("Thank you. Choose a task and begin.");
  location.hash = "#record";
});
async function takeBack(subject) {
  const { deleted } = await ask("/api/revocation", { subject });
  await load();
  tell(`The consent is taken back; ${counted(deleted, "episode")} deleted.`);
}
byId("revoke-form").onsubmit = trying(() => takeBack(state.consent.subject));
byId("earlier-form").onsubmit = trying(() => takeBack(byId("earlier").value));
byId("begin-form").onsubmit = settled(begin);
document.addEventListener("keydown", (event) => {
  if (!live?.agent || event.target === live.keys || event.target.matches("input, textarea, select")) return;
  live.shortcut(event);
});
setUpGallery();
addEventListener("beforeunload", (event) => {
  if (live?.unkept) event.preventDefault();
});
addEventListener("hashchange", trying(route));
trying(async () => { await load(); await route(); })();
