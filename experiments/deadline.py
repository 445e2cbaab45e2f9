"""How much of the time for something is over, across kills."""

from __future__ import annotations

import json
import time
from pathlib import Path

from experiments.journal import write_atomically


class Deadline:
    """Counts the seconds that were spent until :meth:`save` was last called, and those since it was made."""

    def __init__(self, path: Path, *, limit_s: float) -> None:
        self._path, self._limit_s = path, limit_s
        self._before = float(json.loads(path.read_bytes())["seconds"]) if path.exists() else 0.0
        self._started = time.monotonic()

    @property
    def share(self) -> float:
        """The share of the time that is over; 1 and more where all of it is."""
        spent = self._before + time.monotonic() - self._started
        return spent / self._limit_s if self._limit_s > 0 else 1.0

    def save(self) -> None:
        """Write down what was spent."""
        seconds = self._before + time.monotonic() - self._started
        write_atomically(self._path, json.dumps({"seconds": seconds}).encode())
