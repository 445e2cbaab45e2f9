"""The interface between environments and whatever decides: networks, scripts, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from browser_env.action import Action
from browser_env.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something that was done earlier in an episode."""

    action: Action
    error: str | None = None  # why it did not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a language model wrote, of which an action was read."""

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]  # of each token, under the distribution it was drawn from
    error: str | None = None  # why no action could be read; then the decision is to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a policy chose for one observation."""

    action: Action
    log_prob: float | None = None  # natural logarithm, under the distribution the action was drawn from
    value: float | None = None  # expected return from here
    tokens: int = 0  # read and written, for policies that are paid by the token
    reply: Reply | None = None  # of a language model; ``log_prob`` is the sum of its tokens'


class Policy(Protocol):
    """Maps a batch of observations to a batch of decisions."""

    @property
    def version(self) -> int:
        """The number of learner updates so far."""
        ...

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation; sample unless ``greedy``."""
        ...


@runtime_checkable
class HistoryPolicy(Policy, Protocol):
    """A policy that also reads what was done before in each episode."""

    def act_after(
        self, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
    ) -> list[Decision]:
        """Decide for each observation, given the turns that led to it; sample unless ``greedy``."""
        ...


def decide(
    policy: Policy, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]], *, greedy: bool = False
) -> list[Decision]:
    """Ask a policy for decisions; only one that reads histories is told the pasts."""
    if isinstance(policy, HistoryPolicy):
        return policy.act_after(observations, pasts, greedy=greedy)
    return policy.act(observations, greedy=greedy)
