"""``webdual studio``: record demonstrations, watch agents, take over and judge, in a web page."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from experiments.commands.options import Commands, add_command, write_result
from experiments.studio.app import Studio
from experiments.studio.offering import offer
from experiments.studio.serving import Bind, serve
from policy.checkpoint import load_policy

STORE = Path("runs/demonstrations")


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
    parser.add_argument("--tasks", help="what the agents work on, with commas (default: what the experts can do)")
    parser.add_argument("--pace", metavar="S", type=float, default=1.0, help="seconds between an agent's steps (1)")
    add_serving(parser)
    parser.set_defaults(run=run)


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add what says how the page is served and what is masked."""
    parser.add_argument("--rules", metavar="FILE", type=Path, help="what else is secret, as JSON")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine's own)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--expose", action="store_true", help="allow an address that other machines can reach")
    parser.add_argument("--certificate", metavar="FILE", type=Path, help="for TLS, in PEM")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the certificate's key, in PEM")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    bind = bind_of(args)
    names = [name.strip() for name in args.tasks.split(",")] if args.tasks else []
    studio = offer(
        args.store,
        rules=args.rules,
        agents=names,
        num_agents=args.agents,
        policy=load_policy(args.policy) if args.policy else None,
        pace_s=args.pace,
    )
    return serve_studio(studio, bind, args)


def bind_of(args: argparse.Namespace) -> Bind:
    """Return where to listen."""
    return Bind(host=args.host, port=args.port, expose=args.expose, certificate=args.certificate, key=args.key)


def serve_studio(studio: Studio, bind: Bind, args: argparse.Namespace) -> int:
    """Serve until interrupted; tell the address, which is good for one visit."""
    console = Console()
    if not bind.is_secret:
        console.print(Text("Warning: without TLS, everybody on the way can read and change what is recorded."))

    def ready(entrance: str) -> None:
        write_result(args.json, {"url": entrance, "store": str(studio.archive.path)})
        console.print(Text(f"Open {entrance}\nThe address is good once. Ctrl+C ends the studio."), soft_wrap=True)

    serve(studio, bind, ready=ready)
    return 0
