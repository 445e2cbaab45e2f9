"""How success grows with what learning takes: curves over steps, time and money, and what a threshold needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.comparing.groups import VARIANT, Group, configuration
from experiments.comparing.replicates import AXES, Curve
from experiments.statistics import Band, Estimate, bootstrap_rows

POINTS = 120  # of a drawn curve
DEMONSTRATIONS = "demonstrations_per_task"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCurve:
    """The mean learning curve of a group's seeds, from where all have begun to where the first has ended."""

    axis: str  # one of AXES
    at: tuple[float, ...]  # what had been spent
    success: Band  # (num_points,)
    seeds: int  # the curve is the mean of


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What a group's seeds had spent in practice when they reached the threshold: medians over seeds."""

    reached: int  # seeds
    seeds: int  # with a learning curve
    spent: dict[str, float | None]  # by axis; None unless more than half of the seeds did, or not known


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationPoint:
    """A group of a line of groups that differ in nothing but their demonstrations."""

    group: int
    demonstrations: float  # per task
    mean: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationLine:
    """Success over demonstrations."""

    label: str
    points: tuple[DemonstrationPoint, ...]  # by demonstrations
    needed: float | None  # the fewest demonstrations with which the mean reached the threshold


def group_curve(curves: Sequence[Curve], *, axis: str, seed: int) -> GroupCurve | None:
    """Return a group's curve over an axis, or None where no run knows it or the runs share no part of it."""
    known = [(np.array(getattr(curve, axis)), np.array(curve.success)) for curve in curves if getattr(curve, axis)]
    if not known:
        return None
    start, end = max(at[0] for at, _ in known), min(at[-1] for at, _ in known)
    if not start < end:
        return None
    grid = np.linspace(start, end, POINTS)
    rows = np.stack([np.interp(grid, at, success) for at, success in known])
    return GroupCurve(axis=axis, at=tuple(grid.tolist()), success=bootstrap_rows(rows, seed=seed), seeds=len(rows))


def needed(curves: Sequence[Curve], *, threshold: float) -> Needed | None:
    """Return what reaching the threshold took, or None where no run logged a curve."""
    if not curves:
        return None
    first = [next((i for i, value in enumerate(curve.success) if value >= threshold), None) for curve in curves]
    spent = {}
    for axis in AXES:
        if all(getattr(curve, axis) for curve in curves):
            values = [math.inf if i is None else getattr(c, axis)[i] for c, i in zip(curves, first, strict=True)]
            spent[axis] = _median(values)
        else:
            spent[axis] = None
    return Needed(reached=sum(i is not None for i in first), seeds=len(curves), spent=spent)


def demonstration_lines(
    groups: Sequence[Group], means: Sequence[Estimate], *, threshold: float
) -> tuple[DemonstrationLine, ...]:
    """Return a line for each set of groups that differ in the number of demonstrations only."""
    members: dict[object, list[DemonstrationPoint]] = {}
    for position, (group, mean) in enumerate(zip(groups, means, strict=True)):
        count = _number(group.settings.get(DEMONSTRATIONS, ""))
        if count is not None:
            key = configuration(group.replicates[0], without=(VARIANT, DEMONSTRATIONS, *group.varied))
            point = DemonstrationPoint(group=position, demonstrations=count, mean=mean)
            members.setdefault(key, []).append(point)
    apart = [points for points in members.values() if len({point.demonstrations for point in points}) > 1]
    arms = [groups[points[0].group].arm for points in apart]
    return tuple(
        _line(points, label=arm if arms.count(arm) == 1 and arm else groups[points[0].group].label, threshold=threshold)
        for points, arm in zip(apart, arms, strict=True)
    )


def _line(points: Sequence[DemonstrationPoint], *, label: str, threshold: float) -> DemonstrationLine:
    ordered = tuple(sorted(points, key=lambda point: point.demonstrations))
    enough = [point.demonstrations for point in ordered if point.mean.value >= threshold]
    return DemonstrationLine(label=label, points=ordered, needed=enough[0] if enough else None)


def _median(values: Sequence[float]) -> float | None:
    """Return the middle value, the higher one of two; None for one that was never reached."""
    middle = sorted(values)[len(values) // 2]
    return middle if math.isfinite(middle) else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
