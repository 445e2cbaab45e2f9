"""A person's browser drives the studio's page; what was recorded, replayed from reset, ends the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from browser_env.action import Drag, Point, Scroll, Select, Type
from browser_env.episode import Source
from browser_env.errors import DataError
from browser_env.loop_thread import LoopThread
from browser_env.task import NEVER, Task
from experiments.studio.consent import agreed
from replay.store import ReplayStore
from rewards.outcome import Outcome
from tests.experiments.studio.acting import (
    at,
    begin,
    choose,
    click_named,
    consent,
    counted,
    drag,
    keep,
    place,
    replayed,
    same_end,
    stepped,
    turn_wheel,
)
from tests.experiments.studio.running import Running

PASSWORD = "pear-77-xy"


def test_three_tasks_are_recorded_and_replay_to_the_same_end(
    studio: Callable[..., Running], visit: Callable[[Running], Page], loop: LoopThread
) -> None:
    running = studio()
    page = visit(running)
    with ReplayStore(running.store, read_only=True) as store:
        assert not list((running.store / "consent").iterdir())
        assert not store.query()
    consent(page)

    begin(page, "miniwob/click-button")
    goal = page.locator(".goal").inner_text()
    click_named(page, running, re.findall(r'"(.*?)"', goal)[0], role="button")
    clicked = keep(page, running)

    begin(page, "miniwob/enter-text")
    word = re.findall(r'"(.*?)"', page.locator(".goal").inner_text())[0]
    count = counted(page)
    page.mouse.click(*at(page, *place(running, "", role="textbox")))
    stepped(page, count)
    page.keyboard.type(word)
    click_named(page, running, "Submit", role="button")
    typed = keep(page, running)

    begin(page, "miniwob/choose-list")
    wanted = re.findall(r"Select (.*) from", page.locator(".goal").inner_text())[0]
    page.mouse.click(*at(page, *place(running, "", role="combobox")))
    choose(page, wanted)
    click_named(page, running, "Submit", role="button")
    chosen = keep(page, running)

    for episode in (clicked, typed, chosen):
        assert episode.source is Source.HUMAN
        assert episode.outcome is Outcome.SUCCESS
        same_end(episode, replayed(loop, episode, {}))
    assert any(isinstance(step.action, Type) and step.action.text == word for step in typed.steps)
    assert any(isinstance(step.action, Select) and step.action.options == (wanted,) for step in chosen.steps)


def test_a_site_with_a_drag_a_scroll_a_list_a_frame_and_a_password(
    studio: Callable[..., Running], visit: Callable[[Running], Page], loop: LoopThread, shop_task: Task
) -> None:
    running = studio(tasks=[shop_task])
    page = visit(running)
    consent(page)
    begin(page, shop_task.name)

    drag(page, (30, 70), (200, 80), (380, 90), scale=1)
    turn_wheel(page, 100, 190, 150, 100, scale=1)
    page.mouse.click(*at(page, *place(running, "Colour", role="combobox"), scale=1))
    choose(page, "blue")
    click_named(page, running, "Note", role="textbox", scale=1)
    page.keyboard.type("for Ada")
    click_named(page, running, "Password", scale=1)
    page.keyboard.type(PASSWORD)
    click_named(page, running, "Order", scale=1)
    page.locator(".steps", has_text="•" * len(PASSWORD)).wait_for()
    steps = page.locator(".steps").inner_text()
    assert "for Ada" in steps
    assert PASSWORD not in steps
    episode = keep(page, running)

    kinds = {type(step.action) for step in episode.steps}
    assert {Drag, Scroll, Select, Type} <= kinds
    assert episode.outcome is Outcome.SUCCESS
    dragged = episode.steps[0].action
    assert isinstance(dragged, Drag)
    assert dragged.path[0] == Point(30.0, 70.0)
    assert not [path for path in running.store.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert PASSWORD not in repr(episode)
    result = replayed(loop, episode, {1: PASSWORD})
    assert result.outcome is episode.outcome
    assert result.reward == episode.reward


def test_a_step_is_taken_back_and_pausing_keeps_nothing(
    studio: Callable[..., Running], visit: Callable[[Running], Page], loop: LoopThread, shop_task: Task
) -> None:
    running = studio(tasks=[replace(shop_task, verifier=NEVER)])
    page = visit(running)
    consent(page)
    begin(page, shop_task.name)
    click_named(page, running, "Note", role="textbox", scale=1)
    before = running.recordings()[0].observation
    page.get_by_role("button", name="Point at").click()
    click_named(page, running, "Order", scale=1)
    assert page.locator(".steps li").last.inner_text().startswith("hover(")
    expect(page.get_by_role("button", name="Point at")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Discard last step").click()
    page.wait_for_selector(".live[data-count='1']")
    assert running.recordings()[0].observation == before
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector(".badge.paused")
    page.mouse.click(*at(page, 30, 70, scale=1))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector(".badge.recording")
    assert counted(page) == 1
    episode = keep(page, running, "Failure")
    assert episode.outcome is Outcome.FAILURE
    assert len(episode.steps) == 1
    assert "judged-by-person" in episode.tags
    page.get_by_role("link", name="Consent").click()
    page.get_by_role("button", name="Take the consent back").click()
    expect(page.locator("#news")).to_contain_text("1 episode deleted")
    with ReplayStore(running.store, read_only=True) as store:
        assert not store.query()
    assert not list((running.store / "images").rglob("*.*"))
    page.get_by_label("You agreed at another time?").fill("Ada")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#news")).to_contain_text("no consent of 'Ada'")


def test_a_consent_of_another_time_is_taken_back_by_name(
    studio: Callable[..., Running], visit: Callable[[Running], Page]
) -> None:
    running = studio()
    with ReplayStore(running.store) as store:  # as an earlier run of the studio left it
        store.add_consent(agreed(subject="Grace", days=30))
    page = visit(running)
    page.get_by_label("You agreed at another time?").fill("Grace")
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#news")).to_contain_text("taken back; 0 episodes deleted")
    with ReplayStore(running.store) as store, pytest.raises(DataError, match="no consent of 'Grace'"):
        store.revoke(subject="Grace")


def test_a_task_is_done_with_the_keyboard_alone(
    studio: Callable[..., Running], visit: Callable[[Running], Page]
) -> None:
    running = studio()
    page = visit(running)
    expect(page.get_by_label("Your name")).to_be_visible()
    page.get_by_label("Your name").focus()
    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#begin-form")).to_be_visible()
    page.get_by_label("Task").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("miniwob/enter-text")
    page.keyboard.press("Enter")
    expect(page.locator(".keys")).to_be_focused()
    expect(page.locator(".live")).to_have_attribute("data-count", "0")
    word = re.findall(r'"(.*?)"', page.locator(".goal").inner_text())[0]
    page.keyboard.press("Tab")
    expect(page.locator(".live")).to_have_attribute("data-count", "1")
    page.keyboard.insert_text(word)  # as an input method or dictation does
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("F6")
    expect(page.locator(".keys")).not_to_be_focused()
    episode = keep(page, running)
    assert episode.outcome is Outcome.SUCCESS
    assert [step.action.verb for step in episode.steps] == ["press", "type", "press", "press"]
