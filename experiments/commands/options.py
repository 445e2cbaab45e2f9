"""What the commands' parsers share: the layout of their help, and ``--json FILE``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from browser_env.errors import UsageError

Commands = argparse._SubParsersAction  # generic in its parser; argparse has no public name for it


def add_command(
    commands: Commands[argparse.ArgumentParser], name: str, *, summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command with a help of one house style, an example at its end, and ``--json``."""
    parser = _add_parser(commands, name, summary=summary, example=example)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the result to FILE as JSON")
    return parser


def add_group(
    commands: Commands[argparse.ArgumentParser], name: str, *, summary: str, example: str
) -> Commands[argparse.ArgumentParser]:
    """Add a command that has commands of its own, and return where they go."""
    parser = _add_parser(commands, name, summary=summary, example=example)
    return parser.add_subparsers(title="commands", dest=f"{name}_command", metavar="COMMAND", required=True)


def _add_parser(
    commands: Commands[argparse.ArgumentParser], name: str, *, summary: str, example: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def write_result(path: Path | None, result: Any) -> None:
    """Write a command's result as JSON where ``--json`` asked for it; raise :class:`UsageError` where that fails."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; give --json a file you may write") from error


def viewport_of(text: str) -> tuple[int, int]:
    """Return width and height in CSS pixels of a text such as 1280x720; raise :class:`UsageError` on anything else."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UsageError(f"{text!r:.40} is no size; give --viewport as 1280x720")
    return int(width), int(height)
