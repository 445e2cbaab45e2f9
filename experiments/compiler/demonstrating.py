"""Plays golden moves as an episode: the task's own goal and verifier, judged by the environment."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from browser_env.action import parse_action
from browser_env.environment import Environment
from browser_env.episode import Episode, Source, Step
from browser_env.errors import WebdualError
from browser_env.judgement import StepResult, judge
from browser_env.task import Task
from experiments.compiler.runs import Run, spoken
from experiments.compiler.target import Move
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome


class UnprovenError(WebdualError):
    """A golden run did not end with success, or not at its last step."""


def demonstration_of(run: Run, task: Task, golden: Sequence[Move], *, seed: int) -> Episode:
    """Return the episode that a run with these moves is by a task's goal and verifier.

    The run may be shared with other tasks: what it showed is judged as the environment judges it. Raise
    :class:`UnprovenError` where it does not succeed.
    """
    seen = [replace(observation, goal=task.goal or "") for observation in run.observations]
    steps, result = [], None
    for index, move in enumerate(golden):
        is_last = index >= len(run.actions)  # it answers or gives up, which changes no page
        action = move.action if is_last else parse_action(run.actions[index])
        shown = seen[min(index + 1, len(seen) - 1)]
        evidence = spoken(golden, run.evidence[-1]) if is_last else run.evidence[index + 1]
        steps.append(Step(observation=seen[min(index, len(seen) - 1)], action=action))
        result = judge(task, shown, evidence, limit_reached=index + 1 >= task.max_steps)
        if result.outcome is not None:
            break
    last = StepResult(observation=seen[0]) if result is None else result
    episode = _episode(task, steps, last, seed=seed, evidence=run.evidence[-1], wall_s=run.seconds)
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
    last = StepResult(observation=observation) if result is None else result
    wall_s = time.monotonic() - started
    return _episode(task, steps, last, seed=seed, evidence=environment.evidence, wall_s=wall_s)


def _episode(
    task: Task, steps: Sequence[Step], last: StepResult, *, seed: int, evidence: Evidence, wall_s: float
) -> Episode:
    return Episode(
        id=uuid.uuid4().hex,
        task=task,
        seed=seed,
        source=Source.SCRIPT,
        steps=tuple(steps),
        final=last.observation,
        outcome=last.outcome or Outcome.TRUNCATED,
        reward=last.reward,
        evidence=last.evidence or evidence,
        reason=last.reason,
        cost=Cost(wall_s=wall_s, steps=len(steps)),
    )
