"""Samples: single decisions with what is to be learned from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from browser_env.acting import Reply, Turn
from browser_env.action import Action
from browser_env.episode import Episode, turns
from browser_env.observation import Observation
from replay.imitation import to_imitate


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One decision to learn from, and which losses it enters."""

    observation: Observation
    action: Action
    weight: float  # of the imitation loss; 0: not imitated
    advantage: float | None = None  # None: not in the policy gradient
    log_prob: float | None = None  # of the action under the policy that acted
    policy_version: int | None = None  # of the policy that acted
    target_return: float | None = None  # None: not in the value loss
    desired_return: float = 1.0  # what the policy is told to reach when it imitates
    task: str  # the task's name
    episode: str  # the episode's id
    step: int  # from 0
    past: tuple[Turn, ...] = ()  # what was done before
    near_goal: bool = False  # whether its episode began in the middle
    reply: Reply | None = None  # what a language model wrote


def imitated(
    episode: Episode,
    index: int,
    *,
    weight: float = 1.0,
    target_return: float | None = None,
    desired_return: float = 1.0,
) -> Sample:
    """Return a step to imitate; with a weight of 0, one that only teaches the value.

    That is also all that is learnt from what a policy did just before a person had to take over.
    """
    step = episode.steps[index]
    return Sample(
        observation=step.observation,
        action=step.action,
        weight=weight * to_imitate(episode)[index],
        log_prob=step.log_prob,
        policy_version=_version(episode, index),
        target_return=target_return,
        desired_return=desired_return,
        task=episode.task.name,
        episode=episode.id,
        step=index,
        past=turns(episode.steps[:index], step.observation, prefix=episode.prefix),
        near_goal=bool(episode.prefix),
        reply=step.reply,
    )


def experience_samples(episodes: Sequence[Episode], *, advantages: Mapping[str, float]) -> list[Sample]:
    """Return the steps of own episodes for the policy gradient; episodes without an advantage are left out.

    Steps a person took over, and steps without a log-probability, enter no loss until their weight is set.
    """
    return [
        _experienced(episode, index, advantages[episode.id])
        for episode in episodes
        if episode.id in advantages and episode.outcome.learnable
        for index in range(len(episode.steps))
    ]


def _experienced(episode: Episode, index: int, advantage: float) -> Sample:
    step = episode.steps[index]
    own = step.log_prob is not None and not step.intervention
    return Sample(
        observation=step.observation,
        action=step.action,
        weight=0.0,
        advantage=advantage if own else None,
        log_prob=step.log_prob,
        policy_version=_version(episode, index),
        target_return=episode.reward if own else None,
        task=episode.task.name,
        episode=episode.id,
        step=index,
        past=turns(episode.steps[:index], step.observation, prefix=episode.prefix),
        near_goal=bool(episode.prefix),
        reply=step.reply,
    )


def _version(episode: Episode, index: int) -> int | None:
    own = episode.steps[index].policy_version
    return episode.policy_version if own is None else own
