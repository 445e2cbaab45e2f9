"""What an episode cost, and what that is in money."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Resources spent; costs add up."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    gpu_s: float = 0.0
    steps: int = 0
    tokens: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            wall_s=self.wall_s + other.wall_s,
            cpu_s=self.cpu_s + other.cpu_s,
            gpu_s=self.gpu_s + other.gpu_s,
            steps=self.steps + other.steps,
            tokens=self.tokens + other.tokens,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the cost as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a cost from :meth:`to_json`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What resources cost; the defaults are typical on-demand cloud prices in US dollars."""

    cpu_hour: float = 0.04  # per core and hour
    gpu_hour: float = 2.50
    million_tokens: float = 0.0  # of a hosted model

    def money(self, cost: Cost) -> float:
        """Return the price of a cost, in the prices' currency."""
        return (
            cost.cpu_s / 3600 * self.cpu_hour
            + cost.gpu_s / 3600 * self.gpu_hour
            + cost.tokens / 1e6 * self.million_tokens
        )
