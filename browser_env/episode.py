"""An episode: what was seen and done, by whom, how it ended and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from browser_env.acting import Reply, Turn
from browser_env.action import Action
from browser_env.observation import Observation
from browser_env.task import Task
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome


class Source(StrEnum):
    """Who acted."""

    AGENT = "agent"
    HUMAN = "human"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision: what was seen, and what was done."""

    observation: Observation
    action: Action
    log_prob: float | None = None  # of the action under the policy that acted
    value: float | None = None  # the acting policy's estimate of the return
    intervention: bool = False  # a person took over for this step
    actor: Source | None = None  # who took it; None: the episode's source
    policy_version: int | None = None  # of the policy that took it; None: the episode's
    reply: Reply | None = None  # what a language model wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """T steps and T + 1 observations of one task from one reset."""

    id: str  # unique, e.g. a UUID in hex
    task: Task
    seed: int
    source: Source
    steps: tuple[Step, ...]
    final: Observation  # what was seen after the last action
    outcome: Outcome
    reward: float  # of the whole episode, given at its end
    evidence: Evidence
    reason: str = ""  # why it ended so, in words
    policy_version: int | None = None  # number of learner updates before the episode began
    cost: Cost = field(default_factory=Cost)
    group: str | None = None  # episodes of one task and seed sampled together
    consent: str | None = None  # id of the consent record; human episodes need one
    tags: tuple[str, ...] = ()
    prefix: tuple[
        Action, ...
    ] = ()  # actions after the reset that led to the first observation; no steps of the episode

    @property
    def success(self) -> bool:
        """Whether the verifier accepted the episode."""
        return self.outcome is Outcome.SUCCESS

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All T + 1 observations."""
        return (*(step.observation for step in self.steps), self.final)


def turns(steps: Sequence[Step], now: Observation, *, prefix: Sequence[Action] = ()) -> tuple[Turn, ...]:
    """Return what was done before an observation: the actions of a prefix, then steps with what became of them."""
    led_to = [*(step.observation for step in steps[1:]), now]
    done = (
        Turn(action=step.action, error=step.reply.error if step.reply and step.reply.error else seen.error)
        for step, seen in zip(steps, led_to, strict=False)
    )
    return (*(Turn(action=action) for action in prefix), *done)
