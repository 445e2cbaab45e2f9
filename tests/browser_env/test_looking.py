from dataclasses import replace

import pytest

from browser_env.action import Action, Click, Point, Press, Scroll
from browser_env.env import LoopThread
from browser_env.environment import Environment
from browser_env.executor import execute
from browser_env.host import BrowserHost
from browser_env.looking import View, look, rest
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation

SCROLLED = ("scroll-text-2", "click-scroll-list", "email-inbox")
TASKS = ("click-checkboxes", "click-dialog-2", "click-tab-2", "count-shape", "use-spinner", "click-pie")
NUM_STEPS = 6


def _choose(observation: Observation, step: int) -> Action:
    if step % 3 == 1:
        return Scroll(Point(80.0, 120.0), 0.0, 40.0)
    if step % 3 == 2:
        return Press("PageDown" if step == 2 else "Tab")
    ids = [e.id for e in observation.elements if e.visible and "clickable" in e.states and e.role != "option"]
    return Click(ids[step % len(ids)]) if ids else Press("Tab")


async def _step_by_step(environment: Environment, view: View, observation: Observation) -> list[Observation]:
    """Take the plain path: locate, let page time pass, draw, read, one after the other."""
    found = []
    for step in range(NUM_STEPS):
        environment.context.page.aims = {}
        await execute(environment.context, _choose(observation, step))
        await rest(view, ms=view.task.step_ms)
        observation = (await look(view)).observation
        found.append(observation)
    return found


async def _in_turns(environment: Environment, observation: Observation) -> list[Observation]:
    found = []
    for step in range(NUM_STEPS):
        result = await environment.step(_choose(observation, step))
        observation = result.observation
        found.append(observation)
        if result.outcome is not None:
            break
    return found


@pytest.mark.parametrize(
    ("name", "pixels"), [*((name, True) for name in TASKS), *((name, False) for name in TASKS + SCROLLED)]
)
def test_turns_show_what_the_plain_path_shows(name: str, pixels: bool, loop: LoopThread) -> None:
    task = replace(miniwob_task(name), max_steps=10)

    async def both() -> tuple[list[Observation], list[Observation]]:
        host = BrowserHost()
        turning, plain = Environment(host, pixels=pixels), Environment(host, pixels=pixels)
        first = await turning.reset(task, seed=3)
        assert await plain.reset(task, seed=3) == first
        turned = await _in_turns(turning, first)
        view = View(context=plain.context, task=task, goal=first.goal, pixels=pixels)
        walked = await _step_by_step(plain, view, first)
        for environment in (turning, plain):
            await environment.close()
        await host.close()
        return turned, walked

    turned, walked = loop.run(both())
    assert turned
    assert turned == walked[: len(turned)]
