"""The DevTools protocol over a pipe: commands out, answers and events in, many sessions on one connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

CHUNK = 1 << 20  # bytes read at once
PICTURE = b'"screenshotData":"'  # begins a picture in base64, which holds no quotes
PICTURE_WITHIN = 256  # bytes of a message
END = b"\0"  # after every message

Event = dict[str, Any]
Listener = Callable[[Event], None]


class DevToolsError(Exception):
    """The browser answered a command with an error."""


class ConnectionLostError(DevToolsError):
    """The browser hung up: it ended or crashed."""


class DevTools:
    """One connection to a browser; belongs to the event loop in which it was made."""

    def __init__(self, *, read_fd: int, write_fd: int):
        self._loop = asyncio.get_running_loop()
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._next_id = 0
        self._waiting: dict[int, tuple[str, asyncio.Future[dict[str, Any]]]] = {}  # by command id, with its session
        self._listeners: dict[
            tuple[str, str], tuple[Listener, ...]
        ] = {}  # by session ("" for the browser's own) and method
        self._arrived = bytearray()
        self._unsent = bytearray()
        self.connected = True
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)
        self._loop.add_reader(read_fd, self._read)

    def send(self, method: str, params: dict[str, Any] | None = None, *, session: str = "") -> asyncio.Future[Any]:
        """Send a command now; the future brings its result, or :class:`DevToolsError`."""
        answer: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        if not self.connected:
            answer.set_exception(ConnectionLostError("the browser is gone"))
            return answer
        self._next_id += 1
        command = {"id": self._next_id, "method": method, "params": params or {}}
        if session:
            command["sessionId"] = session
        self._waiting[self._next_id] = (session, answer)
        self._write(json.dumps(command).encode() + END)
        return answer

    def post(self, method: str, params: dict[str, Any] | None = None, *, session: str = "") -> None:
        """Send a command and do not look at its answer."""
        self.send(method, params, session=session).add_done_callback(look_away)

    def await_anew(self, answer: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """Return another future for a command whose first one has been given up."""
        for command, (session, waiting) in self._waiting.items():
            if waiting is answer:
                again: asyncio.Future[dict[str, Any]] = self._loop.create_future()
                self._waiting[command] = (session, again)
                return again
        return answer

    def on(self, method: str, listener: Listener, *, session: str = "") -> None:
        """Call a listener with the parameters of every such event, after those that were added before."""
        self._listeners[session, method] = (*self._listeners.get((session, method), ()), listener)

    def off(self, method: str, listener: Listener, *, session: str = "") -> None:
        """Do not call a listener any more."""
        kept = tuple(other for other in self._listeners.get((session, method), ()) if other != listener)
        if kept:
            self._listeners[session, method] = kept
        else:
            self._listeners.pop((session, method), None)

    def forget(self, session: str) -> None:
        """Drop a session's listeners and fail what still waits for its answers."""
        self._listeners = {key: listener for key, listener in self._listeners.items() if key[0] != session}
        gone = [command for command, (owner, _) in self._waiting.items() if owner == session]
        for command in gone:
            _fail(self._waiting.pop(command)[1], "the page is gone")

    def close(self) -> None:
        """Stop reading and fail what still waits; the descriptors stay open."""
        if not self.connected:
            return
        self.connected = False
        self._loop.remove_reader(self._read_fd)
        self._loop.remove_writer(self._write_fd)
        for _, answer in self._waiting.values():
            _fail(answer, "the browser is gone")
        self._waiting.clear()

    def _write(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            return
        written = 0
        try:
            written = os.write(self._write_fd, data)
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if written < len(data):
            self._unsent += data[written:]
            self._loop.add_writer(self._write_fd, self._flush)

    def _flush(self) -> None:
        try:
            del self._unsent[: os.write(self._write_fd, self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not self._unsent:
            self._loop.remove_writer(self._write_fd)

    def _read(self) -> None:
        try:
            data = os.read(self._read_fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        try:
            self._sort(data)
        except Exception:
            self.close()  # a message is lost: whoever waits for it is told so now, not when its time is up
            raise

    def _sort(self, data: bytes) -> None:
        searched = len(self._arrived)
        self._arrived += data
        start = 0
        while (end := self._arrived.find(END, max(start, searched))) >= 0:
            self._take(_parse(self._arrived[start:end]))
            start = end + 1
        del self._arrived[:start]

    def _take(self, message: dict[str, Any]) -> None:
        command = message.get("id")
        if command is None:
            for listener in self._listeners.get((message.get("sessionId", ""), message["method"]), ()):
                listener(message["params"])
            return
        _, answer = self._waiting.pop(command, ("", None))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(DevToolsError(message["error"].get("message", "unknown error")))
        else:
            answer.set_result(message["result"])


def _parse(message: bytearray) -> dict[str, Any]:
    """Read a message; a frame's picture stays as bytes, as reading it as a text takes longer than all the rest."""
    start = message.find(PICTURE, 0, PICTURE_WITHIN) + len(PICTURE)
    if start < len(PICTURE):
        parsed: dict[str, Any] = json.loads(message)
        return parsed
    end = message.find(b'"', start)
    picture = bytes(message[start:end])
    del message[start:end]
    parsed = json.loads(message)
    parsed["result"]["screenshotData"] = picture
    return parsed


def look_away(done: asyncio.Future[Any]) -> None:
    """Take note of how a future ended, so that nobody is told that its failure was never looked at."""
    if not done.cancelled():
        done.exception()


def _fail(answer: asyncio.Future[dict[str, Any]], reason: str) -> None:
    if not answer.done():
        with contextlib.suppress(RuntimeError):  # the event loop has ended
            answer.set_exception(ConnectionLostError(reason))
        answer.exception() if answer.done() else None  # nobody may be left to look at it
