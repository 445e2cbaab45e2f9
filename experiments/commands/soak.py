"""``webdual soak``: random actions on every task while processes are killed."""

from __future__ import annotations

import argparse
import math

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from experiments.commands.options import Commands, add_command, write_result
from experiments.progress import Progress
from experiments.soak import FLAT, Soak, soak

TITLES = {"memory_mib": "memory in MiB", "descriptors": "open descriptors", "processes": "processes"}


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "soak",
        summary="run random actions on every task while processes are killed; exit code 1 where something is wrong",
        example="webdual soak --steps 2000 --json soak.json",
    )
    parser.add_argument("--steps", type=int, default=100_000, help="steps in all (default: 100000)")
    parser.add_argument("--envs", type=int, default=2, help="environments side by side (default: 2)")
    parser.add_argument("--kill-every", type=float, default=10.0, metavar="S", help="seconds between kills, on average")
    parser.add_argument("--minutes", type=float, default=math.inf, metavar="M", help="at most (default: no limit)")
    parser.add_argument("--seed", type=int, default=0, help="of actions and kills (default: 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Soak, print what came of it, and return 1 where something is wrong."""
    if args.steps < 1 or min(args.envs, args.kill_every, args.minutes) <= 0:
        raise UsageError("--steps, --envs, --kill-every and --minutes must be above 0")
    console = Console()
    state, shown = Soak(), 0
    with Progress(console).phase("soak", total=args.steps) as bar:
        for state in soak(
            num_steps=args.steps,
            num_envs=args.envs,
            kill_every_s=args.kill_every,
            limit_s=args.minutes * 60,
            seed=args.seed,
        ):
            bar.advance(state.steps - shown, detail=f"{sum(state.kills.values())} kills")
            shown = state.steps
    console.print(_table(state))
    write_result(args.json, state.to_json())
    return 0 if state.is_sound else 1


def _table(state: Soak) -> Table:
    table = Table("what", "how many", title="sound" if state.is_sound else "not sound")
    table.add_row("steps, episodes", f"{state.steps}, {state.episodes}")
    table.add_row("steps/s, kills included", f"{state.steps / state.wall_s:.0f}")
    table.add_row("kills", ", ".join(f"{count} {kind}" for kind, count in sorted(state.kills.items())))
    table.add_row("outcomes", ", ".join(f"{count} {outcome}" for outcome, count in sorted(state.outcomes.items())))
    table.add_row("broken episodes with a reward", str(state.paid_failures))
    for name in FLAT:
        first, last = state.trend(name)
        table.add_row(f"{TITLES[name]}, first and last tenth", f"{first:.0f}, {last:.0f}")
    table.add_row("processes, folders left", f"{state.left_processes}, {state.left_folders}")
    return table
