"""``webdual record``: record a person's work on one task or page as demonstrations."""

from __future__ import annotations

import argparse
from pathlib import Path

from browser_env.errors import UsageError
from experiments.commands.options import Commands, add_command, viewport_of
from experiments.studio.offering import find_tasks, offer
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
    what.add_argument(
        "--task", help="tasks with commas: pages of MiniWoB++, .json files, folders of compiled sets or DIR#NAME"
    )
    what.add_argument("--url", help="a page to record on; the person says whether the goal was reached")
    parser.add_argument("--goal", help="what to do on the page of --url")
    parser.add_argument(
        "--origins", metavar="O", help="with commas: where else --url may lead, e.g. https://login.example"
    )
    parser.add_argument("--viewport", metavar="WxH", help="of the page of --url, in CSS pixels (default: 1280x720)")
    parser.add_argument("--uploads", metavar="DIR", type=Path, help="the folder that files may be uploaded from")
    parser.add_argument("--store", metavar="DIR", type=Path, default=STORE, help=f"the store (default: {STORE})")
    add_serving(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if args.task and (args.goal or args.uploads or args.origins or args.viewport):
        raise UsageError("a task is complete; --goal, --origins, --viewport and --uploads go with --url")
    bind = bind_of(args)
    page = {
        "goal": args.goal,
        "allowed_origins": tuple(origin.strip() for origin in args.origins.split(",")) if args.origins else None,
        "viewport": viewport_of(args.viewport) if args.viewport else None,
        "upload_folder": None if args.uploads is None else str(args.uploads),
    }
    sources = [args.url] if args.url else [name.strip() for name in args.task.split(",")]
    tasks = [task for source in sources for task in find_tasks(source, **page)]
    return serve_studio(offer(args.store, tasks=tasks, rules=args.rules, recorder=args.recorder), bind, args)
