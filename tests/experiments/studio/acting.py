"""What a person does on the studio's page, and what comes of doing a recording's actions again."""

from __future__ import annotations

import re

import numpy as np
from playwright.sync_api import Page, expect

from browser_env.environment import Environment
from browser_env.episode import Episode
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult
from browser_env.loop_thread import LoopThread
from replay.redaction import fill_in
from replay.store import ReplayStore
from tests.experiments.studio.running import Running

LARGER = 2.5  # how much larger a small page is shown
STEP_MS = 30_000  # that a step of a large application may take


def replayed(loop: LoopThread, episode: Episode, secrets: dict[int, str]) -> StepResult:
    """Do an episode's actions again from reset."""

    async def run() -> StepResult:
        host = BrowserHost()
        environment = Environment(host)
        try:
            await environment.reset(episode.task, seed=episode.seed)
            for step in episode.steps:
                result = await environment.step(fill_in(step.action, secrets))
            return result
        finally:
            await environment.close()
            await host.close()

    return loop.run(run())


def consent(page: Page) -> None:
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("I have read this").check()
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#begin-form")).to_be_visible()


def begin(page: Page, task: str, *, seed: int = 7) -> None:
    page.get_by_label("Task").fill(task)
    page.get_by_label("Seed").fill(str(seed))
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".live[data-count='0'][data-over='false'] .badge.recording", timeout=2 * STEP_MS)
    expect(page.locator(".rate")).not_to_be_empty()


def at(page: Page, x: float, y: float, *, scale: float = LARGER) -> tuple[float, float]:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    return box["x"] + x * scale, box["y"] + y * scale


def click_named(page: Page, studio: Running, name: str, *, role: str = "", scale: float = LARGER) -> None:
    """Click the middle of a control of the recorded page, with the mouse."""
    count = counted(page)
    page.mouse.click(*at(page, *place(studio, name, role=role), scale=scale))
    stepped(page, count)


def place(studio: Running, name: str, *, role: str = "") -> tuple[float, float]:
    (recording,) = studio.recordings()
    elements = recording.observation.elements
    return next(e for e in elements if e.visible and name in e.name and (not role or e.role == role)).center


def type_text(page: Page, text: str) -> None:
    """Type with the keyboard, and pause until that is a step."""
    count = counted(page)
    page.keyboard.type(text)
    stepped(page, count)


def choose(page: Page, label: str) -> None:
    """Choose in the studio's dialog an option of the closed list that was clicked."""
    page.get_by_role("listbox", name="Options").select_option(label)
    count = counted(page)
    page.get_by_role("button", name="Choose").click()
    stepped(page, count)


def drag(page: Page, *places: tuple[float, float], scale: float = LARGER) -> None:
    """Press at the first place, move along the others, and let go."""
    count = counted(page)
    page.mouse.move(*at(page, *places[0], scale=scale))
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(*at(page, x, y, scale=scale), steps=4)
    page.mouse.up()
    stepped(page, count)


def turn_wheel(page: Page, x: float, y: float, *turns: int, scale: float = LARGER) -> None:
    """Turn the wheel over a place of the recorded page."""
    count = counted(page)
    page.mouse.move(*at(page, x, y, scale=scale))
    for turn in turns:
        page.mouse.wheel(0, turn)
    stepped(page, count)


def counted(page: Page) -> int:
    return int(page.locator(".live").get_attribute("data-count") or -1)


def stepped(page: Page, count: int) -> None:
    """Wait until the page shows more steps, or the end."""
    expect(page.locator(".live")).not_to_have_attribute("data-count", str(count), timeout=STEP_MS)


def keep(page: Page, studio: Running, name: str = "Keep") -> Episode:
    page.locator(".live").get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#news")).to_contain_text("Kept as")
    found = re.match(r"Kept as (\w+)", page.locator("#news").inner_text())
    assert found is not None
    with ReplayStore(studio.store, read_only=True) as store:
        return store.get(found[1])


def same_end(episode: Episode, result: StepResult) -> None:
    assert result.outcome is episode.outcome
    assert result.reward == episode.reward
    assert result.observation.elements == episode.final.elements
    assert np.array_equal(result.observation.screenshot, episode.final.screenshot)
