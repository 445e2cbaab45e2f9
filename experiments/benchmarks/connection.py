"""The barest DevTools connection: a Chromium with a pipe, commands out, answers in."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Sequence
from typing import Any

FREE_DESCRIPTORS = 64  # the browser's ends of the pipes go to 3 and 4, so ours must lie elsewhere
CHUNK = 1 << 20


class Connection:
    """One browser and one page of it."""

    def __init__(self, path: str, flags: Sequence[str]):
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._sent = 0
        self._arrived = bytearray()
        self.session = ""
        self.version = ""
        self.worlds: dict[str, int] = {}  # "" (the page's own) or the isolated world's name -> execution context
        self.loaded = asyncio.Event()
        self._profile = tempfile.mkdtemp(prefix="webdual-bench-")
        theirs_in, self._write = _pipe()
        self._read, theirs_out = _pipe()
        null = os.open(os.devnull, os.O_RDWR)
        descriptors = (null, null, null, theirs_in, theirs_out)
        self._pid = os.posix_spawn(
            path,
            [path, *flags, "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "about:blank"],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, at) for at, descriptor in enumerate(descriptors)],
            setpgroup=0,
        )
        for fd in (null, theirs_in, theirs_out):
            os.close(fd)
        os.set_blocking(self._read, False)
        asyncio.get_running_loop().add_reader(self._read, self._receive)

    def send(
        self, method: str, params: dict[str, Any] | None = None, *, browser: bool = False
    ) -> asyncio.Future[dict[str, Any]]:
        """Send a command now; the future brings its result."""
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params or {}}
        if not browser:  # it is for the page
            message["sessionId"] = self.session
        answer = self._answers[self._sent] = asyncio.get_running_loop().create_future()
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return answer

    async def evaluate(self, expression: str, world: str) -> Any:
        """Return the JSON value of an expression, a promise's included."""
        request = {
            "expression": expression,
            "contextId": self.worlds[world],
            "returnByValue": True,
            "awaitPromise": True,
        }
        result = await self.send("Runtime.evaluate", request)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def close(self) -> None:
        """Kill the browser and remove its profile."""
        asyncio.get_running_loop().remove_reader(self._read)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._read)
        os.close(self._write)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _receive(self) -> None:
        self._arrived += os.read(self._read, CHUNK)
        *messages, rest = self._arrived.split(b"\0")
        self._arrived = rest
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            answer = self._answers.pop(message["id"])
            if "error" in message:
                answer.set_exception(RuntimeError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
        elif message["method"] == "Page.loadEventFired":
            self.loaded.set()
        elif message["method"] == "Runtime.executionContextCreated":
            context = message["params"]["context"]
            self.worlds["" if context["auxData"]["isDefault"] else context["name"]] = context["id"]


def _pipe() -> tuple[int, int]:
    """Return the read and the write end of a pipe, closed in children."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, FREE_DESCRIPTORS) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
