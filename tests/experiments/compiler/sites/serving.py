"""Small sites with real servers, each with its request log.

``with served(shop) as site:`` gives ``site.url`` and ``site.log``; what a site was told is in ``site.data``.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from browser_env.snapshot.robots import Manners


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server got it."""

    method: str
    path: str  # with its query
    body: str = ""
    cookie: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a page is answered."""

    body: str
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


App = Callable[["Served", Asked], Reply]


@dataclass(kw_only=True)
class Served:
    """A site that is up."""

    app: App
    url: str = ""
    log: list[Asked] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)  # what the application keeps
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    @property
    def changes(self) -> list[Asked]:
        """The requests that were neither GET nor HEAD nor OPTIONS."""
        return [asked for asked in self.log if asked.method not in ("GET", "HEAD", "OPTIONS")]


class Strict(Manners):
    """Manners that hold on this machine too: what has one of these in its address is closed."""

    def __init__(self, *closed: str):
        super().__init__(delay_s=0.0, user_agent="")
        self.asked: list[str] = []
        self._closed = closed

    async def why_not(self, url: str) -> str:
        """Return why an address may not be visited, or nothing."""
        self.asked.append(url)
        return "is closed by robots.txt" if any(part in url for part in self._closed) else ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, site: Served):
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        asked = Asked(method=self.command, path=self.path, body=body, cookie=self.headers.get("Cookie", ""))
        self.server.site.log.append(asked)
        reply = self.server.site.app(self.server.site, asked)
        data = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal clean."""


@contextmanager
def served(app: App) -> Iterator[Served]:
    """Serve a site until the end of the block."""
    site = Served(app=app)
    with _Server(site) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_address[1]}/"
        yield site
        server.shutdown()


def page(title: str, body: str, *, head: str = "", script: str = "") -> Reply:
    """Return a page."""
    text = f"<!DOCTYPE html><html lang=en><head><title>{title}</title>{head}</head><body>{body}"
    return Reply(body=f"{text}<script>{script}</script></body></html>")


def gone() -> Reply:
    """Say that there is no such page."""
    return Reply(body="<title>Not found</title><h1>Not found</h1>", status=404)


def redirect(place: str, *headers: tuple[str, str]) -> Reply:
    """Lead elsewhere after a form was sent."""
    return Reply(body="", status=303, headers=(("Location", place), *headers))
