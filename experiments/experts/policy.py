"""A policy that acts as the expert of one task."""

from __future__ import annotations

from collections.abc import Sequence

from browser_env.acting import Decision
from browser_env.errors import UsageError
from browser_env.observation import Observation
from experiments.experts import (
    calculating,
    choosing,
    clicking,
    commanding,
    copying,
    dragging,
    entering,
    figures,
    filling,
    looking,
    mailing,
    meaning,
    opening,
    ordering,
    picking,
    playing,
    pointing,
    posting,
    reading,
    scheduling,
    sliding,
    sorting,
    styling,
    sweeping,
    watching,
)
from experiments.experts.seeing import Expert

MODULES = (
    calculating,
    choosing,
    clicking,
    commanding,
    copying,
    dragging,
    entering,
    figures,
    filling,
    looking,
    mailing,
    meaning,
    opening,
    ordering,
    picking,
    playing,
    pointing,
    posting,
    reading,
    scheduling,
    sliding,
    sorting,
    styling,
    sweeping,
    watching,
)

EXPERTS: dict[str, Expert] = {
    f"miniwob/{name}": expert for module in MODULES for name, expert in module.EXPERTS.items()
}


class ExpertPolicy:
    """Acts as the expert of one task."""

    version = 0

    def __init__(self, task: str):
        if task not in EXPERTS:
            raise UsageError(f"there is no scripted expert for {task!r}; see `webdual tasks list`")
        self._expert = EXPERTS[task]

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation; experts are deterministic."""
        return [Decision(action=self._expert(observation)) for observation in observations]
