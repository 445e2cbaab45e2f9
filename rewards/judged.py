"""What a model thinks of episodes: opinions, which are kept apart from what was verified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A model's opinion of one episode; never a verifier's outcome."""

    episode: str  # the id of the judged episode
    judge: str  # which model, and how it was asked
    success: bool | None  # None: it could not tell
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a judge's verdicts compare with verified outcomes of the same episodes."""

    episodes: int  # that have both
    right: int
    false_successes: int  # called a success, and none by the verifier
    undecided: int

    @property
    def accuracy(self) -> float:
        """The share of decided verdicts that are right; 0 where there are none."""
        decided = self.episodes - self.undecided
        return self.right / decided if decided else 0.0


def judged_rewards(verdicts: Iterable[Verdict], *, verified: Iterable[str]) -> dict[str, float]:
    """Return a reward of 0 or 1 for every episode that was judged and not verified.

    A verified episode keeps its reward whatever a judge thinks; one that the judge could not tell has none. Where
    several judges differ, the reward is the mean.
    """
    known = set(verified)
    opinions: dict[str, list[bool]] = {}
    for verdict in verdicts:
        if verdict.success is not None and verdict.episode not in known:
            opinions.setdefault(verdict.episode, []).append(verdict.success)
    return {episode: sum(given) / len(given) for episode, given in opinions.items()}


def agreement(verdicts: Iterable[Verdict], *, outcomes: dict[str, bool]) -> Agreement:
    """Compare verdicts with verified outcomes: whether a judge may be trusted where nothing verifies."""
    both = [(verdict.success, outcomes[verdict.episode]) for verdict in verdicts if verdict.episode in outcomes]
    return Agreement(
        episodes=len(both),
        right=sum(said == was for said, was in both),
        false_successes=sum(said is True and not was for said, was in both),
        undecided=sum(said is None for said, _ in both),
    )
