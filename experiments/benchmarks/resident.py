"""What a benchmark's process says of its own memory; only the standard library, for peers import it too."""

from __future__ import annotations

from pathlib import Path


def resident_mib() -> float:
    """Return this process's resident memory in MiB; Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))
