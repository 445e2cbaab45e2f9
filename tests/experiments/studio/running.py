"""A studio on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from experiments.studio.offering import offer
from experiments.studio.recording import Recording
from experiments.studio.serving import Bind, Served


class Running:
    """Serves until it is told to stop."""

    def __init__(self, store: Path, **offered: Any):
        self.store = store
        self.entrance = ""
        self.later_s = 0.0  # by which the studio's clock is ahead
        self._ready = threading.Event()
        self._served: Served | None = None
        self.studio = offer(store, **offered)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(60)

    async def _run(self) -> None:
        self._served = Served(self.studio, Bind(), clock=lambda: time.monotonic() + self.later_s)
        await self._served.run(ready=self._began)

    def _began(self, entrance: str) -> None:
        self.entrance = entrance
        self._ready.set()

    @property
    def address(self) -> str:
        return self.entrance.partition("/?")[0]

    def recordings(self) -> list[Recording]:
        """What is being recorded now."""
        return [table.recording for table in self.studio.tables if table.recording is not None]

    def stop(self) -> None:
        assert self._served is not None
        self._served.stop()
        self._thread.join()
