"""Wall, processor and GPU time of some work, across kills."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from experiments.journal import write_atomically
from rewards.cost import Cost


class Clock:
    """Adds the time since it was made to what was spent when :meth:`save` was last called.

    Args:
        path: The file that it is kept in.
        elsewhere: Returns the processor seconds that other processes have taken for the work.
        gpus: How many GPUs the work holds; each costs as long as it is held.
    """

    def __init__(self, path: Path, *, elsewhere: Callable[[], float] = lambda: 0.0, gpus: int = 0) -> None:
        self._path = path
        self._elsewhere, self._gpus = elsewhere, gpus
        self._before = Cost.from_json(json.loads(path.read_bytes())) if path.exists() else Cost()
        self._wall, self._cpu = time.monotonic(), self._cpu_s()

    @property
    def spent(self) -> Cost:
        """Wall, processor and GPU seconds so far."""
        wall_s = time.monotonic() - self._wall
        return self._before + Cost(wall_s=wall_s, cpu_s=self._cpu_s() - self._cpu, gpu_s=self._gpus * wall_s)

    def save(self) -> Cost:
        """Write down and return what was spent so far."""
        spent = self.spent
        write_atomically(self._path, json.dumps(spent.to_json()).encode())
        return spent

    def _cpu_s(self) -> float:
        return time.process_time() + self._elsewhere()
