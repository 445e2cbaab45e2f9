"""A studio that serves, and a person's browser that opens it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser_env.locate import find_browser
from browser_env.loop_thread import LoopThread
from browser_env.task import Task, VerifierSpec
from tests.experiments.studio.running import Running

PAGES = Path(__file__).parent / "pages"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal clean."""


@pytest.fixture(scope="module")  # Playwright keeps an event loop running on this thread
def person() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_browser().path), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a studio over a store of its own."""
    running: list[Running] = []

    def start(folder: str = "store", **offered: Any) -> Running:
        running.append(Running(tmp_path / folder, **offered))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def visit(person: Browser) -> Iterator[Callable[..., Page]]:
    """Open a studio as a person does, with the address that it printed."""
    pages: list[Page] = []

    def opened(running: Running, *, touch: bool = False) -> Page:
        page = person.new_context(viewport={"width": 1500, "height": 1100}, has_touch=touch).new_page()
        pages.append(page)
        page.goto(running.entrance)
        return page

    yield opened
    for page in pages:
        page.context.close()


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def shop() -> Iterator[str]:
    """The address of the fixture application."""
    handler = functools.partial(_Quiet, directory=str(PAGES))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def shop_task(shop: str) -> Task:
    return Task(
        name="test/shop",
        url=f"{shop}/shop.html",
        goal="Put the lamp into the basket, choose blue, write a note, sign in and order",
        viewport=(640, 480),
        verifier=VerifierSpec(name="text", params={"contains": "Ordered"}),
    )
