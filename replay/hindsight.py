"""Hindsight (Andrychowicz et al. 2017): a failed episode as a demonstration of what it did reach.

It is right only where the goal names what is judged, so that both can be exchanged together. That is so

- for verifiers that compare with a value (``form``, ``answer`` with ``equals``, ``url`` with ``equals``, and ``all`` of
  such and of parts that hold as they are), where the goal has that value once, in these words, and the changed verifier
  accepts the recorded evidence. A question's answer does not stand in its goal: it is left alone;
- for the MiniWoB++ pages in :data:`PAGES`, which pay for the first click on an element of the quoted name, or for a
  field that holds the quoted text when Submit is clicked. These show the goal in their pixels as well, so what is
  relabelled has no screenshots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from browser_env.action import Click
from browser_env.episode import Episode, Step
from browser_env.observation import Element, Observation
from browser_env.task import Task, VerifierSpec
from rewards.evidence import Evidence
from rewards.outcome import Outcome
from rewards.verifier import VerifierError, verify

HINDSIGHT = "hindsight"  # tag of a relabelled episode
QUOTED = re.compile(r'"([^"]+)"')

Change = tuple[str, str]  # what the goal asked for, and what was reached
Params = Mapping[str, Any]


def in_hindsight(episode: Episode) -> Episode | None:
    """Return a failed episode as a success at what it reached, None where that cannot be said or nothing was."""
    if episode.outcome not in (Outcome.FAILURE, Outcome.TRUNCATED) or not episode.steps:
        return None
    if episode.task.name in PAGES:
        return _page_relabelled(episode)
    return _task_relabelled(episode)


def _task_relabelled(episode: Episode) -> Episode | None:
    task, goal = episode.task, episode.task.goal
    try:
        found = _fitted(task.verifier.name, task.verifier.params, episode.evidence)
        if found is None or goal is None or any(seen.goal != goal for seen in episode.observations):
            return None
        params, changes = found
        new_goal = _exchanged(goal, changes)
        if new_goal is None or not verify(task.verifier.name, params, episode.evidence).success:
            return None
    except VerifierError:
        return None
    verifier = VerifierSpec(name=task.verifier.name, params=params)
    new_task = replace(task, goal=new_goal, verifier=verifier, golden=())
    return _relabelled(episode, new_task, lambda seen: replace(seen, goal=new_goal))


def _fitted(name: str, params: Params, evidence: Evidence) -> tuple[dict[str, Any], list[Change]] | None:
    """Return a verifier's parameters changed so that they ask for what was reached, and the changes."""
    if verify(name, params, evidence).success:
        return dict(params), []
    if name == "all":
        return _all_fitted(params, evidence)
    if name == "form":
        values, reached = params["values"], evidence.form_values
        changes = [(value, reached.get(control, "")) for control, value in values.items()]
        fitted = {control: reached.get(control, "") for control in values}
        return {**params, "values": fitted}, [change for change in changes if change[0] != change[1]]
    reached_text = {"answer": "" if evidence.gave_up else evidence.answer or "", "url": evidence.url}.get(name, "")
    if "equals" not in params or not reached_text:
        return None
    return {**params, "equals": reached_text}, [(params["equals"], reached_text)]


def _all_fitted(params: Params, evidence: Evidence) -> tuple[dict[str, Any], list[Change]] | None:
    parts, changes = [], []
    for part in params["of"]:
        found = _fitted(part["name"], part.get("params", {}), evidence)
        if found is None:
            return None
        parts.append({"name": part["name"], "params": found[0]})
        changes += found[1]
    return {**params, "of": parts}, changes


def _exchanged(goal: str, changes: list[Change]) -> str | None:
    """Return the goal with each wanted value exchanged, None where one does not stand in it exactly once."""
    wanted = [old for old, _ in changes]
    if not changes or len(set(wanted)) < len(wanted) or not all(old.strip() and new.strip() for old, new in changes):
        return None
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(old)}(?!\w)" for old in sorted(wanted, key=len, reverse=True)))
    if sorted(pattern.findall(goal)) != sorted(wanted):
        return None
    reached = dict(changes)
    return pattern.sub(lambda match: reached[match.group()], goal)


def _page_relabelled(episode: Episode) -> Episode | None:
    evidence, goal = episode.evidence, episode.steps[0].observation.goal
    in_time = evidence.page_limit_ms is None or evidence.page_elapsed_ms < evidence.page_limit_ms
    quoted = QUOTED.findall(goal)
    reached = PAGES[episode.task.name](episode.steps[-1])
    if not evidence.page_done or not in_time or len(quoted) != 1 or reached in ("", quoted[0]) or '"' in reached:
        return None
    change = (quoted[0], reached)
    new_goal = _requoted(goal, change)
    return _relabelled(episode, episode.task, lambda seen: _page_seen(seen, new_goal, change))


def _page_seen(seen: Observation, goal: str, change: Change) -> Observation:
    """Return what would have been seen: the goal is the page's first element, what it quotes may be its child."""
    first = seen.elements[0].id if seen.elements else None
    elements = tuple(
        replace(element, name=_requoted(element.name, change)) if first in (element.id, element.parent) else element
        for element in seen.elements
    )
    return replace(seen, goal=goal, elements=elements, screenshot=None)


def _requoted(text: str, change: Change) -> str:
    old, new = change
    return new if text == old else text.replace(f'"{old}"', f'"{new}"')


def _relabelled(episode: Episode, task: Task, look: Callable[[Observation], Observation]) -> Episode:
    steps = tuple(
        replace(step, observation=look(step.observation), log_prob=None, value=None, reply=None)
        for step in episode.steps
    )
    return replace(
        episode,
        id=f"{episode.id}-{HINDSIGHT}",
        task=task,
        steps=steps,
        final=look(episode.final),
        outcome=Outcome.SUCCESS,
        reward=1.0,
        reason="this is what it reached",
        tags=(*episode.tags, HINDSIGHT),
    )


def _clicked(step: Step) -> Element | None:
    """Return the element that was clicked."""
    target = step.action.target if isinstance(step.action, Click) else None
    return step.observation.element(target) if isinstance(target, str) else None


def _name_clicked(*roles: str) -> Callable[[Step], str]:
    def read(step: Step) -> str:
        element = _clicked(step)
        return element.name if element is not None and element.role in roles and "clickable" in element.states else ""

    return read


def _dialog_button(step: Step) -> str:
    name = _name_clicked("button")(step)
    return "x" if name == "Close" else name


def _text_submitted(step: Step) -> str:
    element = _clicked(step)
    fields = [field for field in step.observation.elements if field.role == "textbox"]
    return fields[0].value if element is not None and element.name == "Submit" and len(fields) == 1 else ""


PAGES: Mapping[str, Callable[[Step], str]] = {  # task -> what its last step reached; "": nothing
    "miniwob/click-button": _name_clicked("button"),
    "miniwob/click-link": _name_clicked("generic", "link"),
    "miniwob/click-tab-2": _name_clicked("generic"),
    "miniwob/click-dialog-2": _dialog_button,
    "miniwob/enter-text": _text_submitted,
}
