"""What the benchmark's counts say: rates, latencies and ratios, by plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

from browser_env.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCount:
    """What one side did at one task in one repetition, all its processes together."""

    rate: float  # steps/s until the count closed
    steps: int  # of all episodes
    episodes: int
    cpu_s: Mapping[str, float]  # by kind of process, for all episodes
    step_s: Sequence[float] = ()
    reset_s: Sequence[float] = ()
    policy_s: float = 0.0
    phase_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def length(self) -> float:
        """Steps of a mean episode."""
        return self.steps / self.episodes

    def episode_s(self, length: float, *, num_envs: int) -> float:
        """Return the seconds for an episode of so many steps: a mean one, with mean steps more or fewer."""
        return self.length / self.rate + (length - self.length) * fmean(self.step_s) / num_envs

    def episode_cpu_s(self, length: float, *, num_envs: int) -> float:
        """Return the processor seconds of such an episode, which go with its time."""
        share = self.episode_s(length, num_envs=num_envs) * self.rate / self.length
        return share * sum(self.cpu_s.values()) / self.episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One repetition of one side, at all tasks."""

    counts: Sequence[TaskCount]
    memory_mib: float  # of everything, at the end
    num_envs: int = 1
    lengths: Sequence[float] = ()  # steps that an episode of each task is reckoned to have; empty: what it had

    @property
    def steps_per_s(self) -> float:
        """Steps a second, every task weighing with equally many episodes."""
        episodes_s = [c.episode_s(length, num_envs=self.num_envs) for c, length in self._pairs]
        return sum(length for _, length in self._pairs) / sum(episodes_s)

    @property
    def cpu_s_per_step(self) -> float:
        """Processor seconds of a step and its share of a reset, weighed likewise."""
        episodes_s = [c.episode_cpu_s(length, num_envs=self.num_envs) for c, length in self._pairs]
        return sum(episodes_s) / sum(length for _, length in self._pairs)

    @property
    def length(self) -> float:
        """Steps that a mean episode had, over tasks."""
        return fmean(c.length for c in self.counts)

    @property
    def _pairs(self) -> list[tuple[TaskCount, float]]:
        return list(zip(self.counts, self.lengths or [c.length for c in self.counts], strict=True))


def mean_lengths(runs: Iterable[Run]) -> list[float]:
    """Return the steps of a mean episode of each task, over all runs."""
    tasks = zip(*(run.counts for run in runs), strict=True)
    return [sum(c.steps for c in counts) / sum(c.episodes for c in counts) for counts in tasks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of what repetitions gave, with the lowest and the highest."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All repetitions of one side with one number of environments."""

    num_envs: int
    steps_per_s: Spread
    steps_per_core_s: float  # steps for a second of one core
    step_p50_ms: float
    step_p95_ms: float
    reset_p50_ms: float
    reset_p95_ms: float
    memory_mib: float  # for each environment
    episode_steps: float  # of a mean episode
    policy_share: float  # of the wall clock that went into choosing clicks
    steps: int
    episodes: int
    cpu_ms: dict[str, float]  # for each step, by kind of process
    phase_ms: dict[str, float]  # for each step, where a side tells

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON-serialisable data."""
        return asdict(self)


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the extremes."""
    return Spread(value=median(values), low=min(values), high=max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that ``percent`` per cent of the values do not exceed, between neighbours by their distance."""
    if not values:
        raise DataError("there is no percentile of nothing")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(over: Sequence[Run], under: Sequence[Run]) -> Spread:
    """Return how many times faster one side was, repetition by repetition: both saw the same machine."""
    return spread([a.steps_per_s / b.steps_per_s for a, b in zip(over, under, strict=True)])


def summarise(runs: Sequence[Run]) -> Summary:
    """Return what all repetitions of one side say."""
    counts = [count for run in runs for count in run.counts]
    steps, num_envs = sum(c.steps for c in counts), runs[0].num_envs
    step_s = [s for c in counts for s in c.step_s]
    reset_s = [s for c in counts for s in c.reset_s]
    busy_s = sum(step_s) + sum(reset_s)
    policy_s = sum(c.policy_s for c in counts)
    return Summary(
        num_envs=num_envs,
        steps_per_s=spread([run.steps_per_s for run in runs]),
        steps_per_core_s=1 / max(median([run.cpu_s_per_step for run in runs]), 1e-9),
        step_p50_ms=1000 * percentile(step_s, 50),
        step_p95_ms=1000 * percentile(step_s, 95),
        reset_p50_ms=1000 * percentile(reset_s, 50),
        reset_p95_ms=1000 * percentile(reset_s, 95),
        memory_mib=median([run.memory_mib for run in runs]) / num_envs,
        episode_steps=sum(run.length for run in runs) / len(runs),
        policy_share=policy_s / (busy_s + policy_s),
        steps=steps,
        episodes=sum(c.episodes for c in counts),
        cpu_ms=_per_step_ms([c.cpu_s for c in counts], steps=steps),
        phase_ms=_per_step_ms([c.phase_s for c in counts], steps=steps),
    )


def best(sides: Mapping[int, Sequence[Run]]) -> int:
    """Return the number of environments with the highest median of steps a second."""
    return max(sides, key=lambda num_envs: median([run.steps_per_s for run in sides[num_envs]]))


def _per_step_ms(spent_s: Sequence[Mapping[str, float]], *, steps: int) -> dict[str, float]:
    names = dict.fromkeys(name for spent in spent_s for name in spent)
    return {name: 1000 * sum(spent.get(name, 0.0) for spent in spent_s) / steps for name in names}
