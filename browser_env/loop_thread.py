"""An event loop on a thread of its own, and an environment that lives on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from browser_env.action import Action
from browser_env.environment import Environment
from browser_env.finding import Found, Query
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult
from browser_env.observation import Observation
from browser_env.task import Task

T = TypeVar("T")


class LoopThread:
    """An event loop on a daemon thread, for synchronous callers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=[self._loop], daemon=True, name="browser-loop")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a last coroutine and stop; where the loop's own thread asks for it, without waiting."""
        if threading.current_thread() is self._thread:
            self._loop.create_task(work).add_done_callback(lambda _: self._loop.stop())
            return
        try:
            self.run(work)
        finally:
            self.close()

    def close(self) -> None:
        """Stop the loop; safe to call twice."""
        with contextlib.suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


class ThreadedEnvironment:
    """An environment with its browser on a thread of its own; any thread may call, one call is answered at a time.

    It belongs to the process that made it: a forked copy leaves the browser alone.
    """

    def __init__(self, *, pixels: bool):
        self._process = os.getpid()
        self._loop = LoopThread()
        self._one_at_a_time = asyncio.Lock()  # a call that was interrupted is still carried out
        self._host = self._loop.run(_make_host())
        self._environment = Environment(self._host, pixels=pixels)

    @property
    def is_ours(self) -> bool:
        """Whether this process made it."""
        return self._process == os.getpid()

    @property
    def fields(self) -> dict[str, str]:
        """The parts of the last episode's goal by name, where the suite knows them."""
        return self._environment.fields

    def reset(
        self, task: Task, *, seed: int, prefix: Sequence[Action] = (), expected: str | None = None
    ) -> Observation:
        """See :meth:`Environment.reset`."""
        work = self._environment.reset(task, seed=seed, prefix=prefix, expected=expected)
        return self._loop.run(self._alone(work))

    def state_hash(self) -> str:
        """See :meth:`Environment.state_hash`."""
        return self._loop.run(self._alone(self._environment.state_hash()))

    def step(self, action: Action) -> StepResult:
        """See :meth:`Environment.step`."""
        return self._loop.run(self._alone(self._environment.step(action)))

    def find(self, chain: Sequence[Query], *, frame: Sequence[int] = ()) -> Found | None:
        """See :meth:`Environment.find`."""
        return self._loop.run(self._alone(self._environment.find(chain, frame=frame)))

    def close(self) -> None:
        """End the browser, then the thread."""
        if self.is_ours:
            self._loop.finish(self._alone(self._end()))

    async def _alone(self, work: Coroutine[Any, Any, T]) -> T:
        async with self._one_at_a_time:
            return await work

    async def _end(self) -> None:
        for close in (self._environment.close, self._host.close):
            with contextlib.suppress(RuntimeError):  # no thread starts any more while the interpreter ends
                await close()


async def _make_host() -> BrowserHost:
    return BrowserHost()
