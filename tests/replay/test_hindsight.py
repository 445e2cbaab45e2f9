from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import Click, Point, Type
from browser_env.episode import Episode
from browser_env.observation import Element, Observation
from browser_env.task import VerifierSpec
from replay.hindsight import HINDSIGHT, in_hindsight
from rewards import Evidence, Outcome
from rewards.verifier import verify

Make = Callable[..., Episode]
GOAL = "Set the name to Anna and the town to Bern"
FORM = {"values": {"name": "Anna", "town": "Bern"}}


def _failed(episode: Episode, goal: str, verifier: str, params: dict[str, Any], evidence: Evidence) -> Episode:
    """The episode as a failure at another task."""
    task = replace(episode.task, goal=goal, verifier=VerifierSpec(name=verifier, params=params))
    steps = tuple(replace(step, observation=replace(step.observation, goal=goal)) for step in episode.steps)
    final = replace(episode.final, goal=goal)
    failure = {"outcome": Outcome.FAILURE, "reward": 0.0, "evidence": evidence}
    return replace(episode, task=task, steps=steps, final=final, **failure)  # type: ignore[arg-type]


@pytest.fixture
def fail(make_episode: Make) -> Callable[..., Episode]:
    return lambda *task: _failed(make_episode("a"), *task)


Fail = Callable[..., Episode]


def test_a_form_is_relabelled_with_what_it_held(fail: Fail) -> None:
    evidence = Evidence(form_values={"name": "Ben", "town": "Bern", "age": "5"})
    episode = fail(GOAL, "form", FORM, evidence)
    found = in_hindsight(episode)
    assert found is not None
    assert found.task.goal == "Set the name to Ben and the town to Bern"
    assert found.task.verifier.params == {"values": {"name": "Ben", "town": "Bern"}}
    assert {seen.goal for seen in found.observations} == {found.task.goal}
    assert (found.outcome, found.reward, found.id) == (Outcome.SUCCESS, 1.0, "a-hindsight")
    assert HINDSIGHT in found.tags
    assert all(step.log_prob is None for step in found.steps)
    assert [step.action for step in found.steps] == [step.action for step in episode.steps]
    assert verify("form", found.task.verifier.params, evidence).success


@pytest.mark.parametrize(
    ("goal", "verifier", "params", "evidence", "expected"),
    [
        ("Answer blue", "answer", {"equals": "blue"}, Evidence(answer="red"), "Answer red"),
        ("Which colour is it?", "answer", {"equals": "blue"}, Evidence(answer="red"), None),
        ("Answer blue", "answer", {"equals": "blue"}, Evidence(answer="red", gave_up=True), None),
        ("Answer 5", "answer", {"number": 5}, Evidence(answer="6"), None),
        (
            "Open http://a.test/x",
            "url",
            {"equals": "http://a.test/x"},
            Evidence(url="http://a.test/y"),
            "Open http://a.test/y",
        ),
        ("Go under /x", "url", {"prefix": "http://a.test/x"}, Evidence(url="http://a.test/y"), None),
        ("Show Paid", "text", {"contains": "Paid"}, Evidence(text="Failed"), None),
        (GOAL, "form", FORM, Evidence(form_values={"name": "", "town": "Bern"}), None),
        (GOAL, "form", FORM, Evidence(form_values={"town": "Genf"}), None),
        (
            "Anna, not Annabel",
            "form",
            {"values": {"n": "Anna"}},
            Evidence(form_values={"n": "Ben"}),
            "Ben, not Annabel",
        ),
        ("Anna or Anna", "form", {"values": {"n": "Anna"}}, Evidence(form_values={"n": "Ben"}), None),
        (
            "Swap Anna and Ben",
            "form",
            {"values": {"a": "Anna", "b": "Ben"}},
            Evidence(form_values={"a": "Ben", "b": "Anna"}),
            "Swap Ben and Anna",
        ),
        (
            "Anna twice",
            "form",
            {"values": {"a": "Anna", "b": "Anna"}},
            Evidence(form_values={"a": "B", "b": "C"}),
            None,
        ),
    ],
)
def test_a_goal_that_names_what_is_judged_is_exchanged_and_no_other(
    fail: Fail, goal: str, verifier: str, params: dict[str, Any], evidence: Evidence, expected: str | None
) -> None:
    found = in_hindsight(fail(goal, verifier, params, evidence))
    assert (found.task.goal if found else None) == expected


def test_parts_that_hold_are_left_as_they_are(fail: Fail) -> None:
    parts = [{"name": "text", "params": {"contains": "Saved"}}, {"name": "form", "params": FORM}]
    values = {"name": "Anna", "town": "Genf"}
    saved = in_hindsight(fail(GOAL, "all", {"of": parts}, Evidence(text="Saved", form_values=values)))
    assert saved is not None
    assert saved.task.goal == "Set the name to Anna and the town to Genf"
    assert saved.task.verifier.params["of"][0] == parts[0]
    assert in_hindsight(fail(GOAL, "all", {"of": parts}, Evidence(text="Oops", form_values=values))) is None


def test_only_failures_with_steps_that_saw_the_goal_are_relabelled(fail: Fail) -> None:
    evidence = Evidence(form_values={"name": "Ben", "town": "Bern"})
    episode = fail(GOAL, "form", FORM, evidence)
    for changed in (
        replace(episode, outcome=Outcome.SUCCESS),
        replace(episode, outcome=Outcome.INFRA_ERROR),
        replace(episode, steps=()),
        replace(episode, final=replace(episode.final, goal="something else")),
        replace(episode, task=replace(episode.task, goal=None)),
        replace(episode, task=replace(episode.task, verifier=VerifierSpec(name="unknown"))),
    ):
        assert in_hindsight(changed) is None


words = st.text("abcAB 1.-\"'", min_size=1, max_size=6)


@given(
    st.dictionaries(st.sampled_from("xyz"), words, min_size=1), st.dictionaries(st.sampled_from("xyz"), words), words
)
def test_whatever_is_relabelled_is_verified(
    make_episode: Make, wanted: dict[str, str], reached: dict[str, str], extra: str
) -> None:
    goal = " / ".join([*wanted.values(), extra])
    evidence = Evidence(text="page", form_values=reached)
    found = in_hindsight(_failed(make_episode("a"), goal, "form", {"values": wanted}, evidence))
    if found is not None:
        assert verify("form", found.task.verifier.params, evidence).success
        assert all(
            value in (found.task.goal or "")
            for value in reached.values()
            if value in found.task.verifier.params["values"].values()
        )


def _page(goal: str, *elements: Element) -> Observation:
    return Observation(goal=goal, elements=(Element(id="g", role="generic", name=goal), *elements))


def _on_page(episode: Episode, task: str, seen: Observation, action: Any, **evidence: Any) -> Episode:
    judged = {"page_done": True, "page_reward": -1.0, "page_elapsed_ms": 100.0, "page_limit_ms": 10_000.0} | evidence
    return replace(
        episode,
        task=replace(episode.task, name=f"miniwob/{task}"),
        steps=(replace(episode.steps[0], observation=seen, action=action),),
        final=seen,
        outcome=Outcome.FAILURE,
        evidence=Evidence(**judged),
    )


def test_a_page_that_pays_for_the_named_button_is_relabelled_with_the_clicked_one(
    make_episode: Make, make_pixels: Callable[[int], Any]
) -> None:
    no = Element(id="b", role="button", name="No", states=("clickable",))
    seen = replace(_page('Click on the "Yes" button.', no), screenshot=make_pixels(1))
    found = in_hindsight(_on_page(make_episode("a"), "click-button", seen, Click("b")))
    assert found is not None
    relabelled = found.steps[0].observation
    assert relabelled.goal == relabelled.elements[0].name == 'Click on the "No" button.'
    assert relabelled.elements[1] == no
    assert relabelled.screenshot is None  # it shows the old goal


def test_a_field_and_a_goal_in_two_elements(make_episode: Make) -> None:
    bold = Element(id="w", role="generic", name="Anna", parent="g")
    field = Element(id="f", role="textbox", value="Ben")
    seen = _page('Enter "Anna" into it.', bold, field, Element(id="s", role="button", name="Submit"))
    found = in_hindsight(_on_page(make_episode("a"), "enter-text", seen, Click("s")))
    assert found is not None
    assert [element.name for element in found.final.elements] == ['Enter "Ben" into it.', "Ben", "", "Submit"]


@pytest.mark.parametrize(
    ("action", "evidence"),
    [
        (Click("b"), {"page_done": False}),
        (Click("b"), {"page_elapsed_ms": 10_000.0}),  # time ran out
        (Click("g"), {}),
        (Click("y"), {}),  # what was asked for: it failed for another reason
        (Click("q"), {}),  # a quotation mark would end the goal's quotation
        (Click(Point(1, 1)), {}),
        (Type("b", "x"), {}),
    ],
)
def test_what_a_page_did_not_pay_for_is_left_alone(make_episode: Make, action: Any, evidence: dict[str, Any]) -> None:
    buttons = [
        Element(id=i, role="button", name=name, states=("clickable",))
        for i, name in (("b", "No"), ("y", "Yes"), ("q", 'a"b'))
    ]
    seen = _page('Click on the "Yes" button.', *buttons)
    assert in_hindsight(_on_page(make_episode("a"), "click-button", seen, action, **evidence)) is None
