"""Many environments at once: browsers in processes of their own, one policy deciding for whoever is ready."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from browser_env.acting import Decision, Policy
from browser_env.environment import StepResult
from browser_env.episode import Episode, Source, Step
from browser_env.errors import InfraError, UsageError
from browser_env.locate import find_browser
from browser_env.observation import Observation
from browser_env.pool_process import Reply, ResetCall, StepCall
from browser_env.task import Task
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome

START = "from browser_env.pool_process import main; main()"  # not -m: its classes must keep their names
STOP_S = 10.0  # a process gets so long to close its browser
MAX_RESTARTS = 5  # in a row without one finished episode: then the machine is at fault


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRequest:
    """An episode to be made."""

    task: Task
    seed: int
    group: str | None = None


@dataclass(slots=True, kw_only=True)
class _Draft:
    """An episode in the making."""

    request: RolloutRequest
    policy_version: int
    started: float
    called: float | None = None  # when its process was asked for what it has not answered yet
    steps: list[Step] = field(default_factory=list)
    observation: Observation | None = None
    cost: Cost = field(default_factory=Cost)

    def finish(self, outcome: Outcome, *, source: Source, result: StepResult | None, reason: str) -> Episode:
        request = self.request
        evidence = result.evidence if result is not None and result.evidence is not None else Evidence()
        wall = Cost(wall_s=time.monotonic() - self.started, steps=len(self.steps))
        last = result.observation if result is not None else self.observation
        return Episode(
            id=uuid.uuid4().hex,
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
        )


class _Process:
    """One process of the pool, as seen from outside."""

    def __init__(self, *, pixels: bool):
        self.connection, theirs = Pipe()
        descriptor = theirs.fileno()
        command = [sys.executable, "-c", START, str(descriptor), str(int(pixels))]
        self._process = subprocess.Popen(command, pass_fds=[descriptor], stdin=subprocess.DEVNULL)
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def hang_up(self) -> None:
        """Ask the process to end."""
        self.connection.close()

    def stop(self) -> None:
        """Hang up and wait; kill what does not go by itself."""
        self.hang_up()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Pool:
    """Environments in processes of their own; use it as a context manager, or close it.

    One browser and one page a process: two pages of one browser draw their frames one after the other, and
    were measured to be slower than one.
    """

    def __init__(self, *, num_envs: int = 2, pixels: bool = True):
        if num_envs < 1:
            raise UsageError(f"a pool needs at least one environment, not {num_envs}")
        find_browser()  # one error here, rather than one in every process
        self._pixels = pixels
        self._processes = [_Process(pixels=pixels) for _ in range(num_envs)]

    @property
    def num_envs(self) -> int:
        """Environments that run side by side."""
        return len(self._processes)

    @property
    def pids(self) -> list[int]:
        """The process ids of the pool's processes."""
        return [process.pid for process in self._processes]

    def rollout(
        self,
        policy: Policy,
        requests: Iterable[RolloutRequest],
        *,
        source: Source = Source.AGENT,
        greedy: bool = False,
    ) -> Iterator[Episode]:
        """Make an episode of each request and yield it when it ends, in no fixed order.

        A process that dies ends its episodes as ``infra_error`` and is replaced.
        """
        if not self._processes:
            raise UsageError("the pool is closed; make another one")
        rollout = _Rollout(self._processes, policy=policy, requests=iter(requests), source=source, greedy=greedy)
        free = list(range(len(self._processes)))
        restarts = 0
        try:
            while rollout.fill(free):
                finished, dead = rollout.advance(free)
                restarts = 0 if finished else restarts
                yield from finished
                for index in dead:
                    restarts += 1
                    if restarts > MAX_RESTARTS:
                        raise InfraError("browsers keep failing; run `webdual doctor` to see why")
                    self._replace(index)
                    yield rollout.lose(index, free)
        finally:
            for index in rollout.drain():
                self._replace(index)

    def close(self) -> None:
        """End all processes and their browsers; safe to call twice."""
        for process in self._processes:
            process.hang_up()
        while self._processes:
            self._processes.pop().stop()

    def _replace(self, index: int) -> None:
        if self._processes:  # else the pool was closed in the middle of a rollout
            self._processes[index].stop()
            self._processes[index] = _Process(pixels=self._pixels)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Rollout:
    """The state of one call of :meth:`Pool.rollout`."""

    def __init__(
        self,
        processes: list[_Process],
        *,
        policy: Policy,
        requests: Iterator[RolloutRequest],
        source: Source,
        greedy: bool,
    ):
        self._processes = processes
        self._policy = policy
        self._requests = requests
        self._source = source
        self._greedy = greedy
        self._drafts: dict[int, _Draft] = {}  # by the process that makes them

    def fill(self, free: list[int]) -> bool:
        """Begin episodes in free processes; return whether any is under way."""
        while free and (request := next(self._requests, None)) is not None:
            index = free.pop(0)
            self._drafts[index] = _Draft(request=request, policy_version=self._policy.version, started=time.monotonic())
            self._call(index, ResetCall(task=request.task, seed=request.seed))
        return bool(self._drafts)

    def advance(self, free: list[int]) -> tuple[list[Episode], list[int]]:
        """Wait for replies and decide for who is ready; return finished episodes and dead processes."""
        finished: list[Episode] = []
        ready: list[int] = []
        replies, dead = self._receive()
        for index, reply in replies.items():
            episode = self._take(index, reply)
            if episode is None:
                ready.append(index)
            else:
                finished.append(episode)
                free.append(index)
        self._decide(ready)
        return finished, dead

    def lose(self, index: int, free: list[int]) -> Episode:
        """End what a dead process was doing."""
        free.append(index)
        draft = self._drafts.pop(index)
        return draft.finish(
            Outcome.INFRA_ERROR, source=self._source, result=None, reason="the browser's process died or hung"
        )

    def drain(self) -> list[int]:
        """Take the replies still under way, so that the next rollout begins clean; return who owes one still."""
        deadline = time.monotonic() + STOP_S
        owing = {index for index, draft in self._drafts.items() if draft.called is not None}
        lost: set[int] = set()
        while self._processes and owing - lost and time.monotonic() < deadline:
            replies, dead = self._receive()
            owing -= set(replies)
            lost |= set(dead)
        return sorted(owing)

    def _receive(self) -> tuple[dict[int, Reply], list[int]]:
        """Return what has come in, and the processes that died or hang."""
        calls = {index: draft for index, draft in self._drafts.items() if draft.called is not None}
        indices = {self._processes[index].connection: index for index in calls}
        replies: dict[int, Reply] = {}
        now = time.monotonic()
        dead = [i for i, draft in calls.items() if now - (draft.called or now) > draft.request.task.time_limit_s]
        for connection in wait(list(indices), timeout=1.0):
            assert isinstance(connection, Connection)
            try:
                replies[indices[connection]] = connection.recv()
                calls[indices[connection]].called = None
            except (EOFError, OSError):
                dead.append(indices[connection])
        return replies, sorted(set(dead) - set(replies))

    def _take(self, index: int, reply: Reply) -> Episode | None:
        draft = self._drafts[index]
        draft.cost += Cost(cpu_s=reply.cpu_s)
        result = reply.result
        if result is None:
            outcome, reason = Outcome.INFRA_ERROR, reply.error
        elif result.outcome is not None:
            outcome, reason = result.outcome, result.reason
        else:
            draft.observation = result.observation
            return None
        del self._drafts[index]
        return draft.finish(outcome, source=self._source, result=result, reason=reason)

    def _decide(self, ready: list[int]) -> None:
        drafts = [self._drafts[index] for index in ready]
        if not drafts:
            return
        started = time.process_time()
        decisions = self._policy.act([d.observation for d in drafts if d.observation], greedy=self._greedy)
        share = (time.process_time() - started) / len(drafts)
        for index, draft, decision in zip(ready, drafts, decisions, strict=True):
            draft.steps.append(_step(draft, decision))
            draft.cost += Cost(cpu_s=share, tokens=decision.tokens)
            self._call(index, StepCall(action=decision.action))

    def _call(self, index: int, call: ResetCall | StepCall) -> None:
        self._drafts[index].called = time.monotonic()
        with contextlib.suppress(OSError):  # the process died: the next look at its connection finds out
            self._processes[index].connection.send(call)


def _step(draft: _Draft, decision: Decision) -> Step:
    assert draft.observation is not None
    return Step(observation=draft.observation, action=decision.action, log_prob=decision.log_prob, value=decision.value)
