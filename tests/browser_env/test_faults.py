"""An exception in any place leaves nothing behind: no process, no folder, no descriptor."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import browser_env
from browser_env.action import Click
from browser_env.browser import Browser
from browser_env.chromium import PREFIX
from browser_env.environment import Environment
from browser_env.errors import InfraError
from browser_env.host import BrowserHost
from browser_env.miniwob import miniwob_task
from browser_env.options import BrowserOptions
from tests.browser_env.processes import family, wait_until_gone

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

PACKAGE = str(Path(browser_env.__file__).parent)
PLACES = 24
LAUNCH = 0.06  # of all lines; half of the places lie there


class InjectedError(Exception):
    """What fails where nothing should."""


@dataclass(slots=True)
class Saboteur:
    """Counts the lines of the package that run, and fails in one of them."""

    at: int = 0  # never
    lines: int = 0
    hit: str = ""
    logged: list[str] = field(default_factory=list)  # by the event loop

    def watch(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        return self.line if frame.f_code.co_filename.startswith(PACKAGE) else None

    def line(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                self.hit = f"{frame.f_code.co_qualname}, line {frame.f_lineno}"
                raise InjectedError(self.hit)
        return self.line


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds: processes, profiles and descriptors."""

    pids: frozenset[int] = field(default_factory=lambda: frozenset(family(os.getpid())))
    profiles: frozenset[Path] = field(
        default_factory=lambda: frozenset(Path(tempfile.gettempdir()).glob(f"{PREFIX}{os.getpid()}-*"))
    )
    descriptors: int = field(default_factory=lambda: len(list(Path("/proc/self/fd").iterdir())))


def check_nothing_more_than(before: Held) -> None:
    gc.collect()  # a browser ends with the last who has it, at the latest
    assert not wait_until_gone([*Held().pids - before.pids])
    after = Held()
    assert after.profiles <= before.profiles
    assert after.descriptors <= before.descriptors


async def life(saboteur: Saboteur) -> None:
    """Start a browser, begin an episode, take a step, and close, which nothing hinders."""
    asyncio.get_running_loop().set_exception_handler(lambda _, context: saboteur.logged.append(context["message"]))
    host = BrowserHost(BrowserOptions(call_timeout_s=2.0))
    environment = Environment(host)
    sys.settrace(saboteur.watch)
    try:
        await environment.reset(miniwob_task("click-test"), seed=1)
        await environment.step(Click("e1"))
    finally:
        sys.settrace(None)
        await environment.close()
        await host.close()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a browser that has been broken less time to start."""
    monkeypatch.setattr("browser_env.browser.START_S", 5.0)


@pytest.fixture(scope="module")
def lines() -> int:
    saboteur = Saboteur()
    asyncio.run(life(saboteur))
    assert not saboteur.logged
    return saboteur.lines


@pytest.mark.parametrize("place", range(PLACES))
def test_an_exception_in_any_place_leaves_nothing(place: int, lines: int) -> None:
    half = PLACES // 2
    share = LAUNCH * place / half if place < half else LAUNCH + (0.9 - LAUNCH) * (place - half) / half
    saboteur, before = Saboteur(at=1 + int(share * lines)), Held()
    try:
        asyncio.run(life(saboteur))
    except (InjectedError, InfraError):
        pass
    else:
        assert saboteur.logged, "it was raised to the event loop, or never"
    assert saboteur.hit
    check_nothing_more_than(before)


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.02, 0.05, 0.1])
def test_a_launch_that_is_given_up_leaves_nothing(after_s: float) -> None:
    async def give_up() -> None:
        async with asyncio.timeout(after_s):
            browser = await Browser.launch()
        await browser.close()

    before = Held()
    with contextlib.suppress(TimeoutError):
        asyncio.run(give_up())
    check_nothing_more_than(before)
