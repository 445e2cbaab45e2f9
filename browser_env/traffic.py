"""Which network requests of a page are under way, from what DevTools tells."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

ENDLESS = ("EventSource",)  # are not waited for


class Traffic:
    """Requests by id; feed it DevTools' ``Network`` events in the order in which they come."""

    def __init__(self) -> None:
        self._requests: set[tuple[str, str]] = set()  # (worker's session, "" for the page itself; id)
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.events = 0  # requests that began and ended, and navigations that were announced, so far

    @property
    def open_requests(self) -> int:
        """How many requests are under way; those that never end by design are not counted."""
        return len(self._requests)

    async def rest(self, *, timeout_s: float) -> None:
        """Return when no request is under way, or after the time given."""
        if self._requests:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._at_rest.wait(), timeout_s)

    def began(self, event: dict[str, Any], *, worker: str = "") -> None:
        """Take a ``Network.requestWillBeSent``."""
        self.events += 1
        if event.get("type") not in ENDLESS:
            self._requests.add((worker, event["requestId"]))
            self._at_rest.clear()

    def ended(self, event: dict[str, Any], *, worker: str = "") -> None:
        """Take a ``Network.loadingFinished`` or ``Network.loadingFailed``."""
        self.events += 1
        self._forget({(worker, event["requestId"])})

    def worker_gone(self, worker: str) -> None:
        """Forget what a worker asked for that has ended."""
        self._forget({request for request in self._requests if request[0] == worker})

    def stirred(self, event: dict[str, Any]) -> None:
        """Take news of a navigation that is about to ask for a document."""
        self.events += 1

    def document_changed(self, loader_id: str) -> None:
        """Forget what an earlier document asked for: its requests may never be told to end."""
        self._forget(self._requests - {("", loader_id)})

    def _forget(self, gone: set[tuple[str, str]]) -> None:
        self._requests -= gone
        if not self._requests:
            self._at_rest.set()
