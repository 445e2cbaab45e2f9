"""``webdual record``: record a person's work on one task or page as demonstrations."""

from __future__ import annotations

import argparse
from pathlib import Path

from browser_env.errors import UsageError
from experiments.commands.options import Commands, add_command
from experiments.studio.offering import find_task, offer
from experiments.studio.starting import STORE, add_serving, bind_of, serve_studio


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "record",
        summary="record a person's work on a task as demonstrations, in a web page",
        example="webdual record --task login-user",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--task", help="tasks with commas: pages of MiniWoB++, or .json files of tasks")
    what.add_argument("--url", help="a page to record on; the person says whether the goal was reached")
    parser.add_argument("--goal", help="what to do on the page of --url")
    parser.add_argument("--uploads", metavar="DIR", type=Path, help="the folder that files may be uploaded from")
    parser.add_argument("--store", metavar="DIR", type=Path, default=STORE, help=f"the store (default: {STORE})")
    add_serving(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if args.task and (args.goal or args.uploads):
        raise UsageError("a task has its own goal and upload folder; --goal and --uploads go with --url")
    bind = bind_of(args)
    sources = [args.url] if args.url else [name.strip() for name in args.task.split(",")]
    tasks = [find_task(source, goal=args.goal, upload_folder=args.uploads) for source in sources]
    return serve_studio(offer(args.store, tasks=tasks, rules=args.rules), bind, args)
