"""``webdual studio``: record demonstrations, watch agents, take over and judge, in a web page."""

from __future__ import annotations

import argparse
from pathlib import Path

from experiments.commands.options import Commands, add_command
from experiments.studio.offering import offer
from experiments.studio.starting import STORE, add_serving, bind_of, serve_studio
from experiments.task_choice import named_tasks
from policy.kinds import load_policy


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "studio",
        summary="record demonstrations, watch agents, take over and judge, in a web page",
        example="webdual studio runs/demonstrations --agents 4",
    )
    parser.add_argument("store", nargs="?", metavar="STORE", type=Path, default=STORE, help=f"(default: {STORE})")
    parser.add_argument("--agents", metavar="N", type=int, default=0, help="how many agents to run (default: none)")
    parser.add_argument("--policy", metavar="DIR", help="the agents' policy (default: the scripted experts)")
    parser.add_argument(
        "--tasks",
        help="what the agents work on: names, folders of compiled sets or DIR#NAME, with commas (default: twelve)",
    )
    parser.add_argument("--pace", metavar="S", type=float, default=1.0, help="seconds between an agent's steps (1)")
    add_serving(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    bind = bind_of(args)
    studio = offer(
        args.store,
        rules=args.rules,
        agents=named_tasks(args.tasks) if args.tasks else (),
        num_agents=args.agents,
        policy=load_policy(args.policy) if args.policy else None,
        pace_s=args.pace,
        recorder=args.recorder,
    )
    return serve_studio(studio, bind, args)
