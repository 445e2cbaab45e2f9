"""What the commands that start a studio share."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from experiments.commands.options import write_result
from experiments.studio.app import Studio
from experiments.studio.serving import Bind, serve

STORE = Path("runs/demonstrations")


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add what says who records, what is masked and how the page is served."""
    parser.add_argument("--rules", metavar="FILE", type=Path, help="what else is secret, as TOML or JSON")
    parser.add_argument(
        "--recorder", metavar="WHO", help="who records, as the consent names them (default: whoever runs the studio)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine's own)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--expose", action="store_true", help="allow an address that other machines can reach")
    parser.add_argument("--certificate", metavar="FILE", type=Path, help="for TLS, in PEM")
    parser.add_argument("--key", metavar="FILE", type=Path, help="the certificate's key, in PEM")


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
