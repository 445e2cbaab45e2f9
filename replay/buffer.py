"""Batches that mix demonstrations with the policy's own experience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from replay.hindsight import in_hindsight
from replay.kept import Kept, in_memory, size_of
from replay.samples import Sample, imitated
from replay.shelf import Drawn, Sampling, Shelf

OWN_BYTES = 4 << 30  # of own successes in memory, of failures, and of failures in hindsight


class ReplayBuffer:
    """Demonstrations, and the newest own episodes of each task.

    What goes: beyond ``successes_per_task`` successes of a task, as many failures and as many failures in hindsight,
    the oldest; before that, an older one of the same seed; where one of these three takes more than ``own_bytes`` of
    memory, the oldest of the task that takes most. What never goes: demonstrations, unless the person takes the consent
    back.
    """

    def __init__(
        self,
        *,
        demonstrations: Iterable[Episode | Kept],
        successes_per_task: int = 8,
        sampling: Sampling | None = None,
        own_bytes: int = OWN_BYTES,
    ) -> None:
        if successes_per_task < 0:
            raise UsageError(f"successes_per_task is {successes_per_task}; it must be 0 or more")
        self._sampling = sampling or Sampling()
        self._rejected = 0
        self._demonstrations = Shelf(self._sampling)
        self._successes, self._failures, self._hindsight = (
            _Newest(self._sampling, limit=successes_per_task, limit_bytes=own_bytes) for _ in range(3)
        )
        for episode in demonstrations:
            self.show(in_memory(episode) if isinstance(episode, Episode) else episode)

    @property
    def num_demonstrations(self) -> int:
        """How many demonstrations there are to imitate; failed and empty ones are not."""
        return self._demonstrations.num_episodes

    @property
    def num_successes(self) -> int:
        """How many own successes are kept."""
        return self._successes.shelf.num_episodes

    @property
    def rejected(self) -> int:
        """How many own episodes ended in a way that says nothing of the policy."""
        return self._rejected

    def show(self, demonstration: Kept) -> None:
        """Keep one more demonstration; a failed or empty one is none."""
        if demonstration.success and demonstration.num_steps:
            self._demonstrations.add(demonstration)

    def add(self, episodes: Sequence[Episode]) -> None:
        """Keep own episodes, the newest per task and seed; count what no learner may see."""
        for episode in episodes:
            if not episode.outcome.learnable:
                self._rejected += 1
            elif episode.success and episode.steps:
                self._successes.add(episode)
            elif episode.steps:
                self._add_failure(episode)

    def sample(
        self,
        batch_size: int,
        *,
        demo_fraction: float,
        rng: np.random.Generator,
        shares: Mapping[str, float] | None = None,
        demonstration_shares: Mapping[str, float] | None = None,
    ) -> list[Sample]:
        """Draw ``round(batch_size * demo_fraction)`` demonstration steps, the rest from own episodes.

        The task is drawn uniformly, or in proportion to its ``shares``, then the step, as :class:`Sampling` says. Of
        own samples, failures and hindsight have fixed shares. Demonstrations have shares of their own where these are
        given; there are none where all of these are zero. Where there are no demonstrations or no successes the
        others fill the batch; where there are neither it lacks them.
        """
        if batch_size < 0 or not 0.0 <= demo_fraction <= 1.0:
            raise UsageError(f"no batch of {batch_size} with {demo_fraction} demonstrations; give a fraction of 0 to 1")
        num_own = batch_size - round(batch_size * demo_fraction)
        failures = self._drawn(self._failures.shelf, round(num_own * self._sampling.failure_share), rng, shares)
        relabelled = self._drawn(self._hindsight.shelf, round(num_own * self._sampling.hindsight_share), rng, shares)
        num_successes = num_own - len(failures) - len(relabelled) if self._successes.shelf.num_steps else 0
        num_demonstrations = batch_size - len(failures) - len(relabelled) - num_successes
        if demonstration_shares is not None and not any(map(demonstration_shares.get, self._demonstrations.tasks)):
            num_demonstrations = 0
        asked = shares if demonstration_shares is None else demonstration_shares
        demonstrations = self._drawn(self._demonstrations, num_demonstrations, rng, asked)
        missing = num_demonstrations - len(demonstrations)
        successes = self._drawn(self._successes.shelf, num_successes + missing, rng, shares)
        return [*demonstrations, *successes, *relabelled, *failures]

    def successes(
        self, count: int, *, rng: np.random.Generator, shares: Mapping[str, float] | None = None
    ) -> list[Sample]:
        """Draw steps of own successes; none where there are none."""
        return self._drawn(self._successes.shelf, count, rng, shares)

    def epoch(self, batch_size: int, rng: np.random.Generator) -> Iterator[list[Sample]]:
        """Yield every demonstration step once, shuffled; the last batch may be smaller."""
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}; it must be 1 or more")
        steps = [(kept, index) for kept in self._demonstrations.episodes for index in range(kept.num_steps)]
        order = rng.permutation(len(steps))
        for start in range(0, len(steps), batch_size):
            chosen = [steps[i] for i in order[start : start + batch_size]]
            read = [(kept, self._read(kept, index)) for kept, index in chosen]
            batch = [_shown(kept, *found) for kept, found in read if found is not None]
            if batch:
                yield batch

    def learned(self, samples: Sequence[Sample], surprises: Sequence[float | None]) -> None:
        """Say how unlikely each sample's action is to the policy now, in nats; None where that is not known."""
        known = [
            ((sample.task, sample.episode, sample.step), surprise)
            for sample, surprise in zip(samples, surprises, strict=True)
            if surprise is not None
        ]
        for shelf in (self._demonstrations, self._successes.shelf, self._hindsight.shelf, self._failures.shelf):
            shelf.set_surprises(known)

    def _add_failure(self, episode: Episode) -> None:
        if self._sampling.failure_share:
            self._failures.add(episode)
        relabelled = in_hindsight(episode) if self._sampling.hindsight_share else None
        if relabelled is not None:
            self._hindsight.add(relabelled)

    def _drawn(
        self, shelf: Shelf, count: int, rng: np.random.Generator, shares: Mapping[str, float] | None
    ) -> list[Sample]:
        """Draw from a shelf; what may not be read any more leaves it, and another step is drawn."""
        found: list[tuple[Episode, Drawn]] = []
        while len(found) < count and shelf.num_steps:
            for drawn in shelf.draw(count - len(found), rng, shares):
                read = self._read(drawn.kept, drawn.step, shelf)
                if read is not None:
                    found.append((read[0], drawn))
        weights = _importance([drawn for _, drawn in found], shelf.num_steps, self._sampling.importance_exponent)
        rows = zip(found, weights, strict=True)
        return [self._sample(drawn.kept, episode, drawn.step, weight) for (episode, drawn), weight in rows]

    def _sample(self, kept: Kept, episode: Episode, step: int, weight: float) -> Sample:
        if kept.success:
            return imitated(episode, step, weight=weight * kept.worth)
        if self._sampling.condition_failures:
            return imitated(episode, step, weight=weight, desired_return=episode.reward)
        return imitated(episode, step, weight=0.0, target_return=episode.reward)

    def _read(self, kept: Kept, step: int, shelf: Shelf | None = None) -> tuple[Episode, int] | None:
        """Read an episode; where that is refused, for damage or a consent that was revoked, it leaves its shelf."""
        try:
            return kept.read(), step
        except DataError:
            (shelf or self._demonstrations).remove(kept.task, kept.id)
            return None


class _Newest:
    """The newest own episodes of each task, one of each seed."""

    def __init__(self, sampling: Sampling, *, limit: int, limit_bytes: int) -> None:
        self.shelf = Shelf(sampling)
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._by_seed: dict[str, dict[int, tuple[str, int]]] = {}  # task -> seed -> episode's id and size, oldest first
        self._bytes: Counter[str] = Counter()  # by task

    def add(self, episode: Episode) -> None:
        if not self._limit:
            return
        task = episode.task.name
        by_seed = self._by_seed.setdefault(task, {})
        if episode.seed in by_seed:
            self._drop(task, episode.seed)
        by_seed[episode.seed] = episode.id, size_of(episode)  # at the end, for it is the newest
        self._bytes[task] += by_seed[episode.seed][1]
        self.shelf.add(in_memory(episode))
        while len(by_seed) > self._limit:
            self._drop(task, next(iter(by_seed)))
        while self._bytes.total() > self._limit_bytes:
            [(largest, _)] = self._bytes.most_common(1)
            self._drop(largest, next(iter(self._by_seed[largest])))

    def _drop(self, task: str, seed: int) -> None:
        episode_id, size = self._by_seed[task].pop(seed)
        self._bytes[task] -= size
        self.shelf.remove(task, episode_id)


def _shown(kept: Kept, episode: Episode, step: int) -> Sample:
    """Return a demonstrated step, which also teaches what it led to."""
    reward = episode.reward if episode.success else kept.worth
    return imitated(episode, step, weight=kept.worth, target_return=reward)


def _importance(drawn: Sequence[Drawn], num_steps: int, exponent: float) -> list[float]:
    """Return weights that undo the preferences, (N P)^-exponent over their maximum (Schaul et al. 2016, 3.4)."""
    if not drawn or not exponent:
        return [1.0] * len(drawn)
    weights = (num_steps * np.array([found.chance for found in drawn])) ** -exponent
    return [float(weight) for weight in weights / weights.max()]
