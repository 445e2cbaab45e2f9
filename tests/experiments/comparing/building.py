"""Evaluated runs to compare, made by hand."""

from __future__ import annotations

from experiments.comparing.choosing import Choice
from experiments.comparing.groups import Group
from experiments.comparing.replicates import Curve, Replicate
from experiments.scores import TaskScore


def replicate(
    name: str = "run",
    *,
    seed: int = 0,
    arm: str = "",
    curve: Curve | None = None,
    settings: dict[str, str] | None = None,
    experiment: str = "webdual",
    held_out: tuple[str, ...] = (),
    **tasks: tuple[int, int],
) -> Replicate:
    """A run with (successes, episodes) of tasks, each of which cost a dollar."""
    return Replicate(
        id=f"{name}{seed}".ljust(32, "0"),
        name=name,
        experiment=experiment,
        arm=arm,
        params={"seed": str(seed), **(settings or {})},
        scores={
            task: TaskScore(task=task, successes=s, episodes=n, cost=1.0, held_out=task in held_out)
            for task, (s, n) in tasks.items()
        },
        curve=curve or Curve(),
    )


def group(label: str, *replicates: Replicate) -> Group:
    """A group of runs."""
    return Group(label=label, replicates=replicates)


def choice(*groups: Group) -> Choice:
    """Groups to compare, with no run left out."""
    return Choice(groups=groups, left_out=())


def curve(*success: float, steps: float = 10.0, seconds: float = 2.0, money: float | None = 0.5) -> Curve:
    """A curve whose updates all took the same."""
    count = range(1, len(success) + 1)
    return Curve(
        success=success,
        steps=tuple(steps * i for i in count),
        seconds=tuple(seconds * i for i in count),
        money=() if money is None else tuple(money * i for i in count),
    )
