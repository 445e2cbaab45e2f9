"""Many environments at once, each in a process of its own: send actions, receive from whoever is ready."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from browser_env.acting import AnyPolicy
from browser_env.action import Action, parse_action
from browser_env.episode import Episode, Source
from browser_env.errors import InfraError, UsageError
from browser_env.judgement import StepResult
from browser_env.locate import find_browser
from browser_env.pool_link import STOP_S, PoolLink, stop_all
from browser_env.pool_process import ResetCall, StepCall
from browser_env.rollout import Rollout, RolloutRequest
from rewards.outcome import Outcome

__all__ = ["Pool", "Ready", "RolloutRequest"]

MAX_RESTARTS = 5  # in a row without one finished episode: then the machine is at fault
TICK_S = 1.0  # between looks for who hangs
LOST = "the browser's process died or hung"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ready:
    """What one environment answered."""

    env_id: int
    result: StepResult | None = None  # None: infrastructure failed, and ``error`` says how
    error: str = ""
    cpu_s: float = 0.0  # of an episode's last answer: the processor time it took

    @property
    def outcome(self) -> Outcome | None:
        """How the episode ended, None while it goes on."""
        return Outcome.INFRA_ERROR if self.result is None else self.result.outcome


class Pool:
    """Environments in processes of their own; use it as a context manager, or close it.

    One browser and one page a process: two pages of one browser draw their frames one after the other, and
    were measured to be slower than one. A process that dies ends its episode as ``infra_error`` and is
    replaced; the others go on. One thread may use a pool at a time.
    """

    def __init__(self, *, num_envs: int = 2, pixels: bool = True):
        if num_envs < 1:
            raise UsageError(f"a pool needs at least one environment, not {num_envs}")
        find_browser()  # one error here, rather than one in every process
        self._pixels = pixels
        self._restarts = 0
        self._cpu_s = 0.0
        self._links: list[PoolLink] = []
        self._ending = weakref.finalize(self, _end, self._links, os.getpid())
        self._links += [PoolLink(pixels=pixels) for _ in range(num_envs)]

    @property
    def num_envs(self) -> int:
        """Environments that run side by side."""
        return len(self._links)

    @property
    def pids(self) -> list[int]:
        """The process ids of the pool's processes."""
        return [link.pid for link in self._links]

    @property
    def waiting(self) -> list[int]:
        """The environments that have been sent something and have not answered."""
        return [env_id for env_id, link in enumerate(self._links) if link.owes]

    @property
    def cpu_s(self) -> float:
        """Processor seconds that the environments' processes and browsers took for the episodes that have ended."""
        return self._cpu_s

    def send_reset(self, requests: Sequence[RolloutRequest], env_ids: Sequence[int] | None = None) -> None:
        """Begin episodes, in environments that have none under way or have to give theirs up; answers come later."""
        self._send([_reset_call(request) for request in requests], env_ids)

    def send(self, actions: Sequence[Action | str], env_ids: Sequence[int] | None = None) -> None:
        """Act in the environments ``env_ids`` (all, if None); answers come with :meth:`recv`.

        Nothing is sent where one text is malformed (:class:`ActionError`) or one environment cannot act.
        """
        typed = [parse_action(action) if isinstance(action, str) else action for action in actions]
        self._send([StepCall(action=action) for action in typed], env_ids)

    def recv(self, *, min_ready: int = 1, timeout_s: float | None = None) -> list[Ready]:
        """Return who has answered, once ``min_ready`` have or all that were sent something, or time is up.

        Raise :class:`InfraError` where processes keep dying without one finished episode between.
        """
        self._check_open()
        deadline = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        ready = self._collect(wait_s=0.0)
        while len(ready) < min_ready and self.waiting and (left_s := deadline - time.monotonic()) > 0:
            ready += self._collect(wait_s=min(TICK_S, left_s))
        return ready

    def rollout(
        self,
        policy: AnyPolicy,
        requests: Iterable[RolloutRequest],
        *,
        source: Source = Source.AGENT,
        greedy: bool = False,
        on_step: Callable[[Episode], None] | None = None,
    ) -> Iterator[Episode]:
        """Make an episode of each request and yield it when it ends, in no fixed order.

        ``on_step`` gets an episode as far as it went, under its later id, after each decision.
        """
        self._check_open()
        rollout = Rollout(self, policy=policy, requests=iter(requests), source=source, greedy=greedy, on_step=on_step)
        try:
            while rollout.fill():
                yield from rollout.advance()
        finally:
            rollout.close()
            self.settle()

    def settle(self) -> None:
        """Take the answers still under way and forget them; who does not answer in time is replaced."""
        deadline = time.monotonic() + STOP_S
        while self.waiting and time.monotonic() < deadline:
            self._collect(wait_s=TICK_S)
        for env_id in self.waiting:
            self._replace(env_id)

    def close(self) -> None:
        """End all processes and their browsers; safe to call twice."""
        self._ending()

    def _send(self, calls: Sequence[ResetCall | StepCall], env_ids: Sequence[int] | None) -> None:
        self._check_open()
        ids = range(self.num_envs) if env_ids is None else env_ids
        if len(calls) != len(ids) or len(set(ids)) != len(ids):
            raise UsageError(f"{len(calls)} calls do not fit {len(ids)} environments; give one for each")
        if any(not 0 <= env_id < self.num_envs for env_id in ids):
            raise UsageError(f"the pool has the environments 0 to {self.num_envs - 1}, not {list(ids)}")
        for env_id, call in zip(ids, calls, strict=True):
            self._links[env_id].check(call, env_id=env_id)
        for env_id, call in zip(ids, calls, strict=True):
            self._links[env_id].call(call)

    def _collect(self, *, wait_s: float) -> list[Ready]:
        """Return the answers that come in within some time, and the failures of who died or hangs."""
        owing = {link.connection: env_id for env_id, link in enumerate(self._links) if link.owes}
        open_ = [connection for connection in owing if not connection.closed]
        answered = wait(open_, wait_s if open_ else 0.0)
        ready = [self._take(owing[connection]) for connection in answered if isinstance(connection, Connection)]
        hung = [env_id for env_id in self.waiting if self._links[env_id].is_lost]
        return ready + [self._lose(env_id) for env_id in hung]

    def _take(self, env_id: int) -> Ready:
        reply = self._links[env_id].receive()
        if reply is None:
            return self._lose(env_id)
        if reply.is_over:
            self._restarts = 0
        self._cpu_s += reply.cpu_s
        return Ready(env_id=env_id, result=reply.result, error=reply.error, cpu_s=reply.cpu_s)

    def _lose(self, env_id: int) -> Ready:
        self._restarts += 1
        self._replace(env_id)
        if self._restarts > MAX_RESTARTS:
            raise InfraError("browsers keep failing; run `webdual doctor` to see why")
        return Ready(env_id=env_id, error=LOST)

    def _replace(self, env_id: int) -> None:
        self._links[env_id].stop()
        self._links[env_id] = PoolLink(pixels=self._pixels)

    def _check_open(self) -> None:
        if not self._links:
            raise UsageError("the pool is closed; make another one")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _reset_call(request: RolloutRequest) -> ResetCall:
    return ResetCall(task=request.task, seed=request.seed, prefix=request.prefix, state=request.state)


def _end(links: list[PoolLink], owner: int) -> None:
    if owner == os.getpid():  # a forked copy leaves them alone
        stop_all(links)
