"""``webdual bench``: measure how fast this machine is."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.seeds import demonstration_seed
from experiments.benchmarks import language_command
from experiments.benchmarks.applications import APPLICATIONS
from experiments.benchmarks.picture import save_picture
from experiments.benchmarks.plan import PEERS, Plan, Results, measure
from experiments.benchmarks.process_tree import require_proc
from experiments.benchmarks.replay import PHASES, ReplayPlan, measure_replay, replay_json, replay_tables
from experiments.benchmarks.report import breakdown_tables, ratio_table, result_table, to_json
from experiments.benchmarks.tasks import TasksPlan, measure_tasks, tasks_json, tasks_tables
from experiments.commands.options import Commands, add_command, add_group, write_result
from experiments.experts.policy import ExpertPolicy
from experiments.progress import Progress
from experiments.studio import measuring
from experiments.studio.app import Studio
from experiments.studio.consent import DAYS, agreed
from experiments.studio.offering import MAX_AGENTS, offer
from experiments.studio.rehearsing import Session, rehearse
from replay.store import ReplayStore

QUICK: dict[str, Any] = {"envs": "1,2", "repetitions": 2, "seconds": 0.5, "peers": "none"}
FULL: dict[str, Any] = {
    "envs": "1,2,3,4",
    "repetitions": 3,
    "seconds": 2.5,
    "peers": ",".join(peer.name for peer in PEERS),
}
MIN_STEPS = 100
PICTURES = (".png", ".svg", ".pdf")


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    group = add_group(
        commands, "bench", summary="measure throughput on this machine", example="webdual bench env --json bench.json"
    )
    parser = add_command(
        group,
        "env",
        summary="measure environments, next to a bare DevTools loop and to other projects' environments",
        example="webdual bench env --json bench.json --picture bench.png",
    )
    parser.add_argument("--quick", action="store_true", help="in under a minute: no peers, short runs")
    parser.add_argument("--envs", help=f"numbers of environments side by side (default: {FULL['envs']})")
    parser.add_argument("--repetitions", type=int, help=f"of everything (default: {FULL['repetitions']})")
    parser.add_argument("--seconds", type=float, help=f"for each measurement (default: {FULL['seconds']})")
    parser.add_argument("--peers", help=f"names with commas, or none (default: {FULL['peers']})")
    parser.add_argument("--breakdown", action="store_true", help="also say where the time of a step goes")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw a bar chart: .png, .svg or .pdf")
    parser.set_defaults(run=run_env)
    parser = add_command(
        group,
        "replay",
        summary="measure the replay store, and its buffer next to TorchRL's",
        example="webdual bench replay --steps 1000000 --json replay.json",
    )
    parser.add_argument("--steps", type=int, default=20_000, help="in the store, on disk (default: 20000)")
    parser.add_argument("--buffer-steps", type=int, default=1_000_000, help="in the buffers (default: 1000000)")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="where the store is made and removed again")
    parser.add_argument("--peers", choices=["torchrl", "none"], default="torchrl", help="5 GB the first time")
    parser.set_defaults(run=run_replay)
    parser = add_command(
        group,
        "studio",
        summary="measure how fast the studio shows a page and answers to a click",
        example="webdual bench studio --json studio.json",
    )
    parser.add_argument("--beside", default="0,8", help="numbers of agents at work meanwhile (default: 0,8)")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each number (default: 20)")
    parser.set_defaults(run=run_studio)
    parser = add_command(
        group,
        "sessions",
        summary="record scripted sessions through the studio, to be learned from beside scripted episodes",
        example="webdual bench sessions --store runs/sessions --sessions 10",
    )
    parser.add_argument("--store", metavar="DIR", type=Path, required=True, help="where they are kept")
    parser.add_argument("--sessions", type=int, default=10, help="per task (default: 10)")
    parser.add_argument("--tasks", default=",".join(DEFAULT_TASKS), help="names, with commas (default: twelve)")
    parser.add_argument("--seed", type=int, default=0, help="of the run whose demonstrations they are to equal")
    parser.set_defaults(run=run_sessions)
    parser = add_command(
        group,
        "tasks",
        summary="compile other people's applications into tasks, audit them, and say what that costs",
        example="webdual bench tasks --apps datasette,dokuwiki --minutes 10 --json tasks.json",
    )
    parser.add_argument("--apps", default=",".join(APPLICATIONS), help="names with commas (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each application (default: 10)")
    parser.add_argument("--pages", type=int, default=60, help="of each that are explored (default: 60)")
    parser.add_argument("--audit", type=int, default=200, help="tasks of each that are audited (default: 200)")
    parser.add_argument("--read-only", action="store_true", help="do not change the applications' data")
    parser.add_argument("--folder", metavar="DIR", type=Path, default=Path("runs/applications"), help="for all of it")
    parser.set_defaults(run=run_tasks)
    language_command.add_parser(group)


def run_env(args: argparse.Namespace) -> int:
    """Measure, and print tables."""
    plan = plan_of(args)
    require_proc()
    for option, path in (("--json", args.json), ("--picture", args.picture)):
        _require_writable(path, option=option)
    console, started = Console(), time.monotonic()
    with Progress(console).phase("benchmark", total=plan.repetitions * len(plan.cells())) as bar:
        results = measure(plan, tell=lambda text, done: bar.advance(done, detail=text))
    took_s = time.monotonic() - started
    _show(console, results, breakdown=args.breakdown)
    console.print(f"It took {took_s / 60:.1f} minutes.")
    write_result(args.json, to_json(results, plan, took_s=took_s))
    if args.picture is not None:
        save_picture(results, args.picture, cores=os.cpu_count() or 1)
    return 0


def run_replay(args: argparse.Namespace) -> int:
    """Measure the store and the buffers, and print tables."""
    if min(args.steps, args.buffer_steps) < MIN_STEPS:
        raise UsageError(f"--steps and --buffer-steps must be at least {MIN_STEPS}")
    if args.folder is not None and not args.folder.is_dir():
        raise UsageError(f"there is no folder {args.folder}; make it, or leave --folder out")
    require_proc()
    _require_writable(args.json, option="--json")
    plan = ReplayPlan(steps=args.steps, buffer_steps=args.buffer_steps, peer=args.peers != "none")
    console, started = Console(), time.monotonic()
    with Progress(console).phase("benchmark", total=len(PHASES)) as bar:
        figures = measure_replay(plan, folder=args.folder, tell=lambda text: bar.advance(detail=text))
    took_s = time.monotonic() - started
    for table in replay_tables(figures, plan):
        console.print(table)
    for side, reason in figures.skipped.items():
        console.print(f"{side} was skipped: {reason}")
    console.print(f"It took {took_s / 60:.1f} minutes.")
    write_result(args.json, replay_json(figures, plan, took_s=took_s))
    return 0


def run_studio(args: argparse.Namespace) -> int:
    """Measure the studio, and print a table."""
    if not 1 <= args.seconds < math.inf:
        raise UsageError("--seconds must be at least 1")
    try:
        numbers = [int(part) for part in args.beside.split(",")]
    except ValueError as error:
        raise UsageError(f"--beside takes whole numbers with commas, not {args.beside!r:.40}") from error
    if not all(0 <= number <= MAX_AGENTS for number in numbers):
        raise UsageError(f"--beside takes numbers from 0 to {MAX_AGENTS}")
    table = Table("agents beside", "pictures/s", "click to picture p50", "p95", box=None, pad_edge=False)
    found = []
    console = Console()
    for number in numbers:
        with console.status(f"{number} agents beside"):
            figures = measuring.measure(beside=number, seconds=args.seconds)
        found.append(figures.to_json())
        latencies = (f"{ms:.0f} ms" for ms in (figures.latency_p50_ms, figures.latency_p95_ms))
        table.add_row(str(number), f"{figures.frames_per_s:.1f}", *latencies)
    console.print(table)
    write_result(args.json, {"cores": os.cpu_count(), "viewport": measuring.VIEWPORT, "figures": found})
    return 0


def run_sessions(args: argparse.Namespace) -> int:
    """Record sessions of the seeds that training of the same seed has scripted demonstrations of."""
    if args.sessions < 1:
        raise UsageError("--sessions must be at least 1")
    tasks = [miniwob_task(name.strip()) for name in args.tasks.split(",")]
    seeds = [demonstration_seed(index, run=args.seed) for index in range(args.sessions)]
    sessions = [Session(task=task, seed=seed, expert=ExpertPolicy(task.name)) for seed in seeds for task in tasks]
    studio = offer(args.store)
    studio.consent = agreed(subject="scripted person", days=DAYS[0])
    kept: list[str] = []
    with Progress(Console()).phase("sessions", total=len(sessions)) as bar:

        def keep(episode: str) -> None:
            kept.append(episode)
            bar.advance()

        asyncio.run(_rehearse(studio, sessions, keep))
    with ReplayStore(args.store, read_only=True) as store:
        episodes = [store.get(episode) for episode in kept]
    successes = sum(episode.success for episode in episodes)
    Console().print(f"{len(kept)} sessions, {successes} of them successes, are in {args.store}")
    write_result(args.json, {"store": str(args.store), "sessions": len(kept), "successes": successes})
    return 0 if successes == len(kept) else 1


async def _rehearse(studio: Studio, sessions: list[Session], on_kept: Callable[[str], None]) -> None:
    await studio.start()
    try:
        assert studio.consent is not None
        await studio.archive.agree(studio.consent)
        await rehearse(studio, sessions, on_kept=on_kept)
    finally:
        await studio.stop()


def run_tasks(args: argparse.Namespace) -> int:
    """Compile and audit applications, and print tables; return 1 where one made no task or a mistake was found."""
    plan = tasks_plan_of(args)
    _require_writable(args.json, option="--json")
    console, started = Console(), time.monotonic()
    with Progress(console).phase("applications", total=len(plan.applications)) as bar:
        made = measure_tasks(plan, tell=lambda name, done: bar.advance(done, detail=name))
    took_s = time.monotonic() - started
    for table in tasks_tables(made):
        console.print(table)
    for one in made:
        if one.skipped:
            console.print(f"{one.application} was skipped: {one.skipped}", markup=False, soft_wrap=True)
    console.print(f"It took {took_s / 60:.1f} minutes.")
    write_result(args.json, tasks_json(made, plan, took_s=took_s))
    return 0 if all(one.summary.get("tasks") and not one.mistakes for one in made) else 1


def tasks_plan_of(args: argparse.Namespace) -> TasksPlan:
    """Return which applications are compiled; raise :class:`UsageError` where that cannot be."""
    names = tuple(part.strip() for part in args.apps.split(","))
    for name in names:
        if name not in APPLICATIONS:
            raise UsageError(f"--apps knows {', '.join(APPLICATIONS)}, not {name!r:.40}")
    if not 0 < args.minutes < math.inf or args.pages < 1 or args.audit < 0:
        raise UsageError("--minutes must be more than 0, --pages at least 1, --audit at least 0")
    return TasksPlan(
        applications=names,
        minutes=args.minutes,
        pages=args.pages,
        audit=args.audit,
        folder=args.folder.absolute(),
        allow_writes=not args.read_only,
    )


def plan_of(args: argparse.Namespace) -> Plan:
    """Return what is to be measured; raise :class:`UsageError` where that cannot be."""
    chosen = {name: getattr(args, name) for name in FULL if getattr(args, name) is not None}
    options = (QUICK if args.quick else FULL) | chosen
    if options["repetitions"] < 1:
        raise UsageError("--repetitions must be at least 1")
    if not 0 < options["seconds"] < math.inf:
        raise UsageError("--seconds must be more than 0")
    if args.picture is not None and args.picture.suffix not in PICTURES:
        raise UsageError(f"--picture draws {', '.join(PICTURES)}, not {args.picture.suffix or 'a file without ending'}")
    return Plan(
        num_envs=_numbers(options["envs"]),
        repetitions=options["repetitions"],
        seconds=options["seconds"],
        peers=_peers(options["peers"]),
    )


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise UsageError(f"--envs takes whole numbers with commas, not {text!r:.40}") from error
    if min(numbers) < 1:
        raise UsageError("--envs must be at least 1")
    return numbers


def _peers(text: str) -> tuple[str, ...]:
    known = [peer.name for peer in PEERS]
    names = () if text == "none" else tuple(part.strip() for part in text.split(","))
    for name in names:
        if name not in known:
            raise UsageError(f"--peers knows {', '.join(known)} and none, not {name!r:.40}")
    return names


def _require_writable(path: Path | None, *, option: str) -> None:
    """Raise :class:`UsageError` now rather than after minutes of measuring."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise UsageError(f"{option} cannot write {path}: {error.strerror or error}; give it another file") from error


def _show(console: Console, results: Results, *, breakdown: bool) -> None:
    console.print(result_table(results))
    console.print(ratio_table(results))
    for table in breakdown_tables(results) if breakdown else []:
        console.print(table)
    for side, reason in results.skipped.items():
        console.print(f"{side} was skipped: {reason}")
