"""Plays moves on a site in fresh resets, and keeps what every step showed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import TypeVar

from browser_env.action import Action, Answer, GiveUp, Type
from browser_env.environment import Environment
from browser_env.errors import ActionError, ClosedError, DivergedError, InfraError, WebdualError
from browser_env.host import BrowserHost
from browser_env.observation import Observation
from browser_env.options import BrowserOptions
from browser_env.snapshot.normalising import origin
from browser_env.snapshot.recording import Recorder
from experiments.compiler.leave import Leave, destination
from experiments.compiler.site import Site
from experiments.compiler.surveying import Survey, survey
from experiments.compiler.target import Move
from rewards.evidence import Evidence

Job = TypeVar("Job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What moves led to from a fresh reset: T actions that were carried out, T + 1 of everything else."""

    actions: tuple[Action, ...]
    observations: tuple[Observation, ...]
    evidence: tuple[Evidence, ...]
    problem: str = ""  # why it ended before the last move; empty: it did not
    seconds: float = 0.0


class Visitor:
    """One environment on a site."""

    def __init__(self, host: BrowserHost, site: Site, *, pixels: bool = False, recorder: Recorder | None = None):
        self.environment = Environment(host, pixels=pixels, recorder=recorder)
        self.site = site

    def on(self, site: Site) -> Visitor:
        """Return the same visitor, by the rules of another site."""
        other = copy(self)
        other.site = site
        return other

    async def open(self, url: str, *, seed: int = 0) -> Observation:
        """Open a page in a fresh profile, logged in where the site is live and has a login.

        Raise :class:`InfraError` where that fails. Nothing of the login is recorded or in the evidence.
        """
        try:
            return await self._open(url, seed=seed)
        except ActionError as error:
            raise InfraError(f"{url[:200]} cannot be opened: {error}") from error

    async def _open(self, url: str, *, seed: int) -> Observation:
        login, task = self.site.login, self.site.task(url)
        if login is None or self.site.snapshot is not None:
            return await self.environment.reset(task, seed=seed)
        own = (*self.site.allowed_origins, origin(self.site.url))  # where a login that lies elsewhere leads back to
        entry = replace(self.site.task(login.url), read_only=False, allowed_origins=own)
        observation = await self.environment.reset(entry, seed=seed, recorded=False)
        for move in login.moves:
            result = await self.environment.step(move.on(observation))
            observation = result.observation
            if observation.error or result.outcome is not None:
                raise InfraError(f"the login failed: {observation.error or result.reason}")
        return await self.environment.go_on(task)

    async def play(self, url: str, moves: Sequence[Move], *, seed: int = 0, leave: Leave | None = None) -> Visit:
        """Open a page in a fresh profile and make moves; an ``answer`` and a ``give_up`` are left to the caller.

        With ``leave`` each is asked for before. Raise :class:`InfraError` where the page cannot be opened, and
        :class:`ClosedError` where it may not be.
        """
        if leave is not None:
            await leave.ask(url)
        started = time.monotonic()
        environment = self.environment
        actions: list[Action] = []
        observations = [await self.open(url, seed=seed)]
        evidence = [environment.evidence]
        problem = typed = ""
        for move in moves:
            if isinstance(move.action, Answer | GiveUp):
                break
            try:
                action = move.on(observations[-1])
                if leave is not None:
                    await leave.ask(await self._destination(action, observations[-1], typed=typed))
            except (DivergedError, ClosedError) as error:
                problem = str(error)
                break
            typed = str(action.target) if isinstance(action, Type) else typed
            result = await environment.step(action)
            actions.append(action)
            observations.append(result.observation)
            evidence.append(result.evidence or environment.evidence)
            problem = result.observation.error or (result.reason if result.outcome is not None else "")
            if problem:
                break
        return Visit(
            actions=tuple(actions),
            observations=tuple(observations),
            evidence=tuple(evidence),
            problem=problem,
            seconds=time.monotonic() - started,
        )

    async def _destination(self, action: Action, observation: Observation, *, typed: str) -> str:
        """Return where an action leads as far as the page says; while it shows a dialog, it says nothing."""
        found = Survey() if observation.dialog is not None else await survey(self.environment.context.page)
        return destination(action, found, here=observation.url, typed=typed)


@asynccontextmanager
async def visitors(
    site: Site,
    *,
    count: int,
    pixels: bool = False,
    recorder: Recorder | None = None,
    options: BrowserOptions | None = None,
) -> AsyncIterator[list[Visitor]]:
    """Have visitors with a browser each, closed at the end."""
    hosts = [BrowserHost(options) for _ in range(count)]
    crew = [Visitor(host, site, pixels=pixels, recorder=recorder) for host in hosts]
    try:
        yield crew
    finally:
        await asyncio.gather(*(visitor.environment.close() for visitor in crew))
        await asyncio.gather(*(host.close() for host in hosts))


async def share(
    crew: Sequence[Visitor],
    jobs: Iterable[Job],
    work: Callable[[Visitor, Job], Awaitable[None]],
    *,
    until: float = float("inf"),
) -> None:
    """Have visitors do jobs, each the next one when it is free; the first error ends all.

    No job is begun after ``until``, on the monotonic clock.
    """
    waiting = iter(jobs)

    async def serve(visitor: Visitor) -> None:
        for job in waiting:
            if time.monotonic() >= until:
                break
            await work(visitor, job)

    with one_error():
        async with asyncio.TaskGroup() as group:
            for visitor in crew:
                group.create_task(serve(visitor))


@contextmanager
def one_error() -> Iterator[None]:
    """Raise what ended a group of tasks itself, where it is an error of this program's own, and not its group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if group.split(WebdualError)[1] is None:
            raise error from group
        raise
