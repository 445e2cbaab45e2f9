"""The interface between environments and whatever decides: networks, scripts, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from browser_env.action import Action
from browser_env.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a policy chose for one observation."""

    action: Action
    log_prob: float | None = None  # natural logarithm, under the distribution the action was drawn from
    value: float | None = None  # expected return from here
    tokens: int = 0  # read and written, for policies that are paid by the token


class Policy(Protocol):
    """Maps a batch of observations to a batch of decisions."""

    @property
    def version(self) -> int:
        """The number of learner updates so far."""
        ...

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation; sample unless ``greedy``."""
        ...
