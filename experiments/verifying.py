"""``webdual demos verify``: say in plain words whether a store is whole, and repair what can be repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from replay.checking import Check, Fault, check_store, repair_store

ROUNDS = 3  # what is put aside may leave something behind that the next round removes
SHOWN = 20  # faults of a kind that are printed


def verify_store(path: Path, *, repair: bool, console: Console) -> dict[str, Any]:
    """Check a store, repair it where that is asked for, print what was found, and return it as plain data."""
    check = first = _check(path, console, "files read")
    for _ in range(ROUNDS if repair else 0):
        if not any(fault.repair for fault in check.faults):
            break
        repair_store(path, check)
        check = _check(path, console, "files read again")
    _print(console, path, first=first, left=check, repaired=repair)
    return {"store": str(path), "sound": not check.faults, "found": first.to_json(), "left": check.to_json()}


def _check(path: Path, console: Console, title: str) -> Check:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(title)
        return check_store(path, tell=lambda done, total: progress.update(bar, completed=done, total=total))


def _print(console: Console, path: Path, *, first: Check, left: Check, repaired: bool) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"{path}: {left.episodes} episodes with {left.steps} steps and {left.images} images.")
    for line in _lines(first.faults, repaired=repaired):
        say(line)
    if left.quarantined:
        say(f"{len(left.quarantined)} damaged files lie in {path / 'quarantine'}; they are not loaded.")
    if not first.faults:
        say("Every checksum, image, row and consent is as it should be.")
    elif not left.faults:
        say(f"All {len(first.faults)} faults are repaired.")
    elif repaired:
        say(f"{len(left.faults)} faults are left; they cannot be repaired here.")
    else:
        say(f"{len(left.faults)} faults, {sum(bool(fault.repair) for fault in left.faults)} of which --repair repairs.")


def _lines(faults: Sequence[Fault], *, repaired: bool) -> list[str]:
    """Return a line for each fault, the first ones of each kind."""
    lines, seen = [], Counter[str]()
    for fault in faults:
        seen[fault.kind] += 1
        if seen[fault.kind] <= SHOWN:
            end = (
                "; it cannot be repaired"
                if not fault.repair
                else f"; {'' if repaired else 'if repaired, '}{fault.repair}"
            )
            lines.append(f"  {fault.kind} {fault.name}: {fault.problem}{end}")
    return lines + [f"  and {count - SHOWN} more of kind {kind}" for kind, count in seen.items() if count > SHOWN]
