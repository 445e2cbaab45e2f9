"""What this process and all that it has started have spent of the processor."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
SCAN_S = 1.0  # between two looks for who belongs to the family: that reads all of /proc


class ProcessorTime:
    """Counts the family's processor time; of this process alone outside Linux."""

    def __init__(self) -> None:
        self._family = {os.getpid()}
        self._scanned = float("-inf")
        self._spent_s = 0.0

    def take(self) -> float:
        """Return the seconds spent since the last time; what ended between two scans may be missed."""
        total_s = self._total_s()
        spent_s, self._spent_s = max(0.0, total_s - self._spent_s), max(total_s, self._spent_s)
        return spent_s

    def _total_s(self) -> float:
        if not (PROC / "self/stat").exists():
            return time.process_time()
        if time.monotonic() - self._scanned >= SCAN_S:
            self._family, self._scanned = family_of([os.getpid()]), time.monotonic()
        ticks = sum(int(field) for fields in stats_of(self._family).values() for field in fields[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")


def family_of(roots: Iterable[int]) -> set[int]:
    """Return the ids of these processes and all their living descendants. Linux only."""
    parents = {pid: int(fields[1]) for pid, fields in stats_of(all_pids()).items()}
    found = set(roots) & set(parents)
    grown = 0
    while grown != len(found):
        grown = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


def all_pids() -> list[int]:
    """Return the ids of all processes of the machine."""
    return [int(folder.name) for folder in PROC.iterdir() if folder.name.isdigit()]


def stats_of(pids: Iterable[int]) -> dict[int, list[str]]:
    """Return the fields of processes' stats that follow their names; those that have ended are left out."""
    found = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            found[pid] = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return found
