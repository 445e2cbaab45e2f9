"""What a step led to: evidence made whole, and judged by the task's verifier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from browser_env.action import Action, Answer, GiveUp
from browser_env.observation import Observation
from browser_env.settling import Settled, Settling
from browser_env.snapshot.matching import NOT_FOUND, Miss, read_miss, request_line
from browser_env.task import Task
from rewards.evidence import Evidence
from rewards.outcome import Outcome
from rewards.verifier import VerifierError, verify


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepResult:
    """What a step led to; ``outcome`` is set when the episode is over."""

    observation: Observation
    outcome: Outcome | None = None
    reward: float = 0.0
    reason: str = ""
    evidence: Evidence | None = None  # set when the episode is over
    settled: Settled = Settled.QUIET  # why the step ended when it did
    blocked: tuple[str, ...] = ()  # what the page or the action wanted and was refused: addresses, or host:port
    fields: dict[str, str] = field(default_factory=dict)  # of a reset: the goal's parts by name, where known
    misses: tuple[Miss, ...] = ()  # requests of the episode so far that its snapshot had no answer to


def unanswered_of(misses: tuple[Miss, ...]) -> tuple[str, ...]:
    """Return the misses that may have changed what a page does, in words."""
    return tuple(str(miss) for miss in misses if not miss.cosmetic)


def is_missed(evidence: Evidence) -> bool:
    """Whether the page stands in for a document that the snapshot has no answer to."""
    url = evidence.url.partition("#")[0]
    ways = {("document", request_line(method, url)) for method in ("GET", "POST")}
    return evidence.status == NOT_FOUND and bool(ways.intersection(map(read_miss, evidence.unanswered)))


def completed(evidence: Evidence, settling: Settling, action: Action) -> Evidence:
    """Add what the page's status and the last action say."""
    status: dict[str, Any] = settling.status["page"] or {}
    done = status.get("done", False)
    return replace(
        evidence,
        answer=action.text if isinstance(action, Answer) else None,
        gave_up=isinstance(action, GiveUp),
        page_done=done,
        page_reward=status["reward"] if done else None,
        page_checks=status["checks"] if done else {},
        page_elapsed_ms=settling.status["elapsed"],
        page_limit_ms=status.get("limit"),
    )


def unread(observation: Observation, action: Action) -> StepResult:
    """Return how an episode ends of whose page nothing has been read: what is not known proves nothing."""
    outcome = Outcome.FAILURE if isinstance(action, Answer | GiveUp) else Outcome.TRUNCATED
    reason = "a dialog is open, and nothing of the page has been read"
    return StepResult(observation=observation, outcome=outcome, reason=reason, evidence=Evidence())


def judge(task: Task, observation: Observation, evidence: Evidence, *, limit_reached: bool) -> StepResult:
    """Decide from recorded evidence whether the episode is over, and how it ended."""
    try:
        verdict = verify(task.verifier.name, task.verifier.params, evidence)
    except VerifierError as error:
        return StepResult(observation=observation, outcome=Outcome.VERIFIER_ERROR, reason=str(error), evidence=evidence)
    outcome = None
    if verdict.success:
        outcome = Outcome.SUCCESS
    elif evidence.page_done or evidence.answer is not None or evidence.gave_up:
        outcome = Outcome.FAILURE
    elif limit_reached:
        outcome = Outcome.TRUNCATED
    if outcome is None:
        return StepResult(observation=observation)
    missed = evidence.unanswered and (outcome is not Outcome.SUCCESS or is_missed(evidence))
    if missed:  # the site would have answered: not the policy's doing
        reason = f"the task's snapshot has no answer to {evidence.unanswered[0]}; record it"
        return StepResult(observation=observation, outcome=Outcome.INFRA_ERROR, reason=reason, evidence=evidence)
    return StepResult(
        observation=observation, outcome=outcome, reward=verdict.reward, reason=verdict.reason, evidence=evidence
    )
