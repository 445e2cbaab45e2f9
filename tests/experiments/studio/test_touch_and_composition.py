"""Fingers and input methods at the studio's page: what they do is done on the recorded page, and again from reset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, expect

from browser_env.action import Action, Click, RightClick, Scroll, Type
from browser_env.episode import Episode
from browser_env.loop_thread import LoopThread
from browser_env.task import NEVER, Task
from experiments.studio.gestures import LONG_MS
from rewards.outcome import Outcome
from tests.experiments.studio.acting import at, begin, consent, counted, keep, place, replayed, stepped
from tests.experiments.studio.running import Running


class Finger:
    """One finger on the studio's page; places are those of the recorded one."""

    def __init__(self, page: Page):
        self._page = page
        self._devtools = page.context.new_cdp_session(page)

    def touch(self, kind: str, *place_: float) -> None:
        """Come down, move, go up or be taken away: touchStart, touchMove, touchEnd, touchCancel."""
        points = [dict(zip("xy", at(self._page, *place_, scale=1), strict=True))] if place_ else []
        self._devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def tap(page: Page, running: Running, name: str, *, role: str = "") -> None:
    count = counted(page)
    page.touchscreen.tap(*at(page, *place(running, name, role=role), scale=1))
    stepped(page, count)


def actions(episode: Episode) -> list[Action]:
    return [step.action for step in episode.steps]


def test_fingers_tap_push_and_stay(
    studio: Callable[..., Running], visit: Callable[..., Page], loop: LoopThread, shop_task: Task
) -> None:
    task = replace(shop_task, verifier=NEVER)
    running = studio(tasks=[task])
    page = visit(running, touch=True)
    consent(page)
    begin(page, task.name)
    tap(page, running, "Note", role="textbox")
    finger = Finger(page)

    count = counted(page)
    finger.touch("touchStart", 100, 220)
    for y in (200, 180, 160, 140):
        finger.touch("touchMove", 100, y)
    finger.touch("touchEnd")
    stepped(page, count)

    count = counted(page)
    finger.touch("touchStart", 380, 90)
    page.wait_for_timeout(LONG_MS + 200)  # what makes it a long one
    finger.touch("touchEnd")
    stepped(page, count)

    count = counted(page)
    finger.touch("touchStart", 30, 70)
    finger.touch("touchCancel")  # as where the system takes the finger for itself
    tap(page, running, "Order")
    assert counted(page) == count + 1

    episode = keep(page, running, "Success")
    clicked, pushed, asked, ordered = actions(episode)
    assert isinstance(clicked, Click)
    assert isinstance(pushed, Scroll)
    assert (pushed.dx, pushed.dy) == (0, 80)
    assert isinstance(asked, RightClick)
    assert isinstance(ordered, Click)
    assert any(element.name == "Missing: empty, not read, red," for element in episode.final.elements)
    result = replayed(loop, episode, {})
    assert result.observation.elements == episode.final.elements


def test_what_is_composed_arrives_once_and_whole(
    studio: Callable[..., Running], visit: Callable[..., Page], loop: LoopThread, shop_task: Task
) -> None:
    task = replace(shop_task, verifier=NEVER)
    running = studio(tasks=[task])
    page = visit(running)
    consent(page)
    begin(page, task.name)
    count = counted(page)
    page.mouse.click(*at(page, *place(running, "Note", role="textbox"), scale=1))
    stepped(page, count)

    devtools = page.context.new_cdp_session(page)

    def compose(text: str) -> None:
        caret = {"selectionStart": len(text), "selectionEnd": len(text)}
        devtools.send("Input.imeSetComposition", {"text": text, **caret})

    count = counted(page)
    for text in ("に", "にほ", "にほん", ""):  # given up
        compose(text)
    for text in ("に", "にほ", "にほん", "日本"):
        compose(text)
    devtools.send("Input.insertText", {"text": "日本"})
    page.keyboard.type(" für Ada")  # with keys, right behind it
    stepped(page, count)
    expect(page.locator(".keys")).to_have_value("")
    assert counted(page) == count + 1

    episode = keep(page, running, "Success")
    assert episode.outcome is Outcome.SUCCESS
    typed = actions(episode)[-1]
    assert isinstance(typed, Type)
    assert typed.text == "日本 für Ada"
    assert any(element.value == "日本 für Ada" for element in episode.final.elements)
    result = replayed(loop, episode, {})
    assert result.observation.elements == episode.final.elements
