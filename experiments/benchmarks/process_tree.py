"""What processes and all their descendants cost: processor time by the kind of process, and memory. Linux only."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from browser_env.errors import UsageError
from browser_env.processor_time import PROC, all_pids, family_of, stats_of

KINDS = ("python", "browser", "renderer", "gpu", "other", "ended")  # of processes
MIB = 1 << 20


def require_proc() -> None:
    """Raise :class:`UsageError` where this system does not tell what processes cost."""
    if not (PROC / "self/stat").exists():
        raise UsageError("what processes cost is read from /proc: run this benchmark on Linux")


def family(roots: Iterable[int]) -> list[int]:
    """Return the ids of these processes and all their living descendants."""
    return sorted(family_of(roots))


def living(roots: Iterable[int]) -> set[tuple[int, int]]:
    """Return the family's processes by id and start, the pair that no other process ever has."""
    members = set(family(roots))
    return {(pid, int(fields[19])) for pid, fields in stats_of(all_pids()).items() if pid in members}


def still_living(processes: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return which of these processes, by id and start, have not ended, whoever their parents are by now."""
    now = {(pid, int(fields[19])) for pid, fields in stats_of(all_pids()).items() if fields[0] not in "ZX"}
    return now & set(processes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Processor time of one process until a moment."""

    kind: str
    own_s: float
    ended_s: float  # of its descendants that have ended, as far as they were waited for


def cpu_s(roots: Iterable[int]) -> dict[int, Spent]:
    """Return what every process of the family has spent, by its id."""
    members, hertz = set(family(roots)), os.sysconf("SC_CLK_TCK")
    return {
        pid: Spent(
            kind=kind_of(command_of(pid)),
            own_s=(int(fields[11]) + int(fields[12])) / hertz,
            ended_s=(int(fields[13]) + int(fields[14])) / hertz,
        )
        for pid, fields in stats_of(all_pids()).items()
        if pid in members
    }


def cpu_between(before: Mapping[int, Spent], after: Mapping[int, Spent]) -> dict[str, float]:
    """Return the seconds spent by kind of process; processes that ended meanwhile are the kind ``ended``."""
    nothing = Spent(kind="", own_s=0.0, ended_s=0.0)
    spent: dict[str, float] = defaultdict(float)
    ended_s = 0.0
    for pid, now in after.items():
        then = before.get(pid, nothing)
        spent[now.kind] += now.own_s - then.own_s
        ended_s += now.ended_s - then.ended_s
    ended_s -= sum(then.own_s + then.ended_s for pid, then in before.items() if pid not in after)
    spent["ended"] = max(0.0, ended_s)  # some are waited for by nobody of the family
    return {kind: seconds for kind, seconds in spent.items() if seconds > 0}


def memory_mib(roots: Iterable[int]) -> float:
    """Return the memory of the family in MiB; what is shared counts for each process by its share."""
    return sum(_memory_bytes(pid) for pid in family(roots)) / MIB


def descriptors(roots: Iterable[int]) -> int:
    """Return how many files, pipes and sockets the family has open; processes that may not be asked have none."""
    return sum(_num_open(pid) for pid in family(roots))


def kind_of(command: str) -> str:
    """Return which kind of process a command line starts."""
    program = Path(command.split("\0")[0]).name
    if "--type=renderer" in command:
        return "renderer"
    if "--type=gpu-process" in command:
        return "gpu"
    if "--type=" in command:
        return "other"
    if program.startswith("python"):
        return "python"
    is_browser = ("chrom" in program or "headless" in program) and "driver" not in program
    return "browser" if is_browser else "other"


def command_of(pid: int) -> str:
    """Return a process's command line, its arguments apart by NUL; nothing where it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_text(errors="replace").replace(" ", "\0")
    except OSError:  # it has just ended
        return ""


def _num_open(pid: int) -> int:
    try:
        return sum(1 for _ in (PROC / str(pid) / "fd").iterdir())
    except OSError:  # it has just ended, or is not ours
        return 0


def _memory_bytes(pid: int) -> int:
    """Return the proportional set size; what is not shared, where that may not be read."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        pass
    try:
        resident, shared = (PROC / str(pid) / "statm").read_text().split()[1:3]
    except OSError:  # it has just ended
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
