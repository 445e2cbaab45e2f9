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


class DecisionStream(Protocol):
    """Decides for several environments at once; each is told as soon as it is decided for."""

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        """Take in what an environment shows and what was done there; ``key`` tells its decision from others."""
        ...

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        """Go on deciding, or wait so long for those who do; return the keys and decisions that are finished."""
        ...

    def close(self) -> None:
        """Give up what is undecided."""
        ...


@runtime_checkable
class StreamingPolicy(Protocol):
    """A policy that takes observations in while it decides for others, so that nobody waits for the slowest."""

    @property
    def version(self) -> int:
        """The number of learner updates behind what it decides now."""
        ...

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        """Return a stream of decisions, sampled unless ``greedy``; of a policy one is open at a time."""
        ...


AnyPolicy = Policy | StreamingPolicy


def stream_of(policy: AnyPolicy, *, greedy: bool = False) -> DecisionStream:
    """Return a policy's stream of decisions; one without decides for all that were put in at once."""
    return policy.stream(greedy=greedy) if isinstance(policy, StreamingPolicy) else _Batches(policy, greedy=greedy)


def decide_all(
    stream: DecisionStream, observations: Sequence[Observation], pasts: Sequence[Sequence[Turn]]
) -> list[Decision]:
    """Return a stream's decision for each observation, and close it."""
    decided: dict[int, Decision] = {}
    try:
        for key, (observation, past) in enumerate(zip(observations, pasts, strict=True)):
            stream.put(key, observation, past)
        while len(decided) < len(observations):
            decided |= stream.take(wait_s=1.0)
    finally:
        stream.close()
    return [decided[key] for key in range(len(observations))]


class _Batches:
    """The stream of a policy that decides for a batch in one go."""

    def __init__(self, policy: Policy, *, greedy: bool) -> None:
        self._policy, self._greedy = policy, greedy
        self._waiting: dict[int, tuple[Observation, Sequence[Turn]]] = {}

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        self._waiting[key] = observation, past

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        keys, waiting = list(self._waiting), list(self._waiting.values())
        self._waiting.clear()
        if not keys:
            return []
        decisions = decide(
            self._policy, [seen for seen, _ in waiting], [past for _, past in waiting], greedy=self._greedy
        )
        return list(zip(keys, decisions, strict=True))

    def close(self) -> None:
        self._waiting.clear()
