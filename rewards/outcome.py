"""How an episode ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The typed end of an episode; only the first three ever reach a learner."""

    SUCCESS = "success"  # the verifier accepted the evidence
    FAILURE = "failure"  # the task ended and the verifier did not accept
    TRUNCATED = "truncated"  # the step or time limit came first
    INFRA_ERROR = "infra_error"  # browser, network or machine failed: says nothing of the policy
    BLOCKED = "blocked"  # a safety rule refused to go on
    VERIFIER_ERROR = "verifier_error"  # the verifier itself failed on this evidence

    @property
    def learnable(self) -> bool:
        """Whether the outcome is the policy's own doing."""
        return self in (Outcome.SUCCESS, Outcome.FAILURE, Outcome.TRUNCATED)
