"""A process of the pool: one browser, one environment, steered over a connection.

It ends, and its browser with it, when the connection closes, however the other side died.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from browser_env.action import Action
from browser_env.environment import Environment
from browser_env.errors import WebdualError
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult
from browser_env.picture_slot import PictureSlot
from browser_env.processor_time import ProcessorTime
from browser_env.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCall:
    """Begin an episode."""

    task: Task
    seed: int
    prefix: tuple[Action, ...] = ()
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """Act."""

    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a call: a result, or why there is none."""

    result: StepResult | None = None  # without its picture
    picture_size: tuple[int, int] | None = None  # height and width of the picture in the slot, where there is one
    error: str = ""
    cpu_s: float = 0.0  # of an episode's last reply: spent by this process and its browser since the one before

    @property
    def is_over(self) -> bool:
        """Whether no episode is under way any more."""
        return self.result is None or self.result.outcome is not None


class PoolProcess:
    """Answers the calls of one connection, one after the other."""

    def __init__(self, connection: Connection, slot: PictureSlot, *, pixels: bool):
        self._connection = connection
        self._slot = slot
        self._pixels = pixels
        self._processor = ProcessorTime()

    async def serve(self) -> None:
        """Answer until the connection closes."""
        host = BrowserHost()
        environment = Environment(host, pixels=self._pixels)
        calls: asyncio.Queue[ResetCall | StepCall | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._connection.fileno(), self._receive, calls)
        answering: asyncio.Task[None] | None = None
        while (call := await calls.get()) is not None:
            answering = asyncio.ensure_future(self._answer(environment, call))
        if answering is not None:
            answering.cancel()
        await host.close()

    def _receive(self, calls: asyncio.Queue[ResetCall | StepCall | None]) -> None:
        try:
            calls.put_nowait(self._connection.recv())
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            calls.put_nowait(None)

    async def _answer(self, environment: Environment, call: ResetCall | StepCall) -> None:
        result, error = None, ""
        try:
            if isinstance(call, ResetCall):
                observation = await environment.reset(
                    call.task, seed=call.seed, prefix=call.prefix, expected=call.state
                )
                result = StepResult(observation=observation, fields=environment.fields)
            else:
                result = await environment.step(call.action)
        except WebdualError as failure:
            error = str(failure)
        except Exception as failure:  # noqa: BLE001 - whatever broke, the other side must hear of it
            error = f"{type(failure).__name__}: {failure}"
        reply = Reply(result=result, error=error)
        if reply.is_over:
            reply = replace(reply, cpu_s=self._processor.take())
        with contextlib.suppress(OSError):  # nobody listens any more: serve() ends by itself
            self._connection.send(self._put_aside_picture(reply))

    def _put_aside_picture(self, reply: Reply) -> Reply:
        """Move the picture to the shared slot, which is cheaper than to send it."""
        if reply.result is None or (picture := reply.result.observation.screenshot) is None:
            return reply
        self._slot.write(picture)
        result = replace(reply.result, observation=replace(reply.result.observation, screenshot=None))
        return replace(reply, result=result, picture_size=(picture.shape[0], picture.shape[1]))


def main() -> None:
    """Serve the connection whose file descriptor is the first argument; the second is the picture slot's."""
    connection, slot, pixels = (int(argument) for argument in sys.argv[1:4])
    process = PoolProcess(Connection(connection), PictureSlot(slot), pixels=bool(pixels))
    asyncio.run(process.serve())
