"""One process of the pool, as seen from outside."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import Pipe

from browser_env.errors import UsageError
from browser_env.picture_slot import PictureSlot
from browser_env.pool_process import Reply, ResetCall, StepCall
from browser_env.task import Task

START = "from browser_env.pool_process import main; main()"  # not -m: its classes must keep their names
GRACE_S = 5.0  # beyond a task's limit, which the environment in the process keeps itself
BEGIN_S = 60.0  # beyond it, where Python, a browser and a profile may have to start first
STOP_S = 10.0  # a process gets so long to close its browser


class PoolLink:
    """A process of the pool: at most one call is under way."""

    def __init__(self, *, pixels: bool):
        self.task: Task | None = None  # of the episode under way
        self.deadline: float | None = None  # while an answer is owed: when the process counts as hung
        self.connection, theirs = Pipe()
        self._slot = PictureSlot.make()
        descriptors = [theirs.fileno(), self._slot.descriptor]
        command = [sys.executable, "-c", START, *map(str, descriptors), str(int(pixels))]
        self._process = subprocess.Popen(  # in a session of its own, so that Ctrl-C asks only its owner to end
            command, pass_fds=descriptors, stdin=subprocess.DEVNULL, start_new_session=True
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def owes(self) -> bool:
        """Whether an answer is under way."""
        return self.deadline is not None

    @property
    def is_lost(self) -> bool:
        """Whether nothing more can come: it hangs, or reading its answer was broken off."""
        return self.connection.closed or (self.deadline is not None and time.monotonic() > self.deadline)

    def check(self, call: ResetCall | StepCall, *, env_id: int) -> None:
        """Raise :class:`UsageError` where this call cannot be made now."""
        if self.owes:
            raise UsageError(f"environment {env_id} has not answered yet; call recv() first")
        if self.task is None and isinstance(call, StepCall):
            raise UsageError(f"environment {env_id} has no episode under way; call send_reset() first")

    def call(self, call: ResetCall | StepCall) -> None:
        """Send a call; where the process died, the next look at its connection finds out."""
        if isinstance(call, ResetCall):
            self.task = call.task
        assert self.task is not None
        self.deadline = time.monotonic() + limit_s(call, self.task)
        with contextlib.suppress(OSError):
            self.connection.send(call)

    def receive(self) -> Reply | None:
        """Read the answer that has come; None where the process died."""
        try:
            reply: Reply = self.connection.recv()
        except (EOFError, OSError):
            return None
        except BaseException:
            self.connection.close()  # what is left of a half-read answer would be taken for the next one
            raise
        self.deadline = None
        if reply.is_over:
            self.task = None
        if reply.result is None or reply.picture_size is None:
            return reply
        picture = self._slot.read(reply.picture_size)
        observation = replace(reply.result.observation, screenshot=picture)
        return replace(reply, result=replace(reply.result, observation=observation))

    def hang_up(self) -> None:
        """Ask the process to end."""
        self.connection.close()

    def stop(self) -> None:
        """Hang up and wait; kill what does not go by itself."""
        self.hang_up()
        self._slot.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def limit_s(call: ResetCall | StepCall, task: Task) -> float:
    """Return how long an answer may take; each action of a prefix is given a step's time."""
    if isinstance(call, StepCall):
        return task.time_limit_s + GRACE_S
    return BEGIN_S + (1 + len(call.prefix)) * task.time_limit_s


def stop_all(links: list[PoolLink]) -> None:
    """End all processes and their browsers, and empty the list."""
    for link in links:
        link.hang_up()
    while links:
        links.pop().stop()
