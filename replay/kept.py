"""Episodes that a buffer keeps: in memory, or in a store and read when they are drawn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from browser_env.episode import Episode
from replay.index import EpisodeInfo
from replay.novelty import Traits, traits_of
from replay.store import ReplayStore
from rewards.outcome import Outcome

LEAST_SURPRISE, MOST_SURPRISE = 0.3, 5.0  # in nats: what was sure is still repeated, what was absurd not for ever
CACHED = 256  # episodes of a store that are held in memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """An episode to draw steps from."""

    id: str
    task: str  # the task's name
    num_steps: int
    surprise: float  # how unlikely its last step was, in nats; 1 where that is not known
    success: bool
    read: Callable[[], Episode]  # raises DataError where it may not be read any more
    traits: Callable[[], Traits]  # what makes it rare


def in_memory(episode: Episode) -> Kept:
    """Keep an episode as it is."""
    return Kept(
        id=episode.id,
        task=episode.task.name,
        num_steps=len(episode.steps),
        surprise=_surprise(episode),
        success=episode.success,
        read=lambda: episode,
        traits=partial(traits_of, episode),
    )


def in_store(store: ReplayStore, infos: Sequence[EpisodeInfo], *, cached: int = CACHED) -> list[Kept]:
    """Keep episodes where they are; each is read when it is drawn, and refused once its consent is revoked."""
    memory = _Memory(store, cached)
    return [
        Kept(
            id=info.id,
            task=info.task,
            num_steps=info.num_steps,
            surprise=1.0,
            success=info.outcome is Outcome.SUCCESS,
            read=partial(memory.read, info.id),
            traits=partial(memory.traits, info.id),
        )
        for info in infos
    ]


class _Memory:
    """The episodes of a store that were read last."""

    def __init__(self, store: ReplayStore, size: int) -> None:
        self._store = store
        self._size = size
        self._episodes: OrderedDict[str, Episode] = OrderedDict()

    def read(self, episode_id: str) -> Episode:
        episode = self._episodes.pop(episode_id, None)
        if episode is None or not self._store.allows(episode):
            episode = self._store.get(episode_id)
        self._episodes[episode_id] = episode
        while len(self._episodes) > self._size:
            self._episodes.popitem(last=False)
        return episode

    def traits(self, episode_id: str) -> Traits:
        return traits_of(self.read(episode_id))


def _surprise(episode: Episode) -> float:
    """Return how unlikely the last step was to the policy that took it, bounded; 1 for demonstrations.

    The last step earned the success. An odd step before it is as likely a detour, not to be preferred.
    """
    log_prob = episode.steps[-1].log_prob if episode.steps else None
    return 1.0 if log_prob is None else float(np.clip(-log_prob, LEAST_SURPRISE, MOST_SURPRISE))
