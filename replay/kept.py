"""Episodes that a buffer keeps: in memory, or in a store and read when they are drawn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from browser_env.episode import Episode
from browser_env.errors import DataError
from replay.index import EpisodeInfo
from replay.novelty import Traits, traits_of
from replay.store import ReplayStore
from rewards.outcome import Outcome

LEAST_SURPRISE, MOST_SURPRISE = 0.3, 5.0  # in nats: what was sure is still repeated, what was absurd not for ever
CACHED_BYTES = 256 << 20  # of episodes of a store that are held in memory
STEP_BYTES = 10_000  # what a step takes besides its picture, about


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """An episode to draw steps from."""

    id: str
    task: str  # the task's name
    num_steps: int
    surprise: float  # how unlikely its last step was, in nats; 1 where that is not known
    success: bool  # or as good as one, by what people or models think of it
    read: Callable[[], Episode]  # raises DataError where it may not be read any more
    traits: Callable[[], Traits]  # what makes it rare
    worth: float = 1.0  # how much it is imitated, where that is in question


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


def in_store(
    store: ReplayStore,
    infos: Sequence[EpisodeInfo],
    *,
    pixels: bool = True,
    worths: Mapping[str, float] | None = None,
    cached_bytes: int = CACHED_BYTES,
) -> list[Kept]:
    """Keep episodes where they are; each is read when it is drawn, and refused once its consent is revoked.

    Without ``pixels`` their pictures are left out, and many more of them stay in memory. Those in ``worths`` count as
    successes, and are imitated as much as these say.
    """
    memory, known = _Memory(store, cached_bytes, pixels=pixels), worths or {}
    return [
        Kept(
            id=info.id,
            task=info.task,
            num_steps=info.num_steps,
            surprise=1.0,
            success=info.outcome is Outcome.SUCCESS or info.id in known,
            read=partial(memory.read, info.id),
            traits=partial(memory.traits, info.id),
            worth=known.get(info.id, 1.0),
        )
        for info in infos
    ]


def readable(kept: Iterable[Kept]) -> Iterator[Episode]:
    """Yield the episodes that may still be read: none that is damaged, or whose consent was revoked."""
    for one in kept:
        try:
            episode = one.read()
        except DataError:
            continue
        yield episode


class _Memory:
    """The episodes of a store that were read last."""

    def __init__(self, store: ReplayStore, limit: int, *, pixels: bool) -> None:
        self._store = store
        self._pixels = pixels
        self._limit = limit
        self._used = 0
        self._episodes: OrderedDict[str, tuple[Episode, int]] = OrderedDict()  # with their sizes in bytes

    def read(self, episode_id: str) -> Episode:
        episode, size = self._episodes.pop(episode_id, (None, 0))
        self._used -= size
        if episode is None or not self._store.allows(episode):
            episode = self._store.get(episode_id)
            episode = episode if self._pixels else _without_pixels(episode)
            size = size_of(episode)
        self._episodes[episode_id] = episode, size
        self._used += size
        while self._used > self._limit:
            _, (_, freed) = self._episodes.popitem(last=False)
            self._used -= freed
        return episode

    def traits(self, episode_id: str) -> Traits:
        return traits_of(self.read(episode_id))


def _without_pixels(episode: Episode) -> Episode:
    steps = tuple(replace(step, observation=replace(step.observation, screenshot=None)) for step in episode.steps)
    return replace(episode, steps=steps, final=replace(episode.final, screenshot=None))


def size_of(episode: Episode) -> int:
    """Return about how many bytes an episode takes in memory; equal pictures are one array."""
    pictures = [seen.screenshot for seen in episode.observations if seen.screenshot is not None]
    return sum({id(picture): picture.nbytes for picture in pictures}.values()) + STEP_BYTES * len(episode.steps)


def _surprise(episode: Episode) -> float:
    """Return how unlikely the last step was to the policy that took it, bounded; 1 for demonstrations.

    The last step earned the success. An odd step before it is as likely a detour, not to be preferred.
    """
    log_prob = episode.steps[-1].log_prob if episode.steps else None
    return 1.0 if log_prob is None else float(np.clip(-log_prob, LEAST_SURPRISE, MOST_SURPRISE))
