"""``webdual export``: write a vision-language policy as other programs load it."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from experiments.commands.options import Commands, add_command, write_result
from policy.kinds import export_policy


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "export",
        summary="write a vision-language policy as an adapter (peft) or as a whole model for transformers and vLLM",
        example="webdual export runs/latest/checkpoints/mixed --out my-adapter",
    )
    parser.add_argument("checkpoint", type=Path, help="folder of the policy")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder to make")
    parser.add_argument("--merged", action="store_true", help="the whole model, with the adapter merged into it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the folder."""
    export_policy(args.checkpoint, args.out, merged=args.merged)
    Console().print(f"{args.out} is written", highlight=False)
    write_result(args.json, {"out": str(args.out.absolute()), "merged": args.merged})
    return 0
