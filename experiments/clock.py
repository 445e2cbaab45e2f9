"""Wall and processor time of some work, across kills."""

from __future__ import annotations

import json
import time
from pathlib import Path

from experiments.journal import write_atomically
from rewards.cost import Cost


class Clock:
    """Adds the time since it was made to what was spent when :meth:`save` was last called."""

    def __init__(self, path: Path) -> None:
        self._path = path
        before = json.loads(path.read_bytes()) if path.exists() else {"wall_s": 0.0, "cpu_s": 0.0}
        self._before = Cost(wall_s=before["wall_s"], cpu_s=before["cpu_s"])
        self._wall, self._cpu = time.monotonic(), time.process_time()

    @property
    def spent(self) -> Cost:
        """Wall and processor seconds so far."""
        return self._before + Cost(wall_s=time.monotonic() - self._wall, cpu_s=time.process_time() - self._cpu)

    def save(self) -> Cost:
        """Write down and return what was spent so far."""
        spent = self.spent
        write_atomically(self._path, json.dumps({"wall_s": spent.wall_s, "cpu_s": spent.cpu_s}).encode())
        return spent
