"""Runs one side of the comparison in processes of its own, and reads what they cost from outside."""

from __future__ import annotations

import json
import selectors
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from browser_env.errors import InfraError
from experiments.benchmarks.figures import Run, TaskCount
from experiments.benchmarks.process_tree import cpu_between, cpu_s, memory_mib
from experiments.benchmarks.protocol import Job

ROOT = Path(__file__).parent.parent.parent
START = "import sys; sys.path.append(sys.argv[1]); from experiments.benchmarks.{module} import main; main()"
ANSWER_S = 180.0  # the slowest side needs seconds for an episode
STOP_S = 15.0
OWN_SEEDS = 1000  # seeds between those of one repetition and of another, and of one process and another


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Which module runs, and with which Python."""

    module: str  # of this package
    python: str
    one_each: bool = False  # several environments are several such processes, not one that has them all


class Process:
    """A side's process: lines of JSON come out of it, and a line lets it go on."""

    def __init__(self, program: Program, job: Job):
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        command = [program.python, "-c", START.format(module=program.module), str(ROOT), job.to_text()]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0
        )
        self._arrived = b""

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")

    def answer(self) -> dict[str, Any]:
        """Return the next line; raise :class:`InfraError` where none comes."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + ANSWER_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._arrived:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise InfraError(f"it did not answer within {ANSWER_S:.0f} s")
                chunk = self._process.stdout.read(1 << 20)
                if not chunk:
                    raise InfraError(self._complaint())
                self._arrived += chunk
        line, _, self._arrived = self._arrived.partition(b"\n")
        data: dict[str, Any] = json.loads(line)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # it closes its browsers and ends
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _complaint(self) -> str:
        """Return the last line that the process wrote before it died."""
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return (lines or ["it ended without a word"])[-1].strip()[:200]


def run_side(program: Program, job: Job) -> tuple[Run, dict[str, str]]:
    """Run a side once; return its counts and the versions it names. Raise :class:`InfraError` where it fails."""
    num_processes = job.num_envs if program.one_each else 1
    share = replace(job, num_envs=1) if program.one_each else job
    jobs = [replace(share, seed=share.seed + index * OWN_SEEDS) for index in range(num_processes)]
    versions: dict[str, str] = {}
    counts = []
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(program, job)) for job in jobs]
        for _ in job.tasks:
            for process in processes:
                versions |= process.answer()["versions"]
            counts.append(_measure(processes))
        memory = memory_mib([process.pid for process in processes])
    return Run(counts=counts, memory_mib=memory, num_envs=job.num_envs), versions


def _measure(processes: Sequence[Process]) -> TaskCount:
    """Let all begin at once, and read what they did and cost."""
    pids = [process.pid for process in processes]
    before = cpu_s(pids)
    for process in processes:
        process.go()
    answers = [process.answer() for process in processes]
    after = cpu_s(pids)
    phases: Counter[str] = Counter()
    for answer in answers:
        phases.update(answer["phase_s"])
    return TaskCount(
        rate=sum(answer["steps"] / answer["wall_s"] for answer in answers),
        steps=sum(answer["steps"] + answer["steps_after"] for answer in answers),
        episodes=sum(answer["episodes"] for answer in answers),
        cpu_s=cpu_between(before, after),
        step_s=[s for answer in answers for s in answer["step_s"]],
        reset_s=[s for answer in answers for s in answer["reset_s"]],
        policy_s=sum(answer["policy_s"] for answer in answers),
        phase_s=dict(phases),
    )
