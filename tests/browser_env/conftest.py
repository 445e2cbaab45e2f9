"""A real browser, shared by the tests that open pages in it, and the fixture pages' server."""

from __future__ import annotations

import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from browser_env.action import Action
from browser_env.browser import Browser
from browser_env.context import Context
from browser_env.env import LoopThread
from browser_env.environment import Environment
from browser_env.executor import execute
from browser_env.host import BrowserHost
from browser_env.observation import Element, Observation
from browser_env.observing import observe
from browser_env.options import BrowserOptions
from browser_env.page import Page
from browser_env.scripts import clock_script
from browser_env.task import Task, VerifierSpec
from rewards.evidence import Evidence

PAGES = Path(__file__).parent / "pages"
NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})


class _Handler(SimpleHTTPRequestHandler):
    """Serves the pages; ``/slow?ms=150`` answers late, ``/hang`` never, ``/empty`` with nothing, ``/count`` with
    how often it was asked,
    ``/redirect?to=URL`` elsewhere, ``/download?bytes=9`` with a file, with ``&late=150`` late."""

    hanging = threading.Event()
    asked = itertools.count(1)

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/hang":
            self.hanging.wait(60)
        elif path.path == "/slow":
            time.sleep(int(parse_qs(path.query)["ms"][0]) / 1000)
            self._answer(200, b"slow")
        elif path.path == "/count":
            self._answer(200, str(next(self.asked)).encode(), **{"Cache-Control": "max-age=9000"})
        elif path.path == "/empty":
            self._answer(204, b"")
        elif path.path == "/redirect":
            self._answer(302, b"", Location=parse_qs(path.query)["to"][0])
        elif path.path == "/download":
            time.sleep(int(parse_qs(path.query).get("late", ["0"])[0]) / 1000)
            size = int(parse_qs(path.query)["bytes"][0])
            self._answer(200, b"x" * size, **{"Content-Disposition": 'attachment; filename="../../report.csv"'})
        else:
            super().do_GET()

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error of the server's."""


class Tab:
    """A page of the shared browser, for synchronous tests."""

    def __init__(self, loop: LoopThread, context: Context):
        self.loop = loop
        self.context = context

    @property
    def page(self) -> Page:
        return self.context.page

    def evaluate(self, expression: str) -> Any:
        return self.loop.run(self.page.evaluate(expression))

    def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.loop.run(self.page.send(method, params))

    def observe(self, *, ignore: str | None = None, pixels: bool = False) -> Observation:
        return self.loop.run(observe(self.page, goal="", ignore=ignore, pixels=pixels)).observation

    def evidence(self) -> Evidence:
        evidence = self.loop.run(observe(self.page, goal="", ignore=None, pixels=False, with_evidence=True)).evidence
        assert evidence is not None
        return evidence

    def named(self, name: str) -> Element:
        return next(element for element in self.observe().elements if element.name == name)

    def act(self, action: Action, **given: Any) -> None:
        self.loop.run(execute(self.context, action, **given))

    def advance(self, ms: float) -> int:
        return int(self.loop.run(self.page.advance(ms))["ran"])


class Episodes:
    """An environment in a browser of its own, for synchronous tests."""

    def __init__(self, loop: LoopThread, options: BrowserOptions | None = None):
        self.loop = loop
        self.host = loop.run(_make_host(options))
        self.environment = Environment(self.host)

    def reset(self, task: Task, *, seed: int = 1) -> Observation:
        return self.loop.run(self.environment.reset(task, seed=seed))

    def step(self, action: Action) -> Any:
        return self.loop.run(self.environment.step(action))

    def close(self) -> None:
        self.loop.run(self.environment.close())
        self.loop.run(self.host.close())


async def _make_host(options: BrowserOptions | None) -> BrowserHost:
    return BrowserHost(options)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the fixture pages."""
    with _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(PAGES))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        _Handler.hanging.set()
        server.shutdown()


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def browser(loop: LoopThread) -> Iterator[Browser]:
    browser = loop.run(Browser.launch())
    yield browser
    loop.run(browser.close())


@pytest.fixture(scope="session")
def plain_browser(loop: LoopThread) -> Iterator[Browser]:
    """A browser that draws frames when it likes."""
    browser = loop.run(Browser.launch(BrowserOptions(frame_control=False)))
    yield browser
    loop.run(browser.close())


@pytest.fixture
def open_tab(loop: LoopThread, browser: Browser, site: str) -> Iterator[Callable[..., Tab]]:
    """Open a fixture page by its name, its clock under control; closed at the test's end."""
    tabs: list[Tab] = []

    def open_(name: str, *, browser: Browser = browser, viewport: tuple[int, int] = (400, 300)) -> Tab:
        context = loop.run(browser.new_context(viewport=viewport, scripts=[clock_script()]))
        tabs.append(Tab(loop, context))
        loop.run(context.page.navigate(f"{site}/{name}.html"))
        return tabs[-1]

    yield open_
    for tab in tabs:
        loop.run(tab.context.close())


@pytest.fixture(scope="session")
def episodes(loop: LoopThread) -> Iterator[Episodes]:
    episodes = Episodes(loop, BrowserOptions(call_timeout_s=3))
    yield episodes
    episodes.close()


@pytest.fixture(scope="session")
def other_episodes(loop: LoopThread, site: str) -> Iterator[Episodes]:
    """The same in another browser process, which finds the fixture pages at http://elsewhere.test too."""
    episodes = Episodes(loop, BrowserOptions(host_map=(("elsewhere.test", site.removeprefix("http://")),)))
    yield episodes
    episodes.close()


@pytest.fixture
def page_task(site: str) -> Callable[..., Task]:
    """Make a task of a fixture page that nothing solves, unless a verifier is given."""

    def make(name: str, *, verifier: VerifierSpec = NEVER, **fields: Any) -> Task:
        url = f"{site}/{name}" if name.startswith("hang") else f"{site}/{name}.html"
        return Task(name=f"test/{name}", url=url, goal="Try", viewport=(400, 300), verifier=verifier, **fields)

    return make
