"""Imports recordings as episodes, and keeps count of what came in and what could not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.task import Task, VerifierSpec
from replay.miniwob_recordings.actions import steps, translate
from replay.miniwob_recordings.dom import VIEWPORT
from replay.miniwob_recordings.pages import Pages
from replay.miniwob_recordings.reading import read_recordings
from replay.miniwob_recordings.recording import RecordingError, parse_recording, unpack
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome

PAGE = "http://miniwob.test/miniwob/{}.html"
TAG = "miniwob-recordings"
CHOICE_FROM_GOAL = "choice-from-goal"  # a list's chosen option was not recorded and taken from the goal
UNKNOWN_SEED = -1

Progress = Callable[[int], None]  # called with the number of files read so far


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import brought in, filled while it runs."""

    files: int = 0
    episodes: int = 0
    successes: int = 0
    steps: int = 0
    actions: Counter[str] = field(default_factory=Counter)  # by verb
    dropped: Counter[str] = field(default_factory=Counter)  # gestures without a part in an action, by reason
    choices_from_goal: int = 0  # episodes tagged "choice-from-goal"
    failures: dict[str, list[str]] = field(default_factory=dict)  # reason -> names of files
    tasks: dict[str, Counter[str]] = field(default_factory=dict)  # name -> episodes, successes, steps

    def add(self, episode: Episode, dropped: Counter[str]) -> None:
        """Count an episode."""
        task = self.tasks.setdefault(episode.task.name, Counter())
        for counter in (task,):
            counter.update(episodes=1, successes=int(episode.success), steps=len(episode.steps))
        self.episodes += 1
        self.successes += episode.success
        self.steps += len(episode.steps)
        self.actions.update(step.action.verb for step in episode.steps)
        self.dropped.update(dropped)
        self.choices_from_goal += CHOICE_FROM_GOAL in episode.tags

    def fail(self, name: str, reason: str) -> None:
        """Count a file that gave no episode."""
        self.failures.setdefault(reason, []).append(name)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable data."""
        return {
            "files": self.files,
            "episodes": self.episodes,
            "successes": self.successes,
            "steps": self.steps,
            "actions": dict(self.actions.most_common()),
            "dropped": dict(self.dropped.most_common()),
            "choices_from_goal": self.choices_from_goal,
            "failures": self.failures,
            "tasks": {name: dict(self.tasks[name]) for name in sorted(self.tasks)},
        }


def import_recordings(
    path: Path, *, consent: str, report: ImportReport | None = None, progress: Progress | None = None
) -> Iterator[Episode]:
    """Yield the episodes of a folder or archive, one in memory at a time; ``report`` fills on the way.

    A file that cannot be read is counted and named in the report; only a path that is no source of recordings, and
    an archive that is damaged as a whole, raise :class:`DataError`.
    """
    report = ImportReport() if report is None else report
    seen: set[str] = set()

    def count_file() -> None:
        report.files += 1
        if progress is not None:
            progress(report.files)

    def refuse(name: str, reason: str) -> None:
        count_file()
        report.fail(name, reason)

    for name, data in read_recordings(path, refuse=refuse):
        count_file()
        try:
            episode, dropped = _import(name, data, consent=consent)
            if episode.id in seen:
                raise RecordingError("duplicate")
        except RecordingError as error:
            report.fail(str(name), error.reason)
        else:
            seen.add(episode.id)
            report.add(episode, dropped)
            yield episode


def import_recording(name: PurePath | str, data: bytes, *, consent: str) -> Episode:
    """Return a recording's episode; raise :class:`RecordingError`, a DataError, with its ``reason`` if it is none.

    The name is the file's place below the recordings' folder, e.g. ``2017-10-16_second-turk/click-button/a.json.gz``:
    its folders name batch and task.
    """
    return _import(PurePosixPath(name), data, consent=consent)[0]


def _import(name: PurePosixPath, data: bytes, *, consent: str) -> tuple[Episode, Counter[str]]:
    if not consent:
        raise DataError("recordings of people need the id of their consent record; register one and pass its id")
    recording = parse_recording(data)
    task = _task(recording.task or name.parent.name)
    pages = Pages(recording, task.url)
    solved = recording.raw_reward >= 1
    actions = translate(pages, solved=solved)
    tags = (TAG, *_batch(name), *([CHOICE_FROM_GOAL] if actions.choice_from_goal else []))
    episode = Episode(
        id=hashlib.sha256(unpack(data)).hexdigest()[:32],
        task=task,
        seed=UNKNOWN_SEED,
        source=Source.HUMAN,
        steps=steps(pages, actions),
        final=pages.observation(pages.end),
        outcome=Outcome.SUCCESS if solved else Outcome.FAILURE,
        reward=1.0 if solved else 0.0,
        evidence=Evidence(
            url=task.url, page_done=True, page_reward=recording.raw_reward, page_elapsed_ms=recording.wall_s * 1000
        ),
        cost=Cost(wall_s=recording.wall_s, steps=len(actions.moves)),
        consent=consent,
        tags=tags,
    )
    return episode, actions.dropped


def _task(name: str) -> Task:
    if not name or not all(char.isalnum() or char in "-_" for char in name):
        raise RecordingError("no task name", "neither the file nor its folder names the task")
    return Task(
        name=f"miniwob/{name}",
        url=PAGE.format(name),
        verifier=VerifierSpec(name="page_reward", params={"mode": "strict"}),
        suite="miniwob",
        viewport=VIEWPORT,
        provenance="human recordings of MiniWoB++",
    )


def _batch(name: PurePosixPath) -> tuple[str, ...]:
    """Return the name of the folder around the task's folder, if there is one."""
    folder = name.parent.parent.name
    return (folder,) if folder else ()
