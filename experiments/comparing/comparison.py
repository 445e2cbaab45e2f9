"""Groups compared on the tasks they share: figures with intervals, and nothing of how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from browser_env.errors import UsageError
from experiments.comparing.choosing import Choice
from experiments.comparing.groups import Group, LeftOut, differing
from experiments.comparing.learning import (
    DemonstrationLine,
    GroupCurve,
    Needed,
    demonstration_lines,
    group_curve,
    needed,
)
from experiments.comparing.replicates import AXES
from experiments.statistics import (
    Band,
    Estimate,
    Floats,
    Sample,
    bootstrap,
    estimate,
    interquartile_mean,
    mean,
    performance_profile,
    probability_of_improvement,
    rate_difference,
    task_differences,
    task_means,
    wilson,
)

THRESHOLD = 0.9
BASELINE, BETTER, WORSE, UNCLEAR = "baseline", "better", "worse", "cannot be told apart"
ABOVE = tuple(step / 100 for step in range(101))  # thresholds of the performance profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A group over the shared tasks."""

    mean: Estimate
    interquartile_mean: Estimate
    of_seeds: bool  # whether seeds were resampled, and not one seed's episodes
    profile: Band  # (len(ABOVE),): share of scores above each threshold
    successes: int
    episodes: int
    cost_per_success: float | None  # money that the evaluation took
    improvement: Estimate | None  # probability of improvement over the first group; None for the first
    verdict: str  # on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """How likely a seed of one group is better than a seed of another."""

    group: int
    over: int
    probability: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task across the groups."""

    task: str
    rates: tuple[Estimate, ...]
    differences: tuple[Estimate, ...]  # to the first group, one for each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Groups side by side; the first is what the others are compared to."""

    groups: tuple[Group, ...]
    left_out: tuple[LeftOut, ...]
    shared: tuple[str, ...]  # tasks that every run was evaluated on
    not_shared: tuple[str, ...]  # tasks that only some were
    settings: dict[str, tuple[str | None, ...]]  # only those that differ
    totals: tuple[Total, ...]
    improvements: tuple[Improvement, ...]  # of each pair
    lines: tuple[TaskLine, ...]
    curves: tuple[tuple[GroupCurve, ...], ...]  # by group
    needed: tuple[Needed | None, ...]  # by group
    demonstrations: tuple[DemonstrationLine, ...]
    threshold: float

    @property
    def labels(self) -> list[str]:
        """The groups' labels."""
        return [group.label for group in self.groups]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable data."""
        return {
            "groups": [_group_json(group) for group in self.groups],
            "left_out": [asdict(left_out) for left_out in self.left_out],
            "shared_tasks": list(self.shared),
            "tasks_not_shared": list(self.not_shared),
            "settings": {key: list(values) for key, values in self.settings.items()},
            "totals": [_plain(asdict(total)) for total in self.totals],
            "profile_above": list(ABOVE),
            "improvements": [asdict(pair) for pair in self.improvements],
            "tasks": [asdict(line) for line in self.lines],
            "curves": [[_plain(asdict(curve)) for curve in curves] for curves in self.curves],
            "threshold": self.threshold,
            "needed": [need and asdict(need) for need in self.needed],
            "demonstrations": [asdict(line) for line in self.demonstrations],
        }


def compare(choice: Choice, *, threshold: float = THRESHOLD, held_out: bool | None = None, seed: int = 0) -> Comparison:
    """Compare groups to the first of them; the seed draws the resamples of the intervals.

    ``held_out`` says whether only tasks are compared that all runs kept for evaluation, or only ones that none did.
    """
    groups = choice.groups
    if not 0 < threshold <= 1:
        raise UsageError(f"a threshold is a success rate above 0 and up to 1, not {threshold:g}")
    some = _any_tasks(groups)
    shared = sorted(task for task in set.intersection(*(g.tasks for g in groups)) if _is_of(groups, task, held_out))
    if not shared:
        kind = "" if held_out is None else "held-out " if held_out else "practised "
        raise UsageError(
            f"the runs share no {kind}task with episodes; narrow them with --where, or evaluate the same tasks"
        )
    samples = [group.sample(shared) for group in groups]
    pairs = tuple(
        _improvement(samples, first, second, seed=seed) for first, second in combinations(range(len(groups)), 2)
    )
    over_first = [None, *(pair.probability for pair in pairs if pair.over == 0)]
    totals = tuple(
        _total(group, sample, improvement, tasks=shared, seed=seed)
        for group, sample, improvement in zip(groups, samples, over_first, strict=True)
    )
    return Comparison(
        groups=groups,
        left_out=choice.left_out,
        shared=tuple(shared),
        not_shared=tuple(sorted(some - set(shared))),
        settings=_differing_settings(groups),
        totals=totals,
        improvements=pairs,
        lines=_lines(shared, samples, seed=seed),
        curves=tuple(_curves(group, seed=seed) for group in groups),
        needed=tuple(needed(group.curves, threshold=threshold) for group in groups),
        demonstrations=demonstration_lines(groups, [total.mean for total in totals], threshold=threshold),
        threshold=threshold,
    )


def _differing_settings(groups: Sequence[Group]) -> dict[str, tuple[str | None, ...]]:
    """Return the settings that differ; the seed is one of them where each group is a single run."""
    single = all(len(group.replicates) == 1 for group in groups)
    return differing([group.replicates[0].params if single else group.settings for group in groups])


def _any_tasks(groups: Sequence[Group]) -> set[str]:
    return {task for group in groups for replicate in group.replicates for task in replicate.scores}


def _is_of(groups: Sequence[Group], task: str, held_out: bool | None) -> bool:
    scores = [replicate.scores[task] for group in groups for replicate in group.replicates]
    return held_out is None or all(score.held_out == held_out for score in scores)


def _improvement(samples: Sequence[Sample], first: int, second: int, *, seed: int) -> Improvement:
    probability = estimate(probability_of_improvement, samples[first], samples[second], seed=seed)
    return Improvement(group=second, over=first, probability=probability)


def _total(group: Group, sample: Sample, improvement: Estimate | None, *, tasks: Sequence[str], seed: int) -> Total:
    scores = [replicate.scores[task] for replicate in group.replicates for task in tasks]
    successes = sum(score.successes for score in scores)
    return Total(
        mean=estimate(mean, sample, seed=seed),
        interquartile_mean=estimate(interquartile_mean, sample, seed=seed),
        of_seeds=sample.of_seeds,
        profile=bootstrap(_profile, sample, seed=seed),
        successes=successes,
        episodes=sum(score.episodes for score in scores),
        cost_per_success=_cost_per_success([score.cost for score in scores], successes),
        improvement=improvement,
        verdict=_verdict(improvement),
    )


def _profile(scores: Floats) -> Floats:
    return performance_profile(scores, above=ABOVE)


def _cost_per_success(costs: Sequence[float | None], successes: int) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) / successes if successes and len(known) == len(costs) else None


def _verdict(improvement: Estimate | None) -> str:
    if improvement is None:
        return BASELINE
    if improvement.low > 0.5:
        return BETTER
    return WORSE if improvement.high < 0.5 else UNCLEAR


def _lines(tasks: Sequence[str], samples: Sequence[Sample], *, seed: int) -> tuple[TaskLine, ...]:
    rates = [_rates(sample, seed=seed) for sample in samples]
    differences = [
        _differences(samples[0], sample, rates[0], rate, seed=seed)
        for sample, rate in zip(samples[1:], rates[1:], strict=True)
    ]
    return tuple(
        TaskLine(task=task, rates=tuple(row[i] for row in rates), differences=tuple(row[i] for row in differences))
        for i, task in enumerate(tasks)
    )


def _rates(sample: Sample, *, seed: int) -> list[Estimate]:
    """Return each task's success: over seeds by the bootstrap, of one seed's episodes after Wilson."""
    if sample.of_seeds:
        return bootstrap(task_means, sample, seed=seed).estimates()
    rows = zip(sample.scores[0], sample.episodes[0], strict=True)
    return [wilson(round(float(rate) * int(episodes)), int(episodes)) for rate, episodes in rows]


def _differences(
    first: Sample, second: Sample, first_rates: Sequence[Estimate], rates: Sequence[Estimate], *, seed: int
) -> list[Estimate]:
    """Return second minus first task by task: by the bootstrap where there are seeds, else after Newcombe."""
    if first.of_seeds or second.of_seeds:
        return bootstrap(task_differences, first, second, seed=seed).estimates()
    return [rate_difference(one, other) for one, other in zip(first_rates, rates, strict=True)]


def _curves(group: Group, *, seed: int) -> tuple[GroupCurve, ...]:
    curves = (group_curve(group.curves, axis=axis, seed=seed) for axis in AXES)
    return tuple(curve for curve in curves if curve is not None)


def _group_json(group: Group) -> dict[str, Any]:
    runs = [{"id": run.id, "name": run.name, "seed": run.seed, "commit": run.commit} for run in group.replicates]
    return {"label": group.label, "runs": runs}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Return data with its arrays, which only bands have, as lists."""
    return {
        key: {name: array.tolist() for name, array in value.items()} if key in ("profile", "success") else value
        for key, value in data.items()
    }
