"""``webdual tasks``: list tasks, and compile websites into verified ones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from browser_env.environment import Environment
from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from browser_env.host import BrowserHost
from browser_env.miniwob import task_names
from browser_env.snapshot.crawling import SIGNATURE
from browser_env.snapshot.robots import is_own
from browser_env.task import Task
from browser_env.task_set import TaskSet
from experiments.commands.options import Commands, add_command, add_group, write_result
from experiments.compiler.addresses import is_sound
from experiments.compiler.audit_command import add_audit
from experiments.compiler.compiling import Plan, compile_site
from experiments.compiler.demonstrating import play
from experiments.compiler.diversity import diversity
from experiments.compiler.packaging import REPORT, merge, read_dropped
from experiments.compiler.report import level_of
from experiments.compiler.site import Login, Site
from experiments.compiler.target import Move
from experiments.progress import Progress


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    group = add_group(
        commands,
        "tasks",
        summary="list tasks, and compile websites into them",
        example="webdual tasks compile http://localhost:8000/ --out sets/shop",
    )
    _add_compile(group)
    parser = add_command(group, "show", summary="say what a set holds", example="webdual tasks show sets/shop")
    parser.add_argument("set", metavar="DIR", type=Path, help="folder of a set")
    parser.set_defaults(run=run_show)
    parser = add_command(
        group, "run", summary="play a task's golden moves", example="webdual tasks run sets/shop shop/reach-3"
    )
    parser.add_argument("set", metavar="DIR", type=Path, help="folder of a set")
    parser.add_argument("name", metavar="NAME", nargs="?", help="a task of the set")
    parser.add_argument("--list", action="store_true", help="list the tasks' names and goals instead")
    parser.add_argument("--seed", type=int, default=0, help="seed of the episode (default: 0)")
    parser.set_defaults(run=run_run)
    add_audit(group)
    parser = add_command(
        group,
        "merge",
        summary="make one set of several",
        example="webdual tasks merge sets/shop sets/wiki --out sets/both",
    )
    parser.add_argument("sets", metavar="DIR", type=Path, nargs="+", help="folders of sets")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write")
    parser.set_defaults(run=run_merge)
    parser = add_command(group, "list", summary="list the MiniWoB++ tasks", example="webdual tasks list")
    parser.set_defaults(run=run_list)


def _add_compile(group: Commands[argparse.ArgumentParser]) -> None:
    parser = add_command(
        group,
        "compile",
        summary="explore a website, and make verified tasks of what is found",
        example="webdual tasks compile http://localhost:8000/ --out sets/shop --pages 60 --minutes 10",
    )
    parser.add_argument(
        "url", metavar="URL", nargs="+", help="where to begin; several make a set each, then one of all"
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write")
    parser.add_argument("--pages", metavar="N", type=int, default=60, help="explore so many pages (default: 60)")
    parser.add_argument("--minutes", metavar="M", type=float, default=10.0, help="for each site (default: 10)")
    parser.add_argument("--browsers", type=int, default=2, help="browsers side by side (default: 2)")
    parser.add_argument("--allow-writes", action="store_true", help="this is a staging site of your own: change it")
    parser.add_argument("--reset", metavar="CMD", default="", help="command that undoes what was written")
    parser.add_argument("--login", metavar="FILE", type=Path, help='JSON: {"url": ..., "moves": [...]} of logging in')
    parser.add_argument("--snapshot", metavar="FILE", type=Path, help="compile this recording, not the live site")
    parser.add_argument("--delay", metavar="S", type=float, default=1.0, help="seconds between pages (default: 1)")
    parser.add_argument("--keep-out", metavar="REGEX", action="append", default=[], help="open no such address")
    parser.add_argument("--user-agent", default="", help="what the browser calls itself (default: abroad, webdual)")
    parser.add_argument("--no-pixels", action="store_true", help="demonstrations without pictures")
    parser.add_argument("--seed", type=int, default=0, help="which tasks are chosen (default: 0)")
    parser.set_defaults(run=run_compile)


class _Bars:
    """Shows compiling's stages as progress bars, one after the other."""

    def __init__(self, console: Console):
        self._progress = Progress(console)
        self._open = contextlib.ExitStack()

    def begin(self, name: str, total: int) -> Callable[[int, str], None]:
        """Begin the next bar."""
        self._open.close()
        bar = self._open.enter_context(self._progress.phase(name, total=max(total, 1)))
        return lambda count, detail: bar.advance(count, detail=detail)

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()


def run_compile(args: argparse.Namespace) -> int:
    """Compile sites; return 1 where no task of one could be proved."""
    sites = [_site(args, url) for url in args.url]
    plan = _plan(args)
    console = Console()
    several = len(sites) > 1
    folders = [args.out / str(number) for number in range(1, len(sites) + 1)] if several else [args.out]
    made = []
    for site, folder in zip(sites, folders, strict=True):
        console.print(f"{site.url} -> {folder}", markup=False, soft_wrap=True)
        with _Bars(console) as bars:
            made.append(asyncio.run(compile_site(site, plan, folder, stages=bars)))
        _print_set(console, made[-1])
    write_result(args.json, [_summary(tasks) for tasks in made] if several else _summary(made[0]))
    if several:
        merge(folders, args.out / "all")
        console.print(f"all of them are in {args.out / 'all'}", markup=False, soft_wrap=True)
    return 0 if all(tasks.tasks for tasks in made) else 1


def run_show(args: argparse.Namespace) -> int:
    """Print what a set holds."""
    tasks = TaskSet.read(args.set)
    _print_set(Console(), tasks)
    write_result(args.json, _summary(tasks))
    return 0


def run_run(args: argparse.Namespace) -> int:
    """Play a golden run; return 1 where it does not succeed."""
    tasks, console = TaskSet.read(args.set), Console()
    if args.list or args.name is None:
        for task in tasks.tasks:
            console.print(f"{task.name}  {task.goal}", markup=False, highlight=False, soft_wrap=True)
        write_result(args.json, [{"name": task.name, "goal": task.goal} for task in tasks.tasks])
        return 0
    task, moves = tasks.find(args.name), [Move.from_json(move) for move in tasks.row(args.name)["golden"]]
    console.print(f"{task.goal}\n  at {task.url}", markup=False, highlight=False, soft_wrap=True)
    episode = asyncio.run(_play(task, moves, seed=args.seed))
    for number, step in enumerate(episode.steps, start=1):
        line = f"  {number}. {step.action.to_text()}  {_named(step.observation, step.action)}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{episode.outcome}: {episode.reason}", markup=False, highlight=False, soft_wrap=True)
    write_result(args.json, {"task": task.name, "outcome": episode.outcome, "steps": len(episode.steps)})
    return 0 if episode.success else 1


def run_merge(args: argparse.Namespace) -> int:
    """Merge sets."""
    tasks = merge(args.sets, args.out)
    Console().print(f"{len(tasks.tasks)} tasks of {len(tasks.sites)} sites are in {args.out}.", soft_wrap=True)
    write_result(args.json, _summary(tasks))
    return 0


def run_list(args: argparse.Namespace) -> int:
    """List the tasks of MiniWoB++."""
    names = task_names()
    Console().print("\n".join(names), markup=False, highlight=False)
    write_result(args.json, list(names))
    return 0


def _site(args: argparse.Namespace, url: str) -> Site:
    if not url.startswith(("http://", "https://")) or not is_sound(url) or not urlsplit(url).hostname:
        raise UsageError(f"{url!r:.200} is no http or https URL")
    if args.reset and not args.allow_writes:
        raise UsageError("--reset is for sites that are written to; give --allow-writes too, or leave it out")
    reset = _words(args.reset)
    if reset and shutil.which(reset[0]) is None:
        raise UsageError(f"--reset names no program that is here: {reset[0]:.120}")
    abroad = args.snapshot is None and not is_own(url)
    return Site(
        url=url,
        snapshot=None if args.snapshot is None else str(args.snapshot),
        allow_writes=args.allow_writes,
        reset_command=reset,
        login=None if args.login is None else _login(args.login),
        keep_out=tuple(map(_pattern, args.keep_out)),
        user_agent=args.user_agent or (f"Mozilla/5.0 (compatible; {SIGNATURE})" if abroad else ""),
        delay_s=args.delay,
    )


def _words(command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--reset is no command ({error}); see to its quotes") from error


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"--keep-out {text!r:.120} is no regular expression ({error})") from error
    return text


def _plan(args: argparse.Namespace) -> Plan:
    if args.pages < 1 or args.minutes <= 0 or args.browsers < 1 or args.delay < 0:
        raise UsageError("--pages, --minutes and --browsers must be above 0, and --delay not below")
    return Plan(
        max_pages=args.pages,
        minutes=args.minutes,
        browsers=args.browsers,
        pixels=not args.no_pixels,
        seed=args.seed,
    )


def _login(path: Path) -> Login:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        moves = tuple(Move.from_json(move) for move in data["moves"])
        if not isinstance(data["url"], str) or not is_sound(data["url"]):
            raise ValueError(f"{data['url']!r:.120} is no address")
        return Login(url=data["url"], moves=moves)
    except (OSError, ValueError, KeyError, TypeError, DataError) as error:
        raise UsageError(f"{path} is no login ({error}); see docs/tasks.md for what it holds") from error


async def _play(task: Task, moves: list[Move], *, seed: int) -> Episode:
    host = BrowserHost()
    environment = Environment(host, pixels=False)
    try:
        return await play(environment, task, moves, seed=seed)
    finally:
        await environment.close()
        await host.close()


def _named(observation: Any, action: Any) -> str:
    element = observation.element(str(getattr(action, "target", "")))
    return "" if element is None else f"{element.role} {element.name[:60]!r}"


def _summary(tasks: TaskSet) -> dict[str, Any]:
    return {
        "folder": str(tasks.folder),
        "tasks": len(tasks.tasks),
        "families": dict(Counter(row["family"] for row in tasks.rows)),
        "difficulty": dict(Counter(level_of(row["difficulty"]["value"]) for row in tasks.rows)),
        "diversity": diversity(tasks.rows),
        "dropped": dict(Counter(row["reason"] for row in read_dropped(tasks.folder))),
        "sites": list(tasks.sites),
    }


def _print_set(console: Console, tasks: TaskSet) -> None:
    facts = _summary(tasks)
    table = Table("family", "tasks", "steps", "difficulty", box=None, pad_edge=False)
    for family, count in sorted(facts["families"].items()):
        hard = [row["difficulty"] for row in tasks.rows if row["family"] == family]
        means = [sum(one[key] for one in hard) / len(hard) for key in ("steps", "value")]
        table.add_row(family, str(count), f"{means[0]:.1f}", f"{means[1]:.2f}")
    console.print(table)
    for site in tasks.sites:
        line = (
            f"{site['url']}: {site['tasks']} tasks of {site['candidates']} candidates in {site['minutes']} minutes, "
            f"{site['per_task']['cpu_s']} s of processor each; licence: {site['licence']}"
        )
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for reason, count in Counter(facts["dropped"]).most_common():
        console.print(f"  dropped {count}: {reason}", markup=False, highlight=False, soft_wrap=True)
    if (tasks.folder / REPORT).exists():
        console.print(f"report: {tasks.folder / REPORT}", markup=False, soft_wrap=True)
