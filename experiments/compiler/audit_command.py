"""``webdual tasks audit``: whether tasks are right, of a compiled set or of MiniWoB++."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.locate import find_browser
from browser_env.miniwob import miniwob_task, task_names
from browser_env.pool import Pool
from browser_env.task_set import TaskSet
from experiments.commands.options import Commands, add_command, write_result
from experiments.compiler.audit import KINDS, audit
from experiments.experts.auditing import Proof, audit_suite, differences, digest_of_all, read_audit
from experiments.progress import Progress

SUITE = "miniwob"
SHOWN = 30  # lines of a list


def add_audit(group: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        group,
        "audit",
        summary="play a set's golden runs with other seeds, or MiniWoB++ by experts; fails where something is wrong",
        example="webdual tasks audit sets/shop --sample 50\n  webdual tasks audit miniwob --sample 50",
    )
    parser.add_argument("set", metavar="DIR", help=f"folder of a set, or {SUITE}")
    parser.add_argument(
        "--sample", metavar="N", type=int, default=50, help="tasks of a set, or seeds of each suite task (default: 50)"
    )
    parser.add_argument("--seed", type=int, default=0, help="which tasks and seeds of a set (default: 0)")
    parser.add_argument("--tasks", metavar="NAMES", help=f"of {SUITE} only these, with commas between (default: all)")
    parser.add_argument(
        "--same-as",
        metavar="F",
        type=Path,
        help=f"of {SUITE}: fail where a task is not as in F, another audit's --json",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Audit; return 1 where anything was judged wrongly, or an expert solved nothing."""
    if args.sample < 1:
        raise UsageError("--sample must be at least 1")
    if args.set == SUITE:
        return _audit_suite(args)
    if args.tasks is not None or args.same_as is not None:
        raise UsageError(f"--tasks and --same-as are for {SUITE}; leave them out, and --sample chooses")
    return _audit_set(args)


def _audit_set(args: argparse.Namespace) -> int:
    tasks, console = TaskSet.read(Path(args.set)), Console()
    with Progress(console).phase("audit", total=min(args.sample, len(tasks.tasks))) as bar:
        found = asyncio.run(
            audit(tasks, sample=args.sample, seed=args.seed, tell=lambda name: bar.advance(detail=name[:50]))
        )
    table = Table("judged wrongly", "tasks", "of", "which is", box=None, pad_edge=False)
    for kind, meaning in KINDS.items():
        table.add_row(kind.replace("_", "-"), str(found.count(kind)), str(found.tasks), meaning)
    console.print(table)
    console.print(f"{found.episodes} episodes, {found.judgements} judgements.")
    for mistake in found.mistakes[:SHOWN]:
        console.print(f"  {mistake.task}: {mistake.kind}: {mistake.what}", markup=False, soft_wrap=True)
    write_result(args.json, found.to_json())
    return 1 if found.mistakes else 0


def _audit_suite(args: argparse.Namespace) -> int:
    names = task_names() if args.tasks is None else [name.strip() for name in args.tasks.split(",")]
    for name in names:
        miniwob_task(name)  # raises for a task that there is not
    console, browser = Console(), find_browser().version
    before = None if args.same_as is None else read_audit(args.same_as, browser=browser)
    total = args.sample * len(names)
    with Pool(num_envs=2) as pool, Progress(console).phase("audit", total=total) as bar:
        proofs = audit_suite(pool, names, seeds=args.sample, tell=lambda task: bar.advance(detail=task))
    console.print(_table(proofs))
    done = [proof for proof in proofs if proof.is_solvable]
    console.print(f"{len(done)} of {len(proofs)} tasks are done by an expert; ", end="")
    console.print(f"{sum(proof.solved for proof in done)} of {sum(proof.episodes for proof in done)} episodes succeed.")
    digest = digest_of_all(proofs)
    console.print(
        f"With Chromium {browser}, the digest of all that was seen, done and earned is {digest}.", soft_wrap=True
    )
    write_result(args.json, {"chromium": browser, "tasks": [proof.to_row() for proof in proofs]})
    differing = [] if before is None else differences(before, proofs)
    if before is not None:
        console.print(_verdict(differing, of=len(proofs)), markup=False, soft_wrap=True)
    return 0 if not differing and all(proof.is_solvable for proof in proofs if proof.episodes) else 1


def _verdict(differing: Sequence[str], *, of: int) -> str:
    if not differing:
        return f"All {of} tasks were the same as then: elements, pixels, actions and rewards."
    more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    return f"{len(differing)} of {of} tasks were not the same as then: {', '.join(differing[:SHOWN])}{more}."


def _table(proofs: Sequence[Proof]) -> Table:
    table = Table("task", "solved", "steps", "the policy could", "why not", box=None, pad_edge=False)
    for proof in proofs:
        name = proof.task.removeprefix(f"{SUITE}/")
        if proof.episodes:
            why = "; ".join(f"{count} x {reason[:60]}" for reason, count in proof.reasons[:2])
            solved, steps = f"{proof.solved} of {proof.episodes}", f"{proof.mean_steps:.1f}"
            table.add_row(name, solved, steps, f"{proof.expressible:.0%}", why)
        else:
            table.add_row(name, "no expert")
    return table
