"""What a side of the comparison runs inside its own process: it prepares, says so, waits, measures, and reports.

Only the standard library is imported here, because peers run in virtual environments of their own. A side prints
one line of JSON when a task is ready, begins when a line arrives on its input, and prints one line when it is done.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Protocol, TextIO, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a side has to do."""

    tasks: tuple[str, ...]  # names of MiniWoB++ pages
    seconds: float  # measured for each task
    viewport: tuple[int, int]  # width, height in CSS px
    pixels: bool
    num_envs: int
    seed: int  # of the first episode and of the policy
    max_steps: int
    tuned: bool  # for peers: as fast as their own settings make them
    browser: str  # path of Chromium
    driver: str  # path of ChromeDriver, empty where there is none
    pages: str  # folder of the MiniWoB++ pages

    def to_text(self) -> str:
        """Return the job as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Job:
        """Rebuild a job from :meth:`to_text`."""
        data = json.loads(text)
        return cls(**{**data, "tasks": tuple(data["tasks"]), "viewport": tuple(data["viewport"])})


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts resets and steps; the count closes with the first one that ends after ``seconds``."""

    seconds: float
    began: float = field(default_factory=time.perf_counter)
    steps: int = 0  # until the count closed
    wall_s: float = 0.0  # until the last step or reset that was counted
    steps_after: int = 0  # of the episodes that were still under way
    episodes: int = 0
    reset_s: list[float] = field(default_factory=list)
    step_s: list[float] = field(default_factory=list)
    policy_s: float = 0.0  # spent on choosing what to click
    phase_s: dict[str, float] = field(default_factory=dict)  # where the time of all steps went, by name
    closed: bool = False

    def reset_done(self, began: float, ended: float) -> None:
        """Count a reset, by two readings of ``time.perf_counter()``."""
        self.reset_s.append(ended - began)
        self._move(ended)

    def step_done(self, began: float, ended: float) -> None:
        """Count a step, by two readings of ``time.perf_counter()``."""
        self.step_s.append(ended - began)
        if self._counting:
            self.steps += 1
        else:
            self.steps_after += 1
        self._move(ended)

    def episode_done(self) -> None:
        """Count an episode."""
        self.episodes += 1

    @property
    def enough(self) -> bool:
        """Whether the time is over; one episode is always finished, however slow."""
        return not self._counting

    @property
    def _counting(self) -> bool:
        return not self.closed or self.episodes == 0

    def _move(self, ended: float) -> None:
        elapsed = ended - self.began
        if self._counting:
            self.wall_s = elapsed
        self.closed = self.closed or elapsed >= self.seconds

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON-serialisable data."""
        data = asdict(self)
        del data["began"], data["closed"], data["seconds"]
        return data


class Clicks(Generic[T]):
    """The random policy: clicks on something clickable, chosen by a seeded generator."""

    def __init__(self, *, task: str, seed: int):
        self._random = random.Random(f"{task} {seed}")  # other luck at other tasks
        self.spent_s = 0.0

    def choose(self, targets: Sequence[T]) -> T | None:
        """Return one of the targets, or None where there are none."""
        started = time.perf_counter()
        target = self._random.choice(targets) if targets else None
        self.spent_s += time.perf_counter() - started
        return target


class Single(Protocol[T]):
    """One environment: what a reset or a step leads to is what can be clicked next."""

    def reset(self, seed: int) -> list[T]:
        """Begin an episode."""
        ...

    def step(self, target: T | None) -> tuple[list[T], bool]:
        """Click, or let time pass where there is nothing to click; also return whether the episode is over."""
        ...


def drive(env: Single[T], tally: Tally, *, task: str, seed: int, max_steps: int) -> None:
    """Make whole episodes of a task in one environment until the tally has enough."""
    clicks: Clicks[T] = Clicks(task=task, seed=seed)
    while not tally.enough:
        began = time.perf_counter()
        targets = env.reset(seed + tally.episodes)
        tally.reset_done(began, time.perf_counter())
        for _ in range(max_steps):
            target = clicks.choose(targets)
            began = time.perf_counter()
            targets, done = env.step(target)
            tally.step_done(began, time.perf_counter())
            if done:
                break
        tally.episode_done()
    tally.policy_s = clicks.spent_s


class Side(Protocol):
    """One of those that are compared."""

    def prepare(self, task: str) -> None:
        """Make the task's page ready and run it warm; not measured."""
        ...

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the tally has enough."""
        ...

    def versions(self) -> dict[str, str]:
        """Return what was measured, by name."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


def serve(side: Side, job: Job, *, lines_in: TextIO, lines_out: TextIO) -> None:
    """Measure task after task, each when a line arrives; end when the input does."""
    try:
        for task in job.tasks:
            side.prepare(task)
            _say(lines_out, {"ready": task, "versions": side.versions()})
            if not lines_in.readline():
                return
            tally = Tally(seconds=job.seconds)
            side.measure(task, tally)
            _say(lines_out, tally.to_json())
        lines_in.readline()
    finally:
        side.close()


def _say(lines_out: TextIO, data: dict[str, Any]) -> None:
    lines_out.write(json.dumps(data) + "\n")
    lines_out.flush()


def open_lines() -> TextIO:
    """Return the standard output for lines of JSON alone; what libraries print goes to the error output."""
    lines_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdout.flush()
    os.dup2(2, 1)
    return lines_out
