"""Acting on a thread of its own, so that browsers work while the learner does.

A copy of the policy acts; it takes over the newest published weights between two decisions, and every step says which
version took it. What is requested bounds how far acting runs ahead: nothing is begun that nobody asked for, and
where the learner is the slower of the two, browsers rest until it asks for more.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from browser_env.acting import Decision, DecisionStream, Turn, stream_of
from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from policy.kinds import TrainedPolicy

Group = Sequence[RolloutRequest]  # episodes that are compared with each other
SWITCH_S = 0.0005  # between two threads: either calls torch often, and each call would wait ten times as long


class Actors:
    """A pool's environments at work; use it as a context manager, which stops them.

    Requests are begun in their order. Groups come back whole, in the order in which they are finished.
    """

    def __init__(
        self,
        pool: Pool,
        policy: TrainedPolicy,
        *,
        on_step: Callable[[Episode], None],
        on_episode: Callable[[Episode], None],
    ) -> None:
        self._pool = pool
        self._policy = _Actor(policy)
        self._on_step, self._on_episode = on_step, on_episode
        self._changed = threading.Condition()
        self._requests: deque[RolloutRequest] = deque()
        self._groups: dict[str, tuple[int, list[Episode]]] = {}  # how many there will be, and those that are over
        self._finished: deque[list[Episode]] = deque()
        self._errands: deque[Callable[[], None]] = deque()
        self._error: BaseException | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._act, name="actors", daemon=True)

    def publish(self, policy: TrainedPolicy) -> None:
        """Have the policy's weights as they are now used from the next decision on."""
        self._policy.publish(policy)

    def request(self, groups: Sequence[Group]) -> None:
        """Have groups of episodes made; each has a name of its own, which all its requests bear."""
        with self._changed:
            for group in groups:
                name = group[0].group
                assert name is not None
                self._groups[name] = (len(group), [])
                self._requests.extend(group)
            self._changed.notify_all()

    def send_on(self, errand: Callable[[], None]) -> None:
        """Have something else done with the pool, on the thread that acts, before the next requests are begun."""
        with self._changed:
            self._errands.append(errand)
            self._changed.notify_all()

    def take(self, count: int) -> list[list[Episode]]:
        """Return ``count`` finished groups, or all that were requested if these are fewer; wait for them.

        Raise :class:`InfraError` where acting failed.
        """
        taken: list[list[Episode]] = []
        with self._changed:
            while len(taken) < count and (self._groups or self._finished):
                self._changed.wait_for(lambda: self._finished or self._error is not None)
                if not self._finished:
                    raise InfraError(f"acting failed: {self._error}") from self._error
                taken.append(self._finished.popleft())
        return taken

    def __enter__(self) -> Self:
        self._switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        sys.setswitchinterval(self._switch_s)

    def _act(self) -> None:
        torch.set_num_threads(1)  # of this thread: browsers need the other cores
        try:
            while self._wait_for_requests():
                while self._errands:
                    self._errands.popleft()()
                for episode in self._pool.rollout(self._policy, _Pending(self._requests), on_step=self._on_step):
                    self._on_episode(episode)
                    self._sort_in(episode)
                    if self._stopping:
                        return
        except BaseException as error:  # noqa: BLE001 - raised where the episodes are taken
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _wait_for_requests(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._requests or self._errands or self._stopping)
            return not self._stopping

    def _sort_in(self, episode: Episode) -> None:
        with self._changed:
            assert episode.group is not None
            size, episodes = self._groups[episode.group]
            episodes.append(episode)
            if len(episodes) == size:
                del self._groups[episode.group]
                self._finished.append(episodes)
                self._changed.notify_all()


class _Pending:
    """What is left of a queue; unlike a generator it goes on when more has come."""

    def __init__(self, queue: deque[RolloutRequest]) -> None:
        self._queue = queue

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RolloutRequest:
        try:
            return self._queue.popleft()
        except IndexError:
            raise StopIteration from None


class _Actor:
    """A copy of a policy that takes over the weights that are published."""

    def __init__(self, policy: TrainedPolicy) -> None:
        self._acting = policy.copy()
        self._lock = threading.Lock()
        self._newest: tuple[int, dict[str, Tensor]] | None = None

    @property
    def version(self) -> int:
        """The number of learner updates behind the last decision."""
        return self._acting.version

    @property
    def is_outdated(self) -> bool:
        """Whether newer weights than those that act were published."""
        return self._newest is not None

    def publish(self, policy: TrainedPolicy) -> None:
        weights = policy.weights()
        with self._lock:
            self._newest = policy.version, weights

    def renew(self) -> None:
        """Take over the newest weights."""
        with self._lock:
            newest, self._newest = self._newest, None
        if newest is not None:
            version, weights = newest
            self._acting.take_over(weights, version=version)

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        return _Renewed(self, stream_of(self._acting, greedy=greedy))


class _Renewed:
    """Decisions of one set of weights each: newer ones wait until nothing is half decided, and what comes then, too."""

    def __init__(self, actor: _Actor, stream: DecisionStream) -> None:
        self._actor, self._stream = actor, stream
        self._held: list[tuple[int, Observation, Sequence[Turn]]] = []
        self._open = 0  # how many the policy decides for

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        self._held.append((key, observation, past))

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        if not self._open:
            self._actor.renew()
        if not (self._open and self._actor.is_outdated):
            for key, observation, past in self._held:
                self._stream.put(key, observation, past)
            self._open += len(self._held)
            self._held.clear()
        decided = self._stream.take(wait_s=wait_s)
        self._open -= len(decided)
        return decided

    def close(self) -> None:
        self._stream.close()
