"""A page with one button for each way in which a page may send something."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.experiments.compiler.sites.serving import Asked, Reply, Served, page

SENDER = """
const post = (path, body, type = "application/json") =>
  fetch(path, { method: "POST", body, headers: { "content-type": type } }).catch(() => {});
const ways = {
  "GET": () => fetch("/read"),
  "Search": () => post("/search", JSON.stringify({ q: "oak" })),
  "GraphQL query": () => post("/graphql", JSON.stringify({ query: "{ notes { id } }" })),
  "GraphQL mutation": () => post("/graphql", JSON.stringify({ query: "\\n mutation { wipe }" })),
  "POST": () => post("/write", JSON.stringify({ title: "Oak", by: { name: "Anna" }, tags: ["a", 2], password: "x" })),
  "Form data": () => { const data = new FormData(); data.append("a", "1"); data.append("b", "2"); data.append("b", "3");
    return fetch("/write", { method: "POST", body: data }).catch(() => {}); },
  "PUT": () => fetch("/write", { method: "PUT", body: "x" }).catch(() => {}),
  "PATCH": () => fetch("/write", { method: "PATCH", body: "x" }).catch(() => {}),
  "DELETE": () => fetch("/write", { method: "DELETE" }).catch(() => {}),
  "Rejected": () => post("/reject", JSON.stringify({ code: 7 })),
  "XHR": () => { const asked = new XMLHttpRequest(); asked.open("POST", "/write"); asked.send("x"); },
  "Beacon": () => navigator.sendBeacon("/write", "x"),
  "Worker": () => new Worker(URL.createObjectURL(new Blob(
    [`fetch("${location.origin}/write", { method: "POST", body: "worker" })`]))),
  "Shared worker": () => new SharedWorker("/worker.js"),
  "WebSocket": () => new Promise((resolve) => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket");
    socket.onclose = () => resolve();
  }),
  "Keepalive": () => fetch("/write", { method: "POST", body: "x", keepalive: true }).catch(() => {}),
};
for (const [name, send] of Object.entries(ways)) {
  const button = document.createElement("button");
  button.textContent = name;
  button.onclick = async () => { await send(); document.getElementById("done").textContent = `sent ${name}`; };
  document.body.append(button);
}
"""


def sender(site: Served, asked: Asked) -> Reply:
    """A page with many ways to send something."""
    path = urlsplit(asked.path).path
    if path == "/worker.js":
        return Reply(body='fetch("/write", { method: "POST", body: "shared" })', kind="text/javascript")
    if path == "/reject":
        return Reply(body="no", status=422)
    if path == "/":
        form = (
            '<form action="/write" method="post"><input name="name" value="Anna"><input type="password" name="password"'
            ' value="x"><button>Submit</button></form><form action="/write" method="post" target="_blank"><button>'
            'Submit in a tab</button></form><p id="done">-</p>'
        )
        return page("Sender", form, script=SENDER)
    return page("Done", "<h1>Done</h1>")
