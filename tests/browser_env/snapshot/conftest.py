"""A small shop whose server counts every connection, to be recorded, stopped and replayed."""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from browser_env.action import parse_action
from browser_env.env import LoopThread
from browser_env.environment import Environment
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult
from browser_env.observation import Observation
from browser_env.options import BrowserOptions
from browser_env.snapshot.exchange import Snapshot
from browser_env.snapshot.har import write_snapshot
from browser_env.snapshot.recording import Recorder
from browser_env.task import Task

Say = Callable[[Observation], str | None]  # an action for what is seen; None while it is not there yet
MAX_WAITS = 100
PAGES = Path(__file__).parent / "pages"
BROTLI = base64.b64decode("GyMA+B2JcSyJu+8RSrEwuU5je5uTIHR5pcxAJYJKc4n70CA=")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".png": "image/png"}


class ShopHandler(BaseHTTPRequestHandler):
    """Serves ``pages/`` and a shopping list that POST requests change."""

    protocol_version = "HTTP/1.1"
    server: ShopServer

    def do_GET(self) -> None:
        self._count()
        path = urlsplit(self.path).path
        answers: dict[str, Callable[[], None]] = {
            "/": lambda: self._page("shop.html"),
            "/list": lambda: self._answer(200, ", ".join(self.server.items).encode()),
            "/old": lambda: self._answer(302, headers={"Location": "/moved"}),
            "/moved": lambda: self._answer(301, headers={"Location": "/target"}),
            "/target": lambda: self._answer(200, b"the target"),
            "/gzip": lambda: self._answer(200, gzip.compress(b"gzip says hello"), {"Content-Encoding": "gzip"}),
            "/brotli": lambda: self._answer(200, BROTLI, {"Content-Encoding": "br"}),
            "/empty": lambda: self._answer(204),
            "/unchanged": lambda: self._answer(304),
            "/range": self._range,
            "/nonce": lambda: self._answer(200, f"nonce {next(self.server.numbers)}".encode()),
            "/events": lambda: self._answer(200, b"data: one\n\n", {"Content-Type": "text/event-stream"}),
            "/cookie": lambda: self._answer(200, b"cookie set", {"Set-Cookie": "sid=secret-value; Path=/"}),
            "/teapot": lambda: self._answer(418, b"a teapot"),
            "/pixel.png": lambda: self._answer(200, PIXEL, {"Content-Type": "image/png"}),
        }
        answers.get(path, lambda: self._page(path.lstrip("/")))()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._count()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path == "/add":
            self.server.items.append(parse_qs(body.decode())["item"][0])
            self._answer(303, headers={"Location": "/"})
        elif path == "/upload":
            self._answer(200, f"{body.count(b'Content-Disposition')} parts".encode())
        else:
            self._answer(200, b"you said " + body)

    def _count(self) -> None:
        self.server.hits.append((self.command, self.path))

    def _range(self) -> None:
        text = b"0123456789"
        if "Range" not in self.headers:
            return self._answer(200, text)
        first, last = (int(part) for part in self.headers["Range"].removeprefix("bytes=").split("-"))
        return self._answer(206, text[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(text)}"})

    def _page(self, name: str) -> None:
        file = PAGES / name
        if file.is_file():
            self._answer(200, file.read_bytes(), {"Content-Type": TYPES[file.suffix]})
        else:
            self._answer(404, b"no such page")

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "text/plain"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal clean."""


class ShopServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), ShopHandler)
        self.connections = 0
        self.hits: list[tuple[str, str]] = []
        self.items = ["bread"]
        self.numbers = itertools.count()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no error of the server's."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Studio:
    """Plays tasks live, recorded and from snapshots in one browser, for synchronous tests."""

    def __init__(self, loop: LoopThread, folder: Path):
        self._loop = loop
        self._folder = folder
        self._host = loop.run(_make_host())
        self._environments: list[Environment] = []

    def environment(self, recorder: Recorder | None = None) -> Environment:
        self._environments.append(Environment(self._host, recorder=recorder))
        return self._environments[-1]

    def play(self, task: Task, actions: Sequence[str | Say], *, recorder: Recorder | None = None) -> list[StepResult]:
        """Return a result for the reset and one for each action; what was done, waits included, is in ``said``."""
        environment = self.environment(recorder)
        observation = self._loop.run(environment.reset(task, seed=1))
        results = [StepResult(observation=observation, misses=environment.misses)]
        self.said: list[str] = []
        waiting = deque(actions)
        while waiting:
            action = waiting[0] if isinstance(waiting[0], str) else waiting[0](results[-1].observation)
            self.said.append(action or "wait(100)")
            assert self.said.count("wait(100)") < MAX_WAITS, [e.name for e in results[-1].observation.elements]
            if action:
                waiting.popleft()
            results.append(self._loop.run(environment.step(parse_action(self.said[-1]))))
            assert results[-1].observation.error is None, (self.said[-1], results[-1].observation.error)
            if results[-1].outcome is not None:
                break
        self._loop.run(environment.close())
        return results

    def requests_of(self, task: Task, *, recorder: Recorder) -> tuple[int, int]:
        """Open a task's page; return how many requests it was waited for began and ended, and how many are open."""

        async def ask() -> tuple[int, int]:
            environment = Environment(self._host, recorder=recorder)
            await environment.reset(task, seed=1)
            traffic = environment.context.page.traffic
            await environment.close()
            return traffic.events, traffic.open_requests

        return self._loop.run(ask())

    def open_at_once(self, tasks: Sequence[Task], *, recorder: Recorder) -> None:
        """Open each task's page in an environment of its own, all at the same time."""

        async def open_all() -> None:
            environments = [Environment(self._host, recorder=recorder) for _ in tasks]
            pairs = zip(environments, tasks, strict=True)
            await asyncio.gather(*(environment.reset(task, seed=1) for environment, task in pairs))
            await asyncio.gather(*(environment.close() for environment in environments))

        self._loop.run(open_all())

    def record(self, task: Task, actions: list[str], name: str) -> Task:
        """Play a task live and return the same task from its snapshot; what was seen is kept in ``recorded``."""
        recorder = Recorder()
        self.recorded = self.play(task, actions, recorder=recorder)
        path = self._folder / name
        write_snapshot(self.snapshot(recorder), path)
        return replace(task, snapshot=str(path))

    def snapshot(self, recorder: Recorder) -> Snapshot:
        return self._loop.run(recorder.snapshot())

    def close(self) -> None:
        self._loop.run(self._host.close())


async def _make_host() -> BrowserHost:
    return BrowserHost(BrowserOptions(call_timeout_s=60))  # an application may take long at first


@pytest.fixture
def shop() -> Iterator[ShopServer]:
    server = ShopServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def studio(loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(loop, tmp_path_factory.mktemp("snapshots"))
    yield studio
    studio.close()
