"""A shelf of kept episodes, whose steps are drawn in proportion to their weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from browser_env.errors import UsageError
from replay.kept import LEAST_SURPRISE, MOST_SURPRISE, Kept
from replay.novelty import Novelty, Traits
from replay.sum_tree import Floats, Ints, SumTree

Place = tuple[str, str, int]  # the task, the episode's id, and the step
PRIORITIES = ("surprise", "loss", "uniform")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How steps are drawn, but for the share of demonstrations."""

    by_task: bool = True  # the task first, evenly or by the shares that are asked for; no: all steps in one pot
    priority: str = "surprise"  # of PRIORITIES: an episode's last step's, then any of its steps; each step's; none
    priority_exponent: float = 1.0  # 0: priorities do not matter
    importance_exponent: float = 0.0  # of the weights that undo preferences; 1: undone in the mean
    novelty_exponent: float = 0.0  # how much more what is rare in state and text weighs; 0: not
    failure_share: float = 0.0  # of own samples; failures teach the value only, unless they are conditioned
    condition_failures: bool = False  # failures are imitated as what leads to failure (Kumar et al. 2019)
    hindsight_share: float = 0.0  # of own samples; failures as successes at what they reached

    def __post_init__(self) -> None:
        if self.priority not in PRIORITIES:
            raise UsageError(f"priority is one of {', '.join(PRIORITIES)}, not {self.priority!r:.40}")
        for name in ("priority_exponent", "importance_exponent", "novelty_exponent"):
            if not 0 <= getattr(self, name) <= 10:
                raise UsageError(f"{name} must be 0 to 10, not {getattr(self, name)}")
        shares = (self.failure_share, self.hindsight_share)
        if not all(0 <= share <= 1 for share in shares) or sum(shares) > 1:
            raise UsageError(f"failure_share and hindsight_share must be 0 to 1 together, not {shares}")


class Drawn(NamedTuple):
    """A step that was drawn."""

    kept: Kept
    step: int
    chance: float  # that a draw gives this step


class Shelf:
    """Episodes of one kind; a sum tree for each task."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._tasks: dict[str, _TaskSteps] = {}
        self._novelty = Novelty()
        self._traits: dict[str, Traits] = {}
        self._num_steps = 0
        self._stale = False  # an episode came or went since weights were set

    @property
    def num_episodes(self) -> int:
        """How many episodes there are."""
        return sum(len(task.slots) for task in self._tasks.values())

    @property
    def num_steps(self) -> int:
        """How many steps these have."""
        return self._num_steps

    @property
    def tasks(self) -> list[str]:
        """The tasks there are episodes of."""
        return list(self._tasks)

    @property
    def episodes(self) -> list[Kept]:
        """The episodes, by task in the order in which the tasks came."""
        return [kept for task in self._tasks.values() for kept in task.kept.values()]

    def add(self, kept: Kept) -> None:
        """Put an episode on the shelf, in place of one with the same id."""
        self.remove(kept.task, kept.id)
        self._tasks.setdefault(kept.task, _TaskSteps(self._sampling)).add(kept)
        self._num_steps += kept.num_steps
        if self._sampling.novelty_exponent:
            self._traits[kept.id] = kept.traits()
            self._novelty.add(self._traits[kept.id])
            self._stale = True

    def remove(self, task: str, episode_id: str) -> None:
        """Take an episode off the shelf, if it is there."""
        steps = self._tasks.get(task)
        if steps is None or episode_id not in steps.kept:
            return
        self._num_steps -= steps.kept[episode_id].num_steps
        steps.remove(episode_id)
        if not steps.kept:
            del self._tasks[task]
        if episode_id in self._traits:
            self._novelty.add(self._traits.pop(episode_id), sign=-1)
            self._stale = True

    def set_surprises(self, surprises: Iterable[tuple[Place, float]]) -> None:
        """Say how unlikely steps are to the policy now, in nats; steps that have left the shelf are ignored."""
        if self._sampling.priority == "uniform":
            return
        by_task: dict[str, list[tuple[str, int, float]]] = {}
        for (task, episode_id, step), nats in surprises:
            if task in self._tasks and episode_id in self._tasks[task].slots:
                by_task.setdefault(task, []).append((episode_id, step, nats))
        for task, found in by_task.items():
            self._tasks[task].set_surprises(found)

    def draw(self, count: int, rng: np.random.Generator, shares: Mapping[str, float] | None) -> list[Drawn]:
        """Draw steps with replacement, task by task; none from an empty shelf."""
        if not self._num_steps or count <= 0:
            return []
        if self._stale:
            for task in self._tasks.values():
                task.set_novelty({name: self._novelty.of(self._traits[name]) for name in task.kept})
            self._stale = False
        tasks = list(self._tasks.values())
        chances = self._chances(shares)
        counts = np.bincount(rng.choice(len(tasks), size=count, p=chances), minlength=len(tasks))
        return [
            drawn
            for task, times, chance in zip(tasks, counts, chances, strict=True)
            if times
            for drawn in task.draw(rng.random(times), chance)
        ]

    def _chances(self, shares: Mapping[str, float] | None) -> Floats:
        if not self._sampling.by_task:
            chances = np.array([task.total for task in self._tasks.values()])
        else:
            chances = np.array([1.0 if shares is None else shares.get(task, 0.0) for task in self._tasks])
        total = chances.sum()
        return chances / total if total > 0 else np.full(len(chances), 1 / len(chances))


class _TaskSteps:
    """The steps of one task's episodes, each in a slot of a sum tree."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._tree = SumTree()
        self._owners: list[Kept | None] = []  # of each slot
        self._steps: list[int] = []  # of each slot, in its episode
        self._free: list[int] = []
        self._bases: Floats = np.zeros(1)  # weights of slots before novelty
        self._novelty: Floats = np.ones(1)  # what these are multiplied with
        self.kept: dict[str, Kept] = {}  # oldest first
        self.slots: dict[str, Ints] = {}

    @property
    def total(self) -> float:
        """The sum of the steps' weights."""
        return self._tree.total

    def add(self, kept: Kept) -> None:
        slots = self._take_slots(kept.num_steps)
        for step, slot in enumerate(slots):
            self._owners[slot], self._steps[slot] = kept, step
        self.kept[kept.id], self.slots[kept.id] = kept, slots
        self._bases[slots], self._novelty[slots] = self._first_weight(kept), 1.0
        self._weigh(slots)

    def remove(self, episode_id: str) -> None:
        slots = self.slots.pop(episode_id)
        del self.kept[episode_id]
        self._tree.set(slots, np.zeros(len(slots)))
        for slot in slots.tolist():
            self._owners[slot] = None
            self._free.append(slot)

    def set_surprises(self, surprises: Sequence[tuple[str, int, float]]) -> None:
        """Weigh steps by how unlikely they are now; in "surprise", all steps of an episode by its last one."""
        if self._sampling.priority == "surprise":
            known = [(self.slots[name], nats) for name, step, nats in surprises if step == len(self.slots[name]) - 1]
        else:
            known = [(self.slots[name][step : step + 1], nats) for name, step, nats in surprises]
        counts = np.array([len(slots) for slots, _ in known], dtype=np.int64)
        weights = self._weigh_up(np.nan_to_num([nats for _, nats in known], nan=MOST_SURPRISE))
        slots = np.concatenate([np.zeros(0, dtype=np.int64), *(slots for slots, _ in known)])
        self._bases[slots] = np.repeat(weights / np.maximum(counts, 1), counts)
        self._weigh(slots)

    def set_novelty(self, novelty: Mapping[str, Floats]) -> None:
        for episode_id, values in novelty.items():
            slots = self.slots[episode_id]
            self._novelty[slots] = values**self._sampling.novelty_exponent
            self._weigh(slots)

    def draw(self, points: Floats, task_chance: float) -> list[Drawn]:
        leaves = self._tree.find(points * self._tree.total)
        chances = self._tree.weights[leaves] / self._tree.total * task_chance
        return [self._drawn(leaf, chance) for leaf, chance in zip(leaves.tolist(), chances.tolist(), strict=True)]

    def _drawn(self, leaf: int, chance: float) -> Drawn:
        kept = self._owners[leaf]
        assert kept is not None  # a free slot weighs nothing, so that it is never found
        return Drawn(kept=kept, step=self._steps[leaf], chance=chance)

    def _first_weight(self, kept: Kept) -> float:
        """Return what each step of a new episode weighs; in "loss", what nobody learned from yet comes first."""
        if self._sampling.priority == "uniform":
            return 1.0
        if self._sampling.priority == "loss":
            return float(self._weigh_up(np.array(MOST_SURPRISE)))
        return float(self._weigh_up(np.array(kept.surprise))) / kept.num_steps

    def _weigh_up(self, nats: Floats) -> Floats:
        """Return what surprises weigh."""
        weights: Floats = np.clip(nats, LEAST_SURPRISE, MOST_SURPRISE) ** self._sampling.priority_exponent
        return weights

    def _weigh(self, slots: Ints) -> None:
        self._tree.set(slots, self._bases[slots] * self._novelty[slots])

    def _take_slots(self, count: int) -> Ints:
        """Return slots for new steps, freed ones first."""
        split = max(len(self._free) - count, 0)
        taken, self._free = self._free[split:], self._free[:split]
        first = len(self._owners)
        self._owners += [None] * (count - len(taken))
        self._steps += [0] * (count - len(taken))
        while len(self._bases) < len(self._owners):
            self._bases = np.concatenate([self._bases, np.zeros(len(self._bases))])
            self._novelty = np.concatenate([self._novelty, np.ones(len(self._novelty))])
        return np.array([*taken, *range(first, len(self._owners))], dtype=np.int64)
