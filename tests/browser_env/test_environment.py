import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from browser_env.action import (
    Action,
    Answer,
    Back,
    Check,
    Click,
    CloseTab,
    Forward,
    GiveUp,
    Navigate,
    NewTab,
    Point,
    Press,
    Select,
    Type,
    Wait,
    parse_action,
)
from browser_env.errors import ActionError, InfraError, UsageError
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome

MakeTask = Callable[..., Task]


def element_id(observation: Observation, name: str, role: str | None = None) -> str:
    return next(e.id for e in observation.elements if e.name == name and role in (None, e.role))


def act_on(episodes: Any, task: Task, *names: str) -> Any:
    """Reset, click the elements with these names one after the other and return the last result."""
    result, observation = None, episodes.reset(task)
    for name in names:
        result = episodes.step(Click(element_id(observation, name)))
        observation = result.observation
    return result


def run(episodes: Any, task: Task, seed: int, actions: list[Action]) -> list[Observation]:
    observations = [episodes.reset(task, seed=seed)]
    for action in actions:
        result = episodes.step(action)
        observations.append(result.observation)
        if result.outcome is not None:
            break
    return observations


def differences(first: list[Observation], second: list[Observation]) -> list[str]:
    """Say where two episodes differ, in few words."""
    assert len(first) == len(second)
    found = []
    for index, (one, other) in enumerate(zip(first, second, strict=True)):
        rows, columns = np.nonzero((one.screenshot != other.screenshot).any(axis=2))
        found += [f"{index}: {len(rows)} pixels from {(columns.min(), rows.min())}"] if len(rows) else []
        found += [f"{index}: {a} is not {b}" for a, b in zip(one.elements, other.elements, strict=False) if a != b]
        found += [f"{index}: something else"] if one != other and not found else []
    return found


# Determinism

FIXED_ACTIONS = [
    "click((40, 80))",
    "click(e3)",
    "type(e2, 'ab')",
    "press('Tab')",
    "scroll((60, 90), 0, 40)",
    "click(e5)",
]


@pytest.mark.parametrize("name", DEFAULT_TASKS)
def test_the_same_seed_and_actions_give_the_same_observations(episodes: Any, other_episodes: Any, name: str) -> None:
    task, actions = miniwob_task(name), [parse_action(text) for text in FIXED_ACTIONS]
    run(episodes, task, 7, list(reversed(actions)))
    reset_in_the_page = run(episodes, task, 8, actions)
    episodes.loop.run(episodes.environment.discard_page())
    in_a_fresh_page = run(episodes, task, 8, actions)
    in_another_process = run(other_episodes, task, 8, actions)
    assert differences(reset_in_the_page, in_a_fresh_page) == []
    assert differences(in_a_fresh_page, in_another_process) == []


@pytest.mark.parametrize("seed", [1_000_000_012, 1_000_000_022])
def test_an_element_covered_but_for_a_pixel_is_hit_there(episodes: Any, seed: int) -> None:
    assert act_on(episodes, miniwob_task("click-test-2"), "ONE") is not None
    observation = episodes.reset(miniwob_task("click-test-2"), seed=seed)
    assert episodes.step(Click(element_id(observation, "ONE"))).outcome is Outcome.SUCCESS


def test_a_scrolled_page_begins_at_its_corner_again(episodes: Any) -> None:
    task = miniwob_task("click-test-2")
    fresh = episodes.reset(task, seed=5)
    episodes.loop.run(episodes.environment.context.page.evaluate("scrollTo(30, 40)"))
    episodes.step(Wait(100))
    assert differences([fresh], [episodes.reset(task, seed=5)]) == []


def test_another_seed_gives_another_episode(episodes: Any) -> None:
    goals = {episodes.reset(miniwob_task("enter-text"), seed=seed).goal for seed in range(6)}
    assert len(goals) > 3


def test_a_site_is_deterministic_however_slow_it_is(episodes: Any, other_episodes: Any, page_task: MakeTask) -> None:
    task = page_task("chance")
    first = episodes.reset(task, seed=3)
    ask, field = element_id(first, "Ask"), element_id(first, "Field")
    actions = [Type(field, "abc"), Click(ask), Wait(300), Press("Tab")]
    runs = [run(where, task, 3, actions) for where in (episodes, episodes, other_episodes)]
    assert differences(runs[0], runs[1]) == differences(runs[0], runs[2]) == []
    assert any("slow at" in element.name for element in runs[0][2].elements), "a step waits for the network"
    assert run(episodes, task, 4, actions)[0] != runs[0][0], "the seed reaches what happens while the page loads"


# What a step is


@pytest.fixture
def order(page_task: MakeTask) -> Task:
    return page_task("order", verifier=VerifierSpec(name="text", params={"contains": "Ordered Coffee for Anna"}))


def test_an_episode_ends_with_success(episodes: Any, order: Task) -> None:
    start = episodes.reset(order)
    assert (start.goal, start.viewport, start.screenshot.shape) == ("Try", (400, 300), (300, 400, 3))
    assert episodes.step(Type(element_id(start, "Name", "textbox"), "Anna")).outcome is None
    assert episodes.step(Select(element_id(start, "Drink"), ("Coffee",))).outcome is None
    assert episodes.step(Check(element_id(start, "Milk", "checkbox"))).outcome is None
    result = episodes.step(Click(element_id(start, "Order", "button")))
    assert (result.outcome, result.reward) == (Outcome.SUCCESS, 1.0)
    assert result.evidence.form_values == {"who": "Anna", "drink": "Coffee", "milk": "true"}
    with pytest.raises(UsageError, match="reset"):
        episodes.step(Wait())


def test_a_failed_action_is_the_next_observations_error(episodes: Any, order: Task) -> None:
    episodes.reset(order)
    result = episodes.step(Click("e999"))
    assert result.outcome is None
    assert "not on the page" in result.observation.error
    assert episodes.step(Wait(1)).observation.error is None


@pytest.mark.parametrize(
    ("action", "outcome"), [(Answer("no"), Outcome.FAILURE), (GiveUp("hard"), Outcome.FAILURE), (Wait(1), None)]
)
def test_answering_and_giving_up_end_an_episode(
    episodes: Any, order: Task, action: Action, outcome: Outcome | None
) -> None:
    episodes.reset(order)
    assert episodes.step(action).outcome is outcome


def test_an_answer_is_judged(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("order", verifier=VerifierSpec(name="answer", params={"equals": "Tea"}))
    episodes.reset(task)
    assert episodes.step(Answer("tea")).outcome is Outcome.SUCCESS


def test_the_step_limit_truncates(episodes: Any, order: Task) -> None:
    episodes.reset(replace(order, max_steps=2))
    assert episodes.step(Wait(1)).outcome is None
    assert episodes.step(Wait(1)).outcome is Outcome.TRUNCATED


def test_a_verifier_that_fails_is_an_outcome(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(page_task("order", verifier=VerifierSpec(name="nonsense")))
    result = episodes.step(Wait(1))
    assert (result.outcome, result.reward) == (Outcome.VERIFIER_ERROR, 0.0)


def test_history_goes_back_and_forth(episodes: Any, page_task: MakeTask, site: str) -> None:
    task = page_task("blank")
    episodes.reset(task)
    assert episodes.step(Navigate(f"{site}/order.html")).observation.url == f"{site}/order.html"
    assert episodes.step(Back()).observation.url == task.url
    assert episodes.step(Forward()).observation.url == f"{site}/order.html"


def test_a_new_document_is_read_after_a_late_navigation(episodes: Any, page_task: MakeTask, site: str) -> None:
    result = act_on(episodes, page_task("trouble"), "Later")
    assert result.outcome is None
    assert result.observation.url == f"{site}/blank.html"
    assert [element.name for element in result.observation.elements] == ["Nothing here"]


def test_an_address_that_opens_no_page_is_an_error(episodes: Any, page_task: MakeTask, site: str) -> None:
    task = page_task("blank")
    episodes.reset(task)
    result = episodes.step(Navigate(f"{site}/empty"))
    assert result.outcome is None
    assert "opens no page" in result.observation.error
    assert result.observation.url == task.url
    with pytest.raises(ActionError, match="opens no page"):
        episodes.reset(replace(task, url=f"{site}/empty"))


def test_no_state_survives_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("blank")
    episodes.reset(task)
    page = episodes.environment.context.page
    episodes.loop.run(page.evaluate("document.cookie = 'a=1; max-age=900', localStorage.setItem('b', '2')"))
    episodes.reset(task)
    page = episodes.environment.context.page
    assert episodes.loop.run(page.evaluate("[document.cookie, localStorage.length]")) == ["", 0]


# Where a page may go


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://elsewhere.test/",
        "chrome://version",
        "x",
        "http://[",
        "",
    ],
)
def test_navigating_elsewhere_is_blocked(episodes: Any, order: Task, url: str) -> None:
    episodes.reset(order)
    result = episodes.step(Navigate(url))
    assert (result.outcome, result.reward) == (Outcome.BLOCKED, 0.0)
    assert "allow" in result.reason
    assert result.blocked == ((url,) if url else ())


@pytest.mark.parametrize("make", [Navigate, NewTab])
def test_an_address_that_leads_elsewhere_is_blocked(
    episodes: Any, order: Task, site: str, make: Callable[[str], Action]
) -> None:
    episodes.reset(order)
    result = episodes.step(make(f"{site}/redirect?to=http://elsewhere.test/"))
    assert (result.outcome, result.reward) == (Outcome.BLOCKED, 0.0)
    assert result.blocked == ("http://elsewhere.test/",)


def test_a_start_that_leads_elsewhere_names_the_place(other_episodes: Any, order: Task, site: str) -> None:
    task = replace(order, url=f"{site}/redirect?to=http://elsewhere.test/order.html")
    with pytest.raises(InfraError, match=r"leads to http://elsewhere.test/order.html.*allowed_origins"):
        other_episodes.reset(task)
    allowed = replace(task, allowed_origins=("http://Elsewhere.test:80/",))
    assert other_episodes.reset(allowed).url == "http://elsewhere.test/order.html"


def test_a_start_whose_script_leads_elsewhere_names_the_place(episodes: Any, page_task: MakeTask) -> None:
    with pytest.raises(InfraError, match=r"leads to http://elsewhere.test/.*allowed_origins"):
        episodes.reset(page_task("away"))


def test_a_page_that_gives_all_objects_a_json_of_its_own_is_told_the_time(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(page_task("json"))
    result = episodes.step(Wait(200))
    assert result.outcome is None
    assert result.observation.elements[0].name == "300", "with the 100 ms before the first observation"


def test_a_later_document_begins_at_its_page_time_with_a_chance_of_its_own(
    episodes: Any, page_task: MakeTask, site: str
) -> None:
    def chance(seen: Observation) -> tuple[str, str, str]:
        number, uuid, moment = next(e.name for e in seen.elements if "T12:" in e.name).split()
        return number, uuid, moment

    task = page_task("chance")
    first = chance(episodes.reset(task))
    second = chance(episodes.step(Navigate(f"{site}/chance.html?next")).observation)
    assert (first[0] != second[0], first[1] != second[1]) == (True, True)
    assert first[2] < second[2]
    assert chance(episodes.reset(task)) == first
    assert chance(episodes.step(Navigate(f"{site}/chance.html?next")).observation) == second


def test_long_titles_and_addresses_are_cut(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(page_task("blank"))
    page = episodes.environment.context.page
    episodes.loop.run(
        page.evaluate("document.title = 'x'.repeat(1e6); history.pushState(0, '', '?' + 'y'.repeat(1e5))")
    )
    seen = episodes.step(Wait(100)).observation
    (tab,) = seen.tabs
    assert (len(seen.url), len(tab.url), len(tab.title)) == (4000, 4000, 300)


def test_a_blob_of_an_allowed_page_is_allowed(episodes: Any, page_task: MakeTask) -> None:
    result = act_on(episodes, page_task("tabs"), "Blob")
    assert result.outcome is None
    assert result.observation.url.startswith("blob:http://")
    assert [element.name for element in result.observation.elements] == ["From a blob"]


def test_a_link_elsewhere_is_blocked_unless_allowed(other_episodes: Any, page_task: MakeTask) -> None:
    task = page_task("trouble")
    assert act_on(other_episodes, task, "Elsewhere").outcome is Outcome.BLOCKED
    assert act_on(other_episodes, task, "Nowhere").outcome is Outcome.BLOCKED
    allowed = replace(task, allowed_origins=("http://elsewhere.test", "http://nowhere.test"))
    result = act_on(other_episodes, allowed, "Elsewhere")
    assert (result.outcome, result.observation.url) == (None, "http://elsewhere.test/")
    nowhere = act_on(other_episodes, allowed, "Nowhere")
    assert nowhere.outcome is Outcome.INFRA_ERROR
    assert "nowhere.test/ did not load" in nowhere.reason
    assert act_on(other_episodes, task, "Near").outcome is None


# Failures


@pytest.fixture
def recovers(episodes: Any, order: Task) -> Iterator[None]:
    """Whatever a test breaks, the next episode works."""
    yield
    assert "Order" in [element.name for element in episodes.reset(order).elements]
    assert episodes.step(Wait(1)).outcome is None


@pytest.mark.usefixtures("recovers")
def test_a_handler_that_never_returns_is_an_infra_error(episodes: Any, page_task: MakeTask) -> None:
    result = act_on(episodes, page_task("trouble"), "Spin")
    assert (result.outcome, result.reward) == (Outcome.INFRA_ERROR, 0.0)
    assert "did not answer" in result.reason


@pytest.mark.usefixtures("recovers")
def test_a_crashed_renderer_is_an_infra_error(episodes: Any, order: Task) -> None:
    episodes.reset(order)
    page = episodes.environment.context.page
    with pytest.raises(InfraError):
        episodes.loop.run(page.send("Page.crash"))
    assert episodes.step(Wait(1)).outcome is Outcome.INFRA_ERROR


@pytest.mark.usefixtures("recovers")
def test_a_closed_window_is_an_infra_error_or_nothing(episodes: Any, page_task: MakeTask) -> None:
    assert act_on(episodes, page_task("trouble"), "Close").outcome in (None, Outcome.INFRA_ERROR)


@pytest.mark.usefixtures("recovers")
def test_a_dialog_is_seen_and_nothing_else_can_be_done_until_it_is_answered(episodes: Any, page_task: MakeTask) -> None:
    asked = act_on(episodes, page_task("trouble"), "Ask")
    assert asked.observation.dialog.kind == "confirm"
    assert asked.observation.elements, "what was seen before"
    refused = episodes.step(Click(Point(5, 5)))
    assert "answer it first" in refused.observation.error
    assert refused.observation.dialog == asked.observation.dialog


@pytest.mark.usefixtures("recovers")
def test_a_page_may_vanish(episodes: Any, page_task: MakeTask) -> None:
    result = act_on(episodes, page_task("trouble"), "Vanish")
    assert (result.outcome, result.observation.elements) == (None, ())


@pytest.mark.usefixtures("recovers")
def test_a_server_that_hangs_is_an_infra_error(episodes: Any, page_task: MakeTask) -> None:
    with pytest.raises(InfraError, match="did not load"):
        episodes.reset(page_task("hang"))


@pytest.mark.usefixtures("recovers")
def test_a_step_that_takes_too_long_is_an_infra_error(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(replace(page_task("blank"), time_limit_s=0.5))
    episodes.loop.run(episodes.environment.context.page.evaluate("fetch('/hang'), 0"))
    result = episodes.step(Wait(10))
    assert result.outcome is Outcome.INFRA_ERROR
    assert "0.5 s" in result.reason
    assert result.settled == "ended"


@pytest.mark.usefixtures("recovers")
def test_a_server_that_is_down_is_an_infra_error(episodes: Any, page_task: MakeTask) -> None:
    with pytest.raises(InfraError, match="did not load"):
        episodes.reset(replace(page_task("blank"), url="http://127.0.0.1:9/"))


@pytest.mark.usefixtures("recovers")
@pytest.mark.parametrize("action", [NewTab(), CloseTab(0), Wait(10)])
def test_a_browser_that_is_gone_is_an_infra_error_whatever_is_done(episodes: Any, order: Task, action: Action) -> None:
    episodes.reset(order)
    episodes.step(NewTab())
    os.killpg(episodes.loop.run(episodes.host.browser()).pid, signal.SIGKILL)
    assert episodes.step(action).outcome is Outcome.INFRA_ERROR
    assert episodes.reset(order).elements


@pytest.mark.usefixtures("recovers")
def test_a_killed_browser_is_an_infra_error(episodes: Any, order: Task) -> None:
    episodes.reset(order)
    os.killpg(episodes.loop.run(episodes.host.browser()).pid, signal.SIGKILL)
    assert episodes.step(Click(Point(1, 1))).outcome is Outcome.INFRA_ERROR


@pytest.mark.parametrize("suite", ["web", "miniwob"])
def test_a_browser_that_hangs_between_episodes_is_replaced(episodes: Any, order: Task, suite: str) -> None:
    task = order if suite == "web" else miniwob_task("click-button")
    episodes.reset(task)
    hung = episodes.loop.run(episodes.host.browser()).pid
    os.killpg(hung, signal.SIGSTOP)
    if suite == "miniwob":  # its page would have been used again
        with pytest.raises(InfraError):
            episodes.reset(task)
    assert episodes.reset(task).elements
    assert episodes.loop.run(episodes.host.browser()).pid != hung


def test_a_browser_that_gives_no_profile_is_replaced(episodes: Any, order: Task) -> None:
    episodes.loop.run(episodes.environment.close())
    hung = episodes.loop.run(episodes.host.browser()).pid
    os.killpg(hung, signal.SIGSTOP)
    with pytest.raises(InfraError, match="opened no page"):
        episodes.reset(order)
    assert episodes.reset(order).elements
    assert episodes.loop.run(episodes.host.browser()).pid != hung


def test_an_unknown_suite_is_a_usage_error(episodes: Any, order: Task) -> None:
    with pytest.raises(UsageError, match="unknown suite"):
        episodes.reset(replace(order, suite="flash"))
