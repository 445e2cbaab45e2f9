"""What success is: verifiers over recorded evidence, outcomes, and what an episode cost."""

from rewards.cost import Cost, Prices
from rewards.evidence import ElementState, Evidence
from rewards.outcome import Outcome
from rewards.verifier import VERIFIERS, Verdict, VerifierError, verify

__all__ = [
    "VERIFIERS",
    "Cost",
    "ElementState",
    "Evidence",
    "Outcome",
    "Prices",
    "Verdict",
    "VerifierError",
    "verify",
]
