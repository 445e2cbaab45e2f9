"""Do the actions imported from real recordings make sense, given the goals? Needs the recordings; see docs."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from browser_env.action import Action, Click, Select, Type
from browser_env.episode import Episode
from replay.miniwob_recordings import RecordingError, import_recording, read_recordings
from replay.miniwob_recordings.importing import CHOICE_FROM_GOAL

VARIABLE = "WEBDUAL_RECORDINGS"
NEARBY = Path(__file__).parents[3] / "shared" / "demos"
QUOTED = re.compile(r'"([^"]*)"')


def recordings_path() -> Path:
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    found = sorted(NEARBY.glob("miniwob-plusplus-demos*"))
    if not found:
        pytest.skip(f"no recordings: set {VARIABLE} to their folder or archive")
    return found[0]


def names(episode: Episode) -> Iterator[tuple[Action, str]]:
    """Yield each action with the name of its element."""
    for step in episode.steps:
        target = getattr(step.action, "target", None)
        element = step.observation.element(target) if isinstance(target, str) else None
        yield step.action, element.name if element else ""


def typed(episode: Episode) -> dict[object, str]:
    """Return what each field was given last."""
    return {step.action.target: step.action.text for step in episode.steps if isinstance(step.action, Type)}


def types_the_quoted_texts(episode: Episode) -> bool:
    return list(typed(episode).values()) == QUOTED.findall(episode.final.goal)


def checks_the_named_boxes(episode: Episode) -> bool:
    wanted = re.match(r"Select (.*) and click Submit", episode.final.goal)
    assert wanted
    *boxes, last = [name for action, name in names(episode) if isinstance(action, Click)]
    odd = {name for name, clicks in Counter(boxes).items() if clicks % 2}
    return last == "Submit" and odd == {name.strip() for name in wanted[1].split(",")} - {"nothing"}


def clicks_the_quoted_name_last(episode: Episode) -> bool:
    *_, (action, name) = names(episode)
    return isinstance(action, Click) and [name] == QUOTED.findall(episode.final.goal)


def selects_the_named_option(episode: Episode) -> bool:
    chosen = [step.action.options for step in episode.steps if isinstance(step.action, Select)]
    return not chosen or f"Select {', '.join(chosen[-1])} from the list" in episode.final.goal


CHECKS: dict[str, Callable[[Episode], bool]] = {
    "enter-text": types_the_quoted_texts,
    "login-user": types_the_quoted_texts,
    "click-checkboxes": checks_the_named_boxes,
    "choose-list": selects_the_named_option,
    "click-tab-2": clicks_the_quoted_name_last,
    "click-button": clicks_the_quoted_name_last,
}


def successes(path: Path) -> Iterator[Episode]:
    for name, data in read_recordings(path):
        if name.parent.name in CHECKS:
            try:
                episode = import_recording(name, data, consent="test")
            except RecordingError:
                continue
            if episode.success:
                yield episode


@pytest.fixture(scope="module")
def agreement() -> dict[str, list[bool]]:
    """Whether each successful episode's actions agree with its goal, by task."""
    agreed: dict[str, list[bool]] = {}
    for episode in successes(recordings_path()):
        task = episode.task.name.removeprefix("miniwob/")
        has_option_from_goal = CHOICE_FROM_GOAL in episode.tags  # would agree with the goal by construction
        has_nothing_to_check = task == "choose-list" and not any(isinstance(s.action, Select) for s in episode.steps)
        if not has_option_from_goal and not has_nothing_to_check:
            agreed.setdefault(task, []).append(CHECKS[task](episode))
    return agreed


@pytest.mark.parametrize("task", sorted(CHECKS))
def test_actions_agree_with_the_goal(task: str, agreement: dict[str, list[bool]]) -> None:
    agreed = agreement.get(task, [])
    assert agreed, "no recording of this task"
    rate = sum(agreed) / len(agreed)
    assert rate >= 0.95, f"{task}: {sum(agreed)} of {len(agreed)} agree"
