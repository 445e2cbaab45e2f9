"""Answering, and what the page says before steps that nobody kept are lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, WebSocketRoute, expect

from browser_env.action import Answer
from browser_env.task import NEVER, Task, VerifierSpec
from replay.store import ReplayStore
from rewards.outcome import Outcome
from tests.experiments.studio.acting import begin, click_named, consent, counted, keep
from tests.experiments.studio.running import Running


def num_kept(running: Running) -> int:
    with ReplayStore(running.store, read_only=True) as store:
        return len(store.query())


def test_a_question_is_answered_and_kept_as_its_verifier_judges(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task
) -> None:
    question = replace(shop_task, verifier=VerifierSpec(name="answer", params={"equals": "blue"}))
    running = studio(tasks=[question])
    page = visit(running)
    consent(page)
    begin(page, question.name)
    live = page.locator(".live")
    expect(live.get_by_role("status")).to_have_text("recording")
    expect(live.get_by_text("F6 leaves it")).to_be_visible()
    for mark in ("Success", "Failure", "Unclear"):
        expect(live.get_by_role("button", name=mark, exact=True)).to_be_hidden()
    page.get_by_label("Answer to the goal's question").fill("blue")
    live.get_by_role("button", name="Answer", exact=True).click()
    expect(live).to_have_attribute("data-over", "true")
    expect(live.get_by_role("status")).to_have_text("success, reward 1")
    episode = keep(page, running)
    assert [step.action for step in episode.steps] == [Answer("blue")]
    assert episode.outcome is Outcome.SUCCESS

    begin(page, question.name)
    live.get_by_role("button", name="Give up").click()
    expect(live).to_have_attribute("data-over", "true")
    assert keep(page, running).outcome is Outcome.FAILURE


def test_steps_that_are_not_kept_are_not_lost_without_a_word(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task
) -> None:
    running = studio(tasks=[replace(shop_task, verifier=NEVER)])
    page = visit(running)
    consent(page)
    begin(page, shop_task.name)
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    click_named(page, running, "Note", role="textbox", scale=1)
    assert not page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")

    page.get_by_role("link", name="Gallery").click()
    asked = page.get_by_role("dialog", name="Not kept yet")
    expect(asked).to_contain_text("Not kept yet: 1 step.")
    expect(asked.get_by_role("button", name="Keep it")).to_be_hidden()
    asked.get_by_role("button", name="Stay here").click()
    expect(page.locator("#record")).to_be_visible()
    assert counted(page) == 1

    page.locator(".live").get_by_role("button", name="Next task").click()
    asked.get_by_role("button", name="Keep as success").click()
    expect(page.locator(".live")).to_have_attribute("data-count", "0")
    assert num_kept(running) == 1

    click_named(page, running, "Note", role="textbox", scale=1)
    page.get_by_role("button", name="Begin").click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)  # for what must not happen
    assert counted(page) == 1
    page.get_by_role("link", name="Gallery").click()
    asked.get_by_role("button", name="Drop it").click()
    expect(page.locator("#gallery")).to_be_visible()
    assert num_kept(running) == 1


def test_a_connection_that_drops_is_told_and_the_next_recording_begins(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task
) -> None:
    running = studio(tasks=[shop_task])
    page = visit(running)
    sockets: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket(lambda url: url.endswith("/live"), connect)
    consent(page)
    begin(page, shop_task.name)
    click_named(page, running, "Note", role="textbox", scale=1)
    sockets[0].close()
    expect(page.locator("#news")).to_contain_text("what was not kept (1 step) is gone")
    expect(page.locator(".live")).to_have_count(0)
    begin(page, shop_task.name)
    assert len(sockets) == 2
    assert num_kept(running) == 0
