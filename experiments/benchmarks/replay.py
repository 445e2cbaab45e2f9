"""Measures the replay store and its buffer, the latter beside TorchRL's, each in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from browser_env.errors import InfraError
from experiments.benchmarks.running import ROOT, START
from experiments.benchmarks.venvs import make_venv

TORCHRL = ("torchrl==0.14.1", "tensordict==0.14.3", "torch==2.14.1", "numpy==2.4.6")  # their binaries fit each other
LIMIT_S = 7200.0  # for one process

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlan:
    """How much is measured."""

    steps: int  # in the store, on disk
    buffer_steps: int  # in the buffers, in memory
    episode_steps: int = 10
    batch: int = 256  # steps of the buffers
    batches: int = 1000
    read_batch: int = 64  # steps whose observations and pictures are read from disk
    reads: int = 20
    peer: bool = True  # TorchRL is measured as well
    seed: int = 0


@dataclass(slots=True, kw_only=True)
class ReplayFigures:
    """What was measured, and who was left out for which reason."""

    store: dict[str, float] = field(default_factory=dict)
    buffers: dict[str, dict[str, Any]] = field(default_factory=dict)  # by side
    skipped: dict[str, str] = field(default_factory=dict)  # by side


PHASES = ("append to the store", "open the store and draw", "webdual's buffer", "TorchRL's buffer")


def measure_replay(plan: ReplayPlan, *, folder: Path | None, tell: Tell = lambda text: None) -> ReplayFigures:
    """Run everything; ``folder`` is where the store is made and removed again."""
    figures = ReplayFigures()
    with tempfile.TemporaryDirectory(prefix="webdual-bench-", dir=folder) as place:
        job = asdict(plan) | {"folder": place}
        tell(PHASES[0])
        appended = _run(sys.executable, "replay_disk", job, "append")
        tell(PHASES[1])
        figures.store = _per_step(appended | _run(sys.executable, "replay_disk", job, "open"), plan)
    job = asdict(plan) | {"steps": plan.buffer_steps}
    tell(PHASES[2])
    figures.buffers["webdual"] = _rates(_run(sys.executable, "replay_buffer", job), plan)
    tell(PHASES[3])
    try:
        if plan.peer:
            figures.buffers["TorchRL"] = _rates(_run(make_venv("torchrl", TORCHRL), "peer_torchrl", job), plan)
    except InfraError as error:
        figures.skipped["TorchRL"] = str(error)
    return figures


def _per_step(raw: dict[str, Any], plan: ReplayPlan) -> dict[str, float]:
    return {
        "append_steps_per_s": plan.steps / raw["append_s"],
        "append_steps_per_cpu_s": plan.steps / raw["append_cpu_s"],
        "bytes_per_step": (raw["episode_mib"] + raw["image_mib"] + raw["index_mib"]) * 2**20 / plan.steps,
        "images": raw["images"],
        "bytes_per_image": raw["image_mib"] * 2**20 / raw["images"],
        "disk_mib": raw["episode_mib"] + raw["image_mib"] + raw["index_mib"],
        "open_s": raw["open_s"],
        "list_s": raw["list_s"],
        "memory_mib": raw["memory_mib"],
        "read_steps_per_s": plan.reads * plan.read_batch / raw["read_s"],
    }


def _rates(raw: dict[str, Any], plan: ReplayPlan) -> dict[str, Any]:
    times = {"open_s": raw["open_s"]} if "open_s" in raw else {}
    return times | {
        "append_steps_per_s": plan.buffer_steps / raw["append_s"],
        "sample_ms": raw["sample_s"] / plan.batches * 1000,
        "update_ms": raw["update_s"] / plan.batches * 1000,
        "memory_mib": raw["memory_mib"],
        "bytes_per_step": raw["memory_mib"] * 2**20 / plan.buffer_steps,
        "versions": raw["versions"],
    }


def _run(python: str, module: str, job: dict[str, Any], *more: str) -> dict[str, Any]:
    """Return the last line that a module's process prints; raise :class:`InfraError` where there is none."""
    command = [python, "-c", START.format(module=module), str(ROOT), json.dumps(job), *more]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        figures: dict[str, Any] = json.loads(result.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise InfraError(f"it took more than {LIMIT_S:.0f} s") from error
    except (IndexError, ValueError) as error:
        lines = result.stderr.strip().splitlines() or ["it ended without a word"]
        raise InfraError(f"{module} failed: {lines[-1].strip()[:200]}") from error
    return figures


def replay_json(figures: ReplayFigures, plan: ReplayPlan, *, took_s: float) -> dict[str, Any]:
    """Return every figure, what was run, and where, as JSON-serialisable data."""
    machine = {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    return {"machine": machine, "plan": asdict(plan), "took_s": took_s, **asdict(figures)}


def replay_tables(figures: ReplayFigures, plan: ReplayPlan) -> list[Table]:
    """Return the tables of the store's and the buffers' figures."""
    store = Table(box=SIMPLE, title=f"The store: {plan.steps:,} steps on disk", show_header=False)
    for name, value in figures.store.items():
        store.add_row(name.replace("_per_", "/").replace("_", " "), _short(value))
    buffers = Table(box=SIMPLE, title=f"Buffers: {plan.buffer_steps:,} steps, batches of {plan.batch}; processor time")
    for column in ("", "append, steps/s", "sample, ms", "new priorities, ms", "bytes/step"):
        buffers.add_column(column, justify="right" if column else "left")
    for side, found in figures.buffers.items():
        names = ("append_steps_per_s", "sample_ms", "update_ms", "bytes_per_step")
        buffers.add_row(side, *(_short(found[name]) for name in names))
    return [store, buffers]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
