"""Which processes there are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

GONE_S = 20.0  # within which processes have to be gone, on a busy machine


def family(pid: int) -> dict[int, str]:
    """The living descendants of a process, with their command lines."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, queue = {}, [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            try:
                found[child] = Path(f"/proc/{child}/cmdline").read_text(errors="replace").replace("\0", " ")
            except OSError:
                continue  # it has just ended
            queue.append(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: Sequence[int]) -> list[int]:
    """Return who is still there after a while."""
    deadline = time.monotonic() + GONE_S
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [pid for pid in pids if is_alive(pid)]
