"""What models think of episodes: opinions, kept apart from what was verified."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A model's opinion of one episode; never a verifier's outcome."""

    id: str
    episode: str  # the id of the judged episode
    judge: str  # which model
    asked: str  # a digest of what it was asked and shown
    success: bool | None  # None: it could not tell
    sure: float  # 0 a guess, 1 certain, by its own account
    reason: str
    given_at: str  # ISO 8601 with time zone
    tokens: int = 0  # read and written for it
    consent: str | None = None  # id of the consent that the episode is under, with which this goes

    def __post_init__(self) -> None:
        if self.success is not None and type(self.success) is not bool:
            raise ValueError("a judgement is true, false or null where the judge could not tell")
        if not (type(self.sure) in (int, float) and 0 <= self.sure <= 1):
            raise ValueError("how sure a judge is lies between 0 and 1")

    def to_json(self) -> dict[str, Any]:
        """Return the judgement as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a judgement from :meth:`to_json`; raise ValueError or TypeError on anything else."""
        return cls(**data)


def judged_rewards(
    judgements: Iterable[Judgement], *, verified: Collection[str], least_sure: float = 0.0
) -> dict[str, float]:
    """Return a reward between 0 and 1 for every episode that was judged and is not among the verified ones.

    It is the mean over judges, weighted by how sure they are; of one judge, asked the same, the last judgement counts.
    Where no judge could tell, or none was as sure as ``least_sure``, there is none.
    """
    last: dict[tuple[str, str, str], Judgement] = {}
    for judgement in sorted(judgements, key=lambda judgement: (judgement.given_at, judgement.id)):
        last[judgement.episode, judgement.judge, judgement.asked] = judgement
    weights: dict[str, float] = {}
    sums: dict[str, float] = {}
    for judgement in last.values():
        episode = judgement.episode
        if judgement.success is not None and judgement.sure >= least_sure and episode not in verified:
            weights[episode] = weights.get(episode, 0.0) + judgement.sure
            sums[episode] = sums.get(episode, 0.0) + judgement.sure * judgement.success
    return {episode: sums[episode] / weight for episode, weight in weights.items() if weight > 0}
