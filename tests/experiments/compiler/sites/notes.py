"""A single-page application: one document, hash routes, everything by fetch."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.experiments.compiler.sites.serving import Asked, Reply, Served, gone, page

NOTES = """
const main = document.querySelector("main");
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const get = async (path) => (await fetch(path)).json();
async function list(filter = "", word = "") {
  const { notes } = await get(`/api/notes?filter=${filter}&q=${encodeURIComponent(word)}&_=${Date.now()}`);
  main.innerHTML = `<h1>Notes</h1><label>Show <select id="filter">${["", "open", "done"].map((f) =>
    `<option value="${f}" ${f === filter ? "selected" : ""}>${f || "all"}</option>`).join("")}</select></label>
    <input id="word" type="search" placeholder="Find notes" value="${escape(word)}">
    <table><thead><tr><th>Title</th><th>Owner</th><th>Effort</th></tr></thead><tbody>${notes.map((n) =>
    `<tr><td><a href="#/note/${n.id}">${escape(n.title)}</a></td><td>${n.owner}</td><td>${n.effort}</td></tr>`)
    .join("")}
    </tbody></table><p>${notes.length} notes</p><label>New note <input id="title" name="title" required></label>
    <button id="add">Add note</button>`;
  document.getElementById("filter").onchange = (event) => list(event.target.value, word);
  document.getElementById("word").onkeydown = (event) => {
    if (event.key === "Enter") list(filter, event.target.value);
  };
  document.getElementById("add").onclick = async () => {
    const title = document.getElementById("title").value;
    const body = JSON.stringify({ title, by: { name: "guest" } });
    await fetch("/api/notes", { method: "POST", headers: { "content-type": "application/json" }, body });
    list(filter, word);
  };
}
async function note(id) {
  const n = await get(`/api/notes/${id}`);
  main.innerHTML = `<h1>${escape(n.title)}</h1><dl><dt>Owner</dt><dd>${n.owner}</dd><dt>Effort</dt>
    <dd>${n.effort} hours</dd>
    </dl><button id="more" aria-expanded="false">Show history</button><div id="history" hidden>Created in May.</div>
    <label><input id="done" type="checkbox" ${n.done ? "checked" : ""}> Done</label><a href="#/">Back to all notes</a>`;
  const more = document.getElementById("more");
  more.onclick = () => {
    const open = more.getAttribute("aria-expanded") !== "true";
    more.setAttribute("aria-expanded", open);
    document.getElementById("history").hidden = !open;
  };
  document.getElementById("done").onchange = (event) =>
    fetch(`/api/notes/${id}`, { method: "PATCH", body: JSON.stringify({ done: event.target.checked }) });
}
function settings() {
  main.innerHTML = `<h1>Settings</h1><div role="radiogroup" aria-label="Theme"><label><input type="radio" name="theme"
    value="light" checked> Light</label><label><input type="radio" name="theme" value="dark"> Dark</label></div>
    <label>Language <select name="language"><option>English</option><option>Swedish</option></select></label>`;
}
async function route() {
  const [, kind, id] = location.hash.split("/");
  document.title = kind === "settings" ? "Settings" : kind === "note" ? `Note ${id}` : "Notes";
  await (kind === "settings" ? settings() : kind === "note" ? note(id) : list());
}
addEventListener("hashchange", route);
route();
"""
TITLES = (
    "Water the plants",
    "Book a dentist",
    "Paint the fence",
    "Call the bank",
    "Renew the passport",
    "Fix the bike",
)
OWNERS = ("Anna", "Bo", "Carla")


def first_notes() -> list[dict[str, Any]]:
    """Return the notes as they are before anybody changes them."""
    return [
        {"id": n, "title": title, "owner": OWNERS[n % 3], "effort": 1 + n * 5 % 7, "done": n % 2 == 0}
        for n, title in enumerate(TITLES, start=1)
    ]


def notes(site: Served, asked: Asked) -> Reply:
    """A single-page application with a JSON back end."""
    kept: list[dict[str, Any]] = site.data.setdefault("notes", first_notes())
    parts = urlsplit(asked.path)
    if parts.path == "/":
        nav = '<nav><a href="#/">Notes</a> <a href="#/settings">Settings</a></nav><main>Loading</main>'
        return page("Notes", nav, script=NOTES)
    if parts.path == "/api/notes" and asked.method == "POST":
        kept.append({"owner": "Anna", "effort": 1, "done": False, **json.loads(asked.body), "id": len(kept) + 1})
        return Reply(body=json.dumps(kept[-1]), status=201, kind="application/json")
    if parts.path == "/api/notes":
        query = dict(parse_qsl(parts.query))
        shown = [n for n in kept if query.get("filter", "") in ("", "done" if n["done"] else "open")]
        shown = [n for n in shown if query.get("q", "").lower() in n["title"].lower()]
        return Reply(body=json.dumps({"notes": shown, "now": time.time()}), kind="application/json")
    number = parts.path.removeprefix("/api/notes/")
    if number.isdigit() and 1 <= int(number) <= len(kept):
        if asked.method in ("PATCH", "PUT"):
            kept[int(number) - 1].update(json.loads(asked.body))
        return Reply(body=json.dumps(kept[int(number) - 1]), kind="application/json")
    return gone()
