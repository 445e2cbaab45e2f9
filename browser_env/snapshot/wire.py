"""What recording and replaying need of a page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from urllib.parse import unquote

from browser_env.snapshot.exchange import Answer, Headers, Request

WATCHED = "webdual:refused "  # what REFUSE_WORKERS writes before an address
REFUSE_WORKERS = """(() => {
  const report = console.debug.bind(console);
  const refuse = (script) => {
    report("webdual:refused " + new URL(script, location.href).href);
    return Promise.reject(new DOMException("Service workers are not available here.", "SecurityError"));
  };
  if (typeof ServiceWorkerContainer === "function") ServiceWorkerContainer.prototype.register = refuse;
})();"""  # a service worker's requests pass by a page's own
DEAD = "refused.invalid"  # the host that REFUSE_SOCKETS turns every WebSocket to; the guard lets nothing through to it
REFUSE_SOCKETS = """(() => {
  const construct = Reflect.construct, define = Object.defineProperty, Address = URL, base = () => document.baseURI;
  const escape = encodeURIComponent;
  window.WebSocket = new Proxy(WebSocket, {
    construct(target, given, made) {
      let url;
      try {
        url = new Address(given[0], base()).href.replace(/^http/, "ws");
      } catch {
        return construct(target, given, made);
      }
      const rest = given.length > 1 ? [given[1]] : [];
      const socket = construct(target, ["ws://refused.invalid/?" + escape(url), ...rest], made);
      return define(socket, "url", { value: url });
    },
  });
  WebSocket.prototype.constructor = WebSocket;
})();"""  # each fails before it is open, as it does while there is no network


class Wire(Protocol):
    """A page as DevTools shows it."""

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a command and return its result."""
        ...

    def post(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a command and do not wait for its answer."""
        ...

    def on(self, method: str, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with the parameters of each event of this name."""
        ...


def request_of(event: dict[str, Any]) -> Request:
    """Return the request of a ``Fetch.requestPaused``."""
    asked = event["request"]
    parts = [base64.b64decode(part.get("bytes", "")) for part in asked.get("postDataEntries", ())]
    return Request(
        method=asked["method"].upper(),
        url=asked["url"],
        headers=lower_headers(asked["headers"].items()),
        body=b"".join(parts) or asked.get("postData", "").encode("utf-8", "surrogatepass"),
        kind=event.get("resourceType", "other").lower(),
    )


def lower_headers(rows: Iterable[tuple[str, str]]) -> Headers:
    """Return headers with their names in lower case."""
    return tuple((name.lower(), value) for name, value in rows)


def refused_of(event: dict[str, Any]) -> str:
    """Return the address of the service worker that a ``Runtime.consoleAPICalled`` tells of, or nothing."""
    first = str(next((argument.get("value", "") for argument in event.get("args", ())), ""))
    told = event.get("type") == "debug" and first.startswith(WATCHED)
    return first.removeprefix(WATCHED) if told else ""


def socket_of(event: dict[str, Any]) -> str:
    """Return the address of the WebSocket that a ``Network.webSocketCreated`` tells of, as the page gave it."""
    url = str(event["url"])
    start = f"ws://{DEAD}/?"
    return unquote(url.removeprefix(start)) if url.startswith(start) else url


def fulfil(wire: Wire, request_id: str, answer: Answer) -> None:
    """Give a paused request its answer."""
    params = {
        "requestId": request_id,
        "responseCode": answer.status,
        "responseHeaders": [{"name": name, "value": value} for name, value in answer.headers],
        "body": base64.b64encode(answer.body).decode(),
    }
    wire.post("Fetch.fulfillRequest", params)
