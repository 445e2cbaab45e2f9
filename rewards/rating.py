"""What people think of episodes, and the rewards that follow."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

STARS = (1, 2, 3, 4, 5)
ROUNDS = 200  # of the fixed-point iteration; it converges long before
PRIOR = 0.5  # wins and losses that every episode begins with, against an average one


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One person's judgement of one episode, or of which of two is the better one."""

    id: str
    episode: str  # the id of the judged episode; of a preference, the better one
    kind: str  # "thumb", "stars" or "preference"
    value: int  # thumb: 1 up, 0 down; stars: 1 to 5; preference: 1
    other: str | None = None  # of a preference, the worse episode
    rater: str  # who; a pseudonym will do
    consent: str  # id of the rater's consent
    given_at: str  # ISO 8601 with time zone
    sure: float = 1.0  # 0 a guess, 1 certain

    def __post_init__(self) -> None:
        allowed = {"thumb": (0, 1), "stars": STARS, "preference": (1,)}.get(self.kind, ())
        if type(self.value) is not int or self.value not in allowed:
            raise ValueError(f"a rating is thumb 0 or 1, stars 1 to 5 or preference 1, not {self.kind} {self.value}")
        if not (type(self.sure) in (int, float) and 0 <= self.sure <= 1):
            raise ValueError("how sure a rating is lies between 0 and 1")
        if (self.kind == "preference") != (self.other is not None) or self.other == self.episode:
            raise ValueError("a preference, and nothing else, names another episode")

    def to_json(self) -> dict[str, Any]:
        """Return the rating as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a rating from :meth:`to_json`; raise ValueError or TypeError on anything else."""
        return cls(**data)


def rating_rewards(ratings: Iterable[Rating]) -> dict[str, float]:
    """Return a reward between 0 and 1 for every episode that has a thumb or stars.

    It is the mean over raters, weighted by how sure they are; of one rater and kind, the last rating counts.
    """
    last: dict[tuple[str, str, str], Rating] = {}
    for rating in sorted(ratings, key=lambda rating: (rating.given_at, rating.id)):
        if rating.kind != "preference":
            last[rating.episode, rating.rater, rating.kind] = rating
    weights: dict[str, float] = {}
    sums: dict[str, float] = {}
    for rating in last.values():
        weights[rating.episode] = weights.get(rating.episode, 0.0) + rating.sure
        sums[rating.episode] = sums.get(rating.episode, 0.0) + rating.sure * _share(rating)
    return {episode: sums[episode] / weight for episode, weight in weights.items() if weight > 0}


def preference_rewards(ratings: Iterable[Rating]) -> dict[str, float]:
    """Return the chance that each compared episode beats an average one (Bradley and Terry, 1952).

    Preferences weigh by how sure they are, and of one rater and pair the last counts; half a win and half a loss
    against an average episode keep it finite.
    """
    last: dict[tuple[str, frozenset[str]], tuple[str, str, float]] = {}
    for rating in sorted(ratings, key=lambda rating: (rating.given_at, rating.id)):
        if rating.other is not None:
            pair = frozenset((rating.episode, rating.other))
            last[rating.rater, pair] = rating.episode, rating.other, rating.sure
    wins: dict[str, dict[str, float]] = {}
    for better, worse, sure in last.values():
        wins.setdefault(worse, {})
        beaten = wins.setdefault(better, {})
        beaten[worse] = beaten.get(worse, 0.0) + sure
    strength = dict.fromkeys(wins, 1.0)
    for _ in range(ROUNDS):
        strength = {episode: _strength(episode, wins, strength) for episode in wins}
    return {episode: value / (1 + value) for episode, value in strength.items()}


def _strength(episode: str, wins: dict[str, dict[str, float]], strength: dict[str, float]) -> float:
    """Return the next estimate by Hunter's minorisation (2004)."""
    won = PRIOR + math.fsum(wins[episode].values())
    mine = strength[episode]
    games = 2 * PRIOR / (mine + 1)
    for other, beaten in wins.items():
        met = beaten.get(episode, 0.0) + wins[episode].get(other, 0.0)
        games += met / (mine + strength[other])
    return won / games


def _share(rating: Rating) -> float:
    return (rating.value - 1) / 4 if rating.kind == "stars" else float(rating.value)
