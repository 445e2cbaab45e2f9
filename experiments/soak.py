"""Whether environments hold out: random actions on every task while browsers, renderers and processes are killed."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from browser_env.acting import Decision
from browser_env.action import ACTIONS, Action, Click, Point, Press, Scroll, Target, Type
from browser_env.chromium import PREFIX
from browser_env.miniwob import miniwob_task, task_names
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from experiments.benchmarks.process_tree import (
    command_of,
    descriptors,
    family,
    kind_of,
    living,
    memory_mib,
    still_living,
)
from rewards.outcome import Outcome

TEXTS = ("a", "ab c", "1", "2024-05-01")
KEYS = ("Tab", "Enter", "Escape", "ArrowDown", "Control+a", "Backspace")
VICTIMS = ("browser", "renderer", "gpu", "python")  # kinds of processes that are killed in turn
GRACE_S = 20.0  # after the end, for what is still ending
FLAT = ("memory_mib", "descriptors", "processes")  # of a sample: what has to stay about the same
GROWTH = 1.2  # from the first tenth of the samples to the last, at most
FEW = 20  # fewer samples tell no trend: a browser grows while its first pages load
ANYTHING = 0.15  # how often any verb at all is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How things stood at a moment."""

    steps: int
    memory_mib: float  # of this process, the pool's and their browsers
    descriptors: int  # open in all of them
    processes: int


@dataclass(slots=True, kw_only=True)
class Soak:
    """What a soak went through."""

    steps: int = 0
    episodes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)  # by kind of process
    paid_failures: int = 0  # episodes that infrastructure broke and that have a reward: must be none
    samples: list[Sample] = field(default_factory=list)
    left_processes: int = 0  # after the end: must be none
    left_folders: int = 0
    wall_s: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing grew or was left behind, nothing broken was paid, and every failure was killed for."""
        unexplained = self.outcomes[Outcome.INFRA_ERROR] > sum(self.kills.values())
        left = self.left_processes or self.left_folders
        return self.is_flat and not (self.paid_failures or left or unexplained)

    @property
    def is_flat(self) -> bool:
        """Whether memory, descriptors and processes are about what they were at first; few samples do not tell."""
        trends = [self.trend(name) for name in FLAT]
        return len(self.samples) < FEW or all(last <= GROWTH * first for first, last in trends)

    def trend(self, name: str) -> tuple[float, float]:
        """Return what a field of the samples was in their first and their last tenth, as medians: kills make holes."""
        tenth = max(1, len(self.samples) // 10)
        parts = (self.samples[:tenth], self.samples[-tenth:])
        first, last = (median(getattr(sample, name) for sample in part) if part else 0.0 for part in parts)
        return first, last

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-serialisable data."""
        plain = {part.name: getattr(self, part.name) for part in fields(self)}
        counted = {"outcomes": dict(self.outcomes), "kills": dict(self.kills)}
        judged = {"is_flat": self.is_flat, "is_sound": self.is_sound}
        return plain | counted | judged | {"samples": [asdict(sample) for sample in self.samples]}


class RandomActions:
    """A policy that does anything: mostly clicks on what can be clicked."""

    version = 0

    def __init__(self, seed: int):
        self._rng = np.random.default_rng(seed)

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation."""
        return [Decision(action=self._choose(observation)) for observation in observations]

    def _choose(self, observation: Observation) -> Action:
        shown = [e for e in observation.elements if e.visible and e.role != "option"]
        clickable = [e for e in shown if "clickable" in e.states]
        editable = [e for e in shown if "editable" in e.states]
        width, height = observation.viewport
        point = Point(float(self._rng.integers(width)), float(self._rng.integers(height)))
        chance = self._rng.random()
        if chance > 1 - ANYTHING:
            return self.draw(str(self._rng.choice(list(ACTIONS))), observation)
        if chance < 0.5 and clickable:
            return Click(clickable[self._rng.integers(len(clickable))].id)
        if chance < 0.65 and editable:
            return Type(editable[self._rng.integers(len(editable))].id, str(self._rng.choice(TEXTS)))
        if chance < 0.75:
            return Press(str(self._rng.choice(KEYS)))
        return Scroll(point, 0.0, 60.0) if chance < 0.8 else Click(point)

    def draw(self, verb: str, observation: Observation) -> Action:
        """Return an action of this verb, on an element or a point of the page, that may well fail."""
        target, other = self._target(observation), self._target(observation)
        text, key = str(self._rng.choice(TEXTS)), str(self._rng.choice(KEYS))
        drawn: dict[str, Any] = {
            **{"target": target, "path": (target, other), "options": (text,), "names": (text,)},
            **{"text": text, "key": key, "url": observation.url, "index": int(self._rng.integers(3))},
            **{"dy": float(self._rng.integers(-200, 201)), "ms": int(self._rng.integers(1000))},
        }
        cls = ACTIONS[verb]
        return cls(**{part.name: drawn[part.name] for part in fields(cls) if part.name in drawn})

    def _target(self, observation: Observation) -> Target:
        shown = [element.id for element in observation.elements if element.visible]
        if shown and self._rng.random() < 0.8:
            return str(self._rng.choice(shown))
        width, height = observation.viewport
        return Point(float(self._rng.integers(width)), float(self._rng.integers(height)))


class Killer:
    """Kills a process of the pool's families now and then, on a thread of its own."""

    def __init__(self, pool: Pool, *, every_s: float, seed: int):
        self.kills: Counter[str] = Counter()
        self._pool = pool
        self._every_s = every_s
        self._rng = np.random.default_rng(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="killer")

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Kill while the block runs."""
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._over.wait(self._rng.exponential(self._every_s)):
            kind = VICTIMS[turn % len(VICTIMS)]
            victims = [pid for pid in family(self._pool.pids) if kind_of(command_of(pid)) == kind]
            if victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(self._rng.choice(victims)), signal.SIGKILL)
                    self.kills[kind] += 1
            turn += 1


def soak(
    *, num_steps: int, num_envs: int, kill_every_s: float, limit_s: float = math.inf, seed: int = 0
) -> Iterator[Soak]:
    """Yield the state of a soak after every episode; the last one tells also what was left behind.

    It ends with the episode that reaches so many steps or so much time.
    """
    state, started = Soak(), time.monotonic()
    owned: set[tuple[int, int]] = set()  # processes that the pool and its browsers have had, by id and start
    every = max(1, num_steps // 50)
    with Pool(num_envs=num_envs) as pool:
        killer = Killer(pool, every_s=kill_every_s, seed=seed)
        with killer.at_work():
            for episode in pool.rollout(RandomActions(seed), _requests()):
                owned |= living(pool.pids)
                state.episodes += 1
                state.steps += len(episode.steps)
                state.outcomes[str(episode.outcome)] += 1
                state.paid_failures += not episode.outcome.learnable and episode.reward != 0
                state.kills = killer.kills
                if state.steps >= every * (len(state.samples) + 1):
                    state.samples.append(_sample(state.steps, pool))
                yield state
                if state.steps >= num_steps or time.monotonic() - started >= limit_s:
                    break
    _count_leftovers(state, owned)
    state.wall_s = time.monotonic() - started
    yield state


def _requests() -> Iterator[RolloutRequest]:
    seed = 0
    while True:
        for name in task_names():
            yield RolloutRequest(task=miniwob_task(name), seed=seed)
        seed += 1


def _sample(steps: int, pool: Pool) -> Sample:
    return Sample(
        steps=steps,
        memory_mib=memory_mib([os.getpid()]),
        descriptors=descriptors([os.getpid()]),
        processes=len(family(pool.pids)),
    )


def _count_leftovers(state: Soak, owned: set[tuple[int, int]]) -> None:
    """Wait for what is still ending, then count processes and the pool's folders that are left."""
    owners = {str(pid) for pid, _ in owned}
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        state.left_processes = len(still_living(owned))
        folders = Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*")
        state.left_folders = sum(folder.name.split("-")[1] in owners for folder in folders)
        if not state.left_processes and not state.left_folders:
            return
        time.sleep(0.2)
