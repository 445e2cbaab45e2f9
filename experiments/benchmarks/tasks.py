"""What the task compiler makes of other people's applications, what that costs, and how right it is."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from browser_env.errors import InfraError
from experiments.benchmarks.applications import APPLICATIONS, running

PROGRAM = (sys.executable, "-c", "import sys; from experiments.cli import main; sys.exit(main())")
ROOT = Path(__file__).parent.parent.parent
GRACE_S = 600.0  # beyond the minutes that a site is given
AUDIT_S = 30.0  # for each task of a sample, at most
KINDS = ("false_feasible", "false_pass", "false_fail", "ambiguous")

PEERS: tuple[tuple[str, str, str], ...] = (  # who, what they report, where
    ("AutoWebWorld", "$0.04 a trajectory on generated sites", "their paper"),
    ("VeriEnv, AutoWebWorld, CUA-Gym", "up to $1 a trajectory on generated sites", "their papers"),
    (
        "VeriEnv, AutoWebWorld, CUA-Gym",
        "48.6% of raw generated tasks are feasible, 94.8% of verified ones",
        "their papers",
    ),
    ("InSTA", "150k sites, a model as judge; 1.7 trajectories/s on 50 L40S", "its paper"),
    ("WebGym", "292k sites' tasks, a judge; 13 steps/s on 128 cores and 24 H100", "arXiv 2601.02439"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksPlan:
    """Which applications are compiled, and how much each is given."""

    applications: tuple[str, ...]
    minutes: float
    pages: int
    audit: int  # tasks of each set that are audited; 0: none
    folder: Path
    allow_writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of an application."""

    application: str
    summary: Mapping[str, Any] = field(default_factory=dict)  # as ``webdual tasks compile --json`` writes it
    audit: Mapping[str, Any] = field(default_factory=dict)
    skipped: str = ""  # why nothing was made

    @property
    def mistakes(self) -> int:
        """How many wrong judgements the audit found."""
        return sum(int(self.audit.get(kind, 0)) for kind in KINDS)


def measure_tasks(plan: TasksPlan, *, tell: Callable[[str, int], None]) -> list[Made]:
    """Compile and audit each application; one that cannot be installed or does not start is skipped."""
    made = []
    for name in plan.applications:
        tell(name, 0)
        try:
            made.append(_measure(plan, name))
        except InfraError as error:
            made.append(Made(application=name, skipped=str(error)))
        tell(name, 1)
    return made


def _measure(plan: TasksPlan, name: str) -> Made:
    folder = plan.folder / name
    out = folder / "set"
    shutil.rmtree(out, ignore_errors=True)
    with running(name, folder) as served:
        options = ["--out", str(out), "--minutes", str(plan.minutes), "--pages", str(plan.pages)]
        if plan.allow_writes:
            options += ["--allow-writes", "--reset", shlex.join(served.reset_command)]
        summary = _run(["compile", served.url, *options], folder / "compile", timeout_s=plan.minutes * 60 + GRACE_S)
    audit: Mapping[str, Any] = {}
    if plan.audit and summary["tasks"]:
        asked = ["audit", str(out), "--sample", str(plan.audit)]
        audit = _run(asked, folder / "audit", timeout_s=GRACE_S + AUDIT_S * plan.audit)
    return Made(application=name, summary=summary, audit=audit)


def _run(arguments: Sequence[str], stem: Path, *, timeout_s: float) -> dict[str, Any]:
    """Run ``webdual tasks``, its words kept in a log, and return what it wrote; 1 is an answer, too."""
    result, log = stem.with_suffix(".json"), stem.with_suffix(".log")
    result.unlink(missing_ok=True)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    with log.open("w") as output:
        try:
            subprocess.run(
                [*PROGRAM, "tasks", *arguments, "--json", str(result)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"PYTHONPATH": path},
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InfraError(f"webdual tasks {arguments[0]} took more than {timeout_s / 60:.0f} minutes") from error
    if not result.exists():
        words = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        raise InfraError(f"webdual tasks {arguments[0]} failed: {(words or ['without a word'])[-1][:200]}; see {log}")
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def tasks_tables(made: Sequence[Made]) -> list[Table]:
    """Return tables for the terminal: what was made, how right it is, and what peers report."""
    rows = Table(
        "application", "tasks", "families", "minutes", "s/task", "CPU s/task", "dropped", "of", box=None, pad_edge=False
    )
    audits = Table("application", "audited", *(kind.replace("_", "-") for kind in KINDS), box=None, pad_edge=False)
    for one in (one for one in made if one.summary):
        figures = one.summary["sites"][0]
        cost = figures["per_task"]
        rows.add_row(
            _title(one.application),
            str(one.summary["tasks"]),
            str(len(one.summary["families"])),
            f"{figures['minutes']:.1f}",
            f"{cost['wall_s']:.2f}",
            f"{cost['cpu_s']:.2f}",
            str(figures["dropped"]),
            str(figures["candidates"]),
        )
        if one.audit:
            counts = [str(one.audit.get(kind, "")) for kind in KINDS]
            audits.add_row(_title(one.application), str(one.audit.get("tasks", "")), *counts)
    peers = Table("elsewhere", "reported", "source", box=None, pad_edge=False)
    for peer in PEERS:
        peers.add_row(*peer)
    return [table for table in (rows, audits, peers) if table.row_count]


def tasks_json(made: Sequence[Made], plan: TasksPlan, *, took_s: float) -> dict[str, Any]:
    """Return the results as JSON-serialisable data."""
    return {
        "cores": os.cpu_count(),
        "minutes": plan.minutes,
        "pages": plan.pages,
        "took_s": took_s,
        "applications": [
            {
                "name": one.application,
                "make": APPLICATIONS[one.application].make,
                "held_out": APPLICATIONS[one.application].held_out,
                "skipped": one.skipped,
                "compiled": dict(one.summary),
                "audit": dict(one.audit),
            }
            for one in made
        ],
        "peers": [{"who": who, "reported": what, "source": source} for who, what, source in PEERS],
    }


def _title(name: str) -> str:
    return f"{name} (held out)" if APPLICATIONS[name].held_out else name
