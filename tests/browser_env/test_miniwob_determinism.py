"""The same task, seed and actions give the same observations, pixels included.

A third of the pages is played; ``WEBDUAL_EVERY=1`` plays all of them.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from browser_env.action import parse_action
from browser_env.env import LoopThread
from browser_env.environment import Environment
from browser_env.host import BrowserHost
from browser_env.miniwob import miniwob_task, task_names
from browser_env.observation import Observation
from rewards.outcome import Outcome
from tests.browser_env.sampling import EVERY

NUM_ACTIONS = 6
TYPED = ("textbox", "combobox", "spinbutton", "searchbox")
LIVELY = (  # pages that move by themselves or are animated
    "book-flight",
    "button-delay",
    "chase-circle",
    "choose-date",
    "click-collapsible",
    "click-collapsible-2",
    "click-menu",
    "click-pie",
    "flight-AA",
    "hover-shape",
    "login-user-popup",
    "moving-items",
    "simon-says",
    "social-media",
    "stock-market",
    "terminal",
    "use-autocomplete",
    "use-colorwheel",
)
BUSY = "while True: pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was seen after an action, and what the action earned."""

    observation: Observation
    action: str = ""
    outcome: Outcome | None = None
    reward: float = 0.0


def choose(chance: random.Random, observation: Observation, size: tuple[int, int]) -> str:
    """Return some action that fits what is seen."""
    seen = [element for element in observation.elements if element.visible]
    target = chance.choice(seen).id if seen else "(5, 60)"
    start, end = [f"({chance.randrange(5, size[0] - 5)}, {chance.randrange(52, size[1] - 5)})" for _ in range(2)]
    fields = [element.id for element in seen if element.role in TYPED]
    typed = f"type({chance.choice(fields)}, '{chance.choice(['ab', '7', 'Anna'])}')" if fields else f"click({start})"
    others = (
        typed,
        f"click({start})",
        f"drag([{start}, {end}])",
        f"press('{chance.choice(['Tab', 'ArrowDown', 'ArrowRight', 'Enter'])}')",
        f"scroll({start}, 0, {chance.choice([40, 120, -40])})",
        f"hover({target})",
        f"wait({chance.choice([50, 400, 1300])})",
    )
    return chance.choice([f"click({target})"] * 4 + list(others))


async def play(environment: Environment, name: str, seed: int) -> list[Moment]:
    task, chance = miniwob_task(name), random.Random(zlib.crc32(name.encode()) + seed)
    moments = [Moment(observation=await environment.reset(task, seed=seed))]
    while len(moments) <= NUM_ACTIONS and moments[-1].outcome is None:
        action = choose(chance, moments[-1].observation, task.viewport)
        result = await environment.step(parse_action(action))
        moments.append(
            Moment(observation=result.observation, action=action, outcome=result.outcome, reward=result.reward)
        )
    return moments


async def play_in_fresh_pages(names: Sequence[str]) -> dict[str, list[Moment]]:
    host = BrowserHost()
    environment, played = Environment(host), {}
    for name in names:
        await environment.close()
        played[name] = await play(environment, name, 3)
    await environment.close()
    await host.close()
    return played


async def play_in_used_pages(names: Sequence[str]) -> dict[str, list[Moment]]:
    host = BrowserHost()
    environment, played = Environment(host), {}
    for name in names:
        await play(environment, name, 77)
        played[name] = await play(environment, name, 3)
    await environment.close()
    await host.close()
    return played


def difference(one: Sequence[Moment], other: Sequence[Moment]) -> str:
    """Say in few words where two episodes part, or nothing."""
    for index, (first, second) in enumerate(zip(one, other, strict=False)):
        if (first.action, first.outcome, first.reward) != (second.action, second.outcome, second.reward):
            return f"step {index}: {first.action} {first.outcome}, {second.action} {second.outcome}"
        pairs = zip(first.observation.elements, second.observation.elements, strict=False)
        if unlike := [f"{a} is not {b}" for a, b in pairs if a != b]:
            return f"step {index} after {first.action}: {unlike[0]}"
        assert first.observation.screenshot is not None
        if not np.array_equal(first.observation.screenshot, second.observation.screenshot):  # type: ignore[arg-type]
            return f"step {index} after {first.action}: other pixels"
        if first.observation != second.observation:
            return f"step {index} after {first.action}: something else"
    return "" if len(one) == len(other) else "one is longer"


def differences(one: dict[str, list[Moment]], other: dict[str, list[Moment]]) -> dict[str, str]:
    return {name: told for name in one if (told := difference(one[name], other[name]))}


@contextmanager
def busy_processor() -> Iterator[None]:
    """Keep two processes spinning."""
    with ExitStack() as stack:
        for _ in range(2):
            process = subprocess.Popen([sys.executable, "-c", BUSY])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def test_a_used_page_in_another_browser_shows_the_same_as_a_fresh_one(loop: LoopThread) -> None:
    async def both() -> list[dict[str, list[Moment]]]:
        names = task_names()[::EVERY]
        return await asyncio.gather(play_in_fresh_pages(names), play_in_used_pages(names))

    fresh, used = loop.run(both())
    assert differences(fresh, used) == {}
    assert not any(moments[-1].outcome is Outcome.INFRA_ERROR for moments in fresh.values())


def test_a_busy_processor_changes_nothing(loop: LoopThread) -> None:
    lively = LIVELY[::EVERY]
    quiet = loop.run(play_in_fresh_pages(lively))
    with busy_processor():
        busy = loop.run(play_in_used_pages(lively))
    assert differences(quiet, busy) == {}
