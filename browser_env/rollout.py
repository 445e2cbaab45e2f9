"""Whole episodes from a pool: one policy decides for whoever is ready, while the others go on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from browser_env.acting import AnyPolicy, Decision, Turn, stream_of
from browser_env.action import Action
from browser_env.episode import Episode, Source, Step, turns
from browser_env.judgement import StepResult
from browser_env.observation import Observation
from browser_env.task import Task
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome

if TYPE_CHECKING:
    from browser_env.pool import Pool, Ready

LOOK_S = 0.02  # between looks for who has answered, while a policy decides for others
TICK_S = 1.0  # the same, where all wait for the policy


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """An episode to be made, from the middle of one where a prefix of actions is given."""

    task: Task
    seed: int
    group: str | None = None
    prefix: tuple[Action, ...] = ()  # lead to where it begins, and are none of its steps
    state: str | None = None  # the digest that the state there must have; see Environment.state_hash


@dataclass(slots=True, kw_only=True)
class _Draft:
    """An episode in the making."""

    request: RolloutRequest
    policy_version: int
    started: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    steps: list[Step] = field(default_factory=list)
    observation: Observation | None = None
    cost: Cost = field(default_factory=Cost)

    @property
    def past(self) -> tuple[Turn, ...]:
        assert self.observation is not None
        return turns(self.steps, self.observation, prefix=self.request.prefix)

    def finish(self, outcome: Outcome, *, source: Source, result: StepResult | None, reason: str) -> Episode:
        request = self.request
        evidence = result.evidence if result is not None and result.evidence is not None else Evidence()
        wall = Cost(wall_s=time.monotonic() - self.started, steps=len(self.steps))
        last = result.observation if result is not None else self.observation
        return Episode(
            id=self.id,
            task=request.task,
            seed=request.seed,
            source=source,
            steps=tuple(self.steps),
            final=last or Observation(goal=request.task.goal or "", viewport=request.task.viewport),
            outcome=outcome,
            reward=result.reward if result is not None and outcome.learnable else 0.0,
            evidence=evidence,
            reason=reason,
            policy_version=self.policy_version,
            cost=self.cost + wall,
            group=request.group,
            prefix=request.prefix,
        )


class Rollout:
    """The state of one call of :meth:`Pool.rollout`."""

    def __init__(
        self,
        pool: Pool,
        *,
        policy: AnyPolicy,
        requests: Iterator[RolloutRequest],
        source: Source,
        greedy: bool,
        on_step: Callable[[Episode], None] | None = None,
    ):
        self._pool = pool
        self._policy = policy
        self._requests = requests
        self._source = source
        self._stream = stream_of(policy, greedy=greedy)
        self._on_step = on_step
        self._drafts: dict[int, _Draft] = {}  # by the environment that makes them
        self._deciding: set[int] = set()  # the environments that the policy has to decide for

    def fill(self) -> bool:
        """Begin episodes in free environments; return whether any is under way."""
        free = (env_id for env_id in range(self._pool.num_envs) if env_id not in self._drafts)
        begun = dict(zip(free, self._requests, strict=False))
        self._pool.send_reset(list(begun.values()), list(begun))
        for env_id, request in begun.items():
            version = self._policy.version
            self._drafts[env_id] = _Draft(request=request, policy_version=version, started=time.monotonic())
        return bool(self._drafts)

    def advance(self) -> list[Episode]:
        """Take answers, waiting for one where nobody is to be decided for; return finished episodes."""
        finished: list[Episode] = []
        ready: list[int] = []
        for answer in self._pool.recv(min_ready=0 if self._deciding else 1):
            episode = self._take(answer)
            if episode is None:
                ready.append(answer.env_id)
            else:
                finished.append(episode)
        self._deciding.update(ready)
        if self._deciding:
            self._act(self._decide(ready))
        return finished

    def close(self) -> None:
        """Give up what is undecided."""
        self._stream.close()

    def _take(self, answer: Ready) -> Episode | None:
        draft = self._drafts[answer.env_id]
        draft.cost += Cost(cpu_s=answer.cpu_s)
        result = answer.result
        if result is not None and result.outcome is None:
            draft.observation = result.observation
            return None
        outcome = answer.outcome
        assert outcome is not None
        del self._drafts[answer.env_id]
        reason = answer.error if result is None else result.reason
        return draft.finish(outcome, source=self._source, result=result, reason=reason)

    def _decide(self, ready: list[int]) -> dict[int, Decision]:
        """Have the policy decide for who is ready too; return what is decided, by environment."""
        started = time.thread_time()
        for env_id in ready:
            draft = self._drafts[env_id]
            assert draft.observation is not None
            self._stream.put(env_id, draft.observation, draft.past)
        decided = dict(self._stream.take(wait_s=LOOK_S if self._pool.waiting else TICK_S))
        share = Cost(cpu_s=(time.thread_time() - started) / len(self._deciding))
        for env_id in self._deciding:
            self._drafts[env_id].cost += share
        self._deciding -= set(decided)
        return decided

    def _act(self, decided: dict[int, Decision]) -> None:
        drafts = [self._drafts[env_id] for env_id in decided]
        for draft, decision in zip(drafts, decided.values(), strict=True):
            draft.steps.append(_step(draft, decision, version=self._policy.version))
            draft.cost += Cost(tokens=decision.tokens)
        self._pool.send([decision.action for decision in decided.values()], list(decided))
        if self._on_step is not None:
            for draft in drafts:
                self._on_step(draft.finish(Outcome.INFRA_ERROR, source=self._source, result=None, reason="it runs"))


def _step(draft: _Draft, decision: Decision, *, version: int) -> Step:
    assert draft.observation is not None
    return Step(
        observation=draft.observation,
        action=decision.action,
        log_prob=decision.log_prob,
        value=decision.value,
        policy_version=version if version != draft.policy_version else None,
        reply=decision.reply,
    )
