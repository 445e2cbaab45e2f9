"""What success is: verifiers over recorded evidence, outcomes, and what an episode cost."""

from rewards.cost import Cost, Prices, cost_per_success
from rewards.evidence import ElementState, Evidence
from rewards.outcome import Outcome

__all__ = ["Cost", "ElementState", "Evidence", "Outcome", "Prices", "cost_per_success"]
