"""Messages that a server is asked side by side, each answered as soon as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from policy.vlm.server import Completion, Part, Server

Asker = TypeVar("Asker")


class Requests(Generic[Asker]):
    """Asks a server for completions; close it, which waits for what is under way."""

    def __init__(self, server: Server, *, most: int, temperature: float, exact: bool = False) -> None:
        """``most`` tokens are written to a message; see :meth:`Server.complete`."""
        self._server, self._most, self._temperature, self._exact = server, most, temperature, exact
        self._threads = ThreadPoolExecutor(max_workers=server.parallel)
        self._open: dict[Future[Completion], Asker] = {}

    def ask(self, asker: Asker, parts: Sequence[Part]) -> None:
        """Have a message of texts and pictures answered."""
        future = self._threads.submit(
            self._server.complete, parts, most=self._most, temperature=self._temperature, exact=self._exact
        )
        self._open[future] = asker

    def answered(self, *, wait_s: float) -> list[tuple[Asker, Completion]]:
        """Return who has been answered, and what, once anybody has or time is up; raise what a request raised."""
        done, _ = wait(self._open, timeout=wait_s, return_when=FIRST_COMPLETED)
        return [(self._open.pop(future), future.result()) for future in done]

    def close(self) -> None:
        """Ask nothing more."""
        self._threads.shutdown(cancel_futures=True)
        self._open.clear()
