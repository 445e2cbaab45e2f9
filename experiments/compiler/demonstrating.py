"""Plays golden moves as an episode: the task's own goal and verifier, judged by the environment."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from browser_env.environment import Environment
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DivergedError, InfraError, WebdualError
from browser_env.task import Task
from experiments.compiler.target import Move
from rewards.cost import Cost
from rewards.outcome import Outcome


class UnprovenError(WebdualError):
    """A golden run did not end with success, or not at its last step."""


async def demonstrate(environment: Environment, task: Task, golden: Sequence[Move], *, seed: int) -> Episode:
    """Return the golden run as an episode of a script; raise :class:`UnprovenError` where it does not succeed."""
    try:
        episode = await play(environment, task, golden, seed=seed)
    except (InfraError, DivergedError) as error:
        raise UnprovenError(str(error)) from error
    if not episode.success or len(episode.steps) != len(golden):
        raise UnprovenError(f"{episode.outcome} after {len(episode.steps)} of {len(golden)} steps: {episode.reason}")
    if episode.evidence.unanswered:
        raise UnprovenError(f"the snapshot has no answer to {episode.evidence.unanswered[0]}")
    return episode


async def play(environment: Environment, task: Task, moves: Sequence[Move], *, seed: int) -> Episode:
    """Return the episode of some moves, cut off as truncated where they end before it does.

    Raise :class:`InfraError` where the page cannot be opened, :class:`DivergedError` where a target is not there.
    """
    started = time.monotonic()
    observation, steps, result = await environment.reset(task, seed=seed), [], None
    for move in moves:
        action = move.on(observation)
        steps.append(Step(observation=observation, action=action))
        result = await environment.step(action)
        observation = result.observation
        if result.outcome is not None:
            break
    outcome = Outcome.TRUNCATED if result is None or result.outcome is None else result.outcome
    return Episode(
        id=uuid.uuid4().hex,
        task=task,
        seed=seed,
        source=Source.SCRIPT,
        steps=tuple(steps),
        final=observation,
        outcome=outcome,
        reward=0.0 if result is None else result.reward,
        evidence=environment.evidence if result is None or result.evidence is None else result.evidence,
        reason="" if result is None else result.reason,
        cost=Cost(wall_s=time.monotonic() - started, steps=len(steps)),
    )
