"""A person watches an agent, takes over with one key, hands back, and judges what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from browser_env.episode import Episode, Source
from browser_env.miniwob import miniwob_task
from replay.imitation import actors, to_imitate
from replay.notes import NoteFolder
from replay.store import ReplayStore
from rewards.rating import rating_rewards
from tests.experiments.studio.acting import at, consent, stepped
from tests.experiments.studio.running import Running


def episodes(running: Running) -> list[Episode]:
    with ReplayStore(running.store, read_only=True) as store:
        return list(store.episodes())


def test_a_person_takes_over_from_an_agent_and_hands_back(
    studio: Callable[..., Running], visit: Callable[[Running], Page]
) -> None:
    running = studio(agents=[miniwob_task("enter-text")], num_agents=2, pace_s=1.0)
    page = visit(running)
    consent(page)
    page.get_by_role("link", name="Agents").click()
    grid = page.locator("#grid button")
    expect(grid).to_have_count(2)
    grid.first.click()
    live = page.locator(".live")
    expect(live).to_have_attribute("data-count", "1")
    page.keyboard.press("t")
    expect(live).to_have_attribute("data-driver", "human")
    expect(page.locator(".rate")).not_to_be_empty()
    recording = running.studio.agents[0].recording
    assert recording is not None
    watching = page.context.new_page()
    watching.goto(running.address)
    watching.get_by_role("link", name="Agents").click()
    watching.locator("#grid button").first.click()
    expect(watching.locator(".live")).to_have_attribute("data-driver", "other")
    watching.keyboard.press("t")
    expect(watching.locator("#news")).to_contain_text("somebody else acts here")
    watching.close()
    page.mouse.click(*at(page, 150, 200))
    stepped(page, len(recording.steps))
    page.keyboard.press("F8")
    expect(live).to_have_attribute("data-driver", "agent")
    expect(grid.first).to_contain_text("1 episode", timeout=20_000)

    mixed = next(episode for episode in episodes(running) if Source.HUMAN in actors(episode))
    assert mixed.source is Source.AGENT
    assert mixed.consent is not None
    by = actors(mixed)
    taken = by.index(Source.HUMAN)
    assert [step.intervention for step in mixed.steps] == [actor is Source.HUMAN for actor in by]
    assert by[-1] is Source.AGENT
    assert to_imitate(mixed)[:taken] == (False,) * taken
    alone = [episode for episode in episodes(running) if Source.HUMAN not in actors(episode)]
    assert all(episode.consent is None for episode in alone)

    page.get_by_role("link", name="Gallery").click()
    page.locator("#episodes button", has_text="agent").last.click()
    expect(page.locator("#episode-step")).to_contain_text("1 of")
    page.get_by_role("button", name="Step on").click()
    expect(page.locator("#episode-step")).to_contain_text("2 of")
    page.get_by_role("button", name="4 of 5 stars").click()
    expect(page.locator("#news")).to_contain_text("rating is stored")
    assert list(rating_rewards(NoteFolder(running.store).ratings()).values()) == [0.75]
    page.get_by_label("Last step to keep").fill("1")
    page.get_by_role("button", name="Trim").click()
    expect(page.locator("#news")).to_contain_text("trimmed episode")
    assert [e for e in episodes(running) if len(e.steps) == 1 and "trimmed-0-1" in e.tags]
    expect(page.locator("#tags")).to_have_value(re.compile("trimmed-0-1"))
    page.get_by_label("Tags, with commas").fill("shown, good")
    page.get_by_role("button", name="Set tags").click()
    expect(page.locator("#episodes")).to_contain_text("shown, good")
    page.get_by_role("button", name="Prefer").click()
    expect(page.locator("#news")).to_contain_text("Choose the episode")
    page.get_by_label("Better than").select_option(index=1)
    expect(page.locator("#rival-step")).to_contain_text("1 of")
    page.get_by_role("button", name="Step on").click()
    expect(page.locator("#episode-step")).to_contain_text("the end")
    expect(page.locator("#rival-step")).to_contain_text(re.compile("2 of|the end"))
    page.get_by_role("button", name="Prefer").click()
    expect(page.locator("#news")).to_contain_text("rating is stored")
    assert [rating.kind for rating in NoteFolder(running.store).ratings()] == ["stars", "preference"]


def test_taking_over_needs_a_consent(studio: Callable[..., Running], visit: Callable[[Running], Page]) -> None:
    running = studio(agents=[miniwob_task("enter-text")], num_agents=1, pace_s=1.0)
    page = visit(running)
    page.get_by_role("link", name="Agents").click()
    page.locator("#grid button").first.click()
    page.get_by_role("button", name="Take over").click()
    expect(page.locator("#news")).to_contain_text("agree to the consent first")
    expect(page.locator(".live")).to_have_attribute("data-driver", "agent")
