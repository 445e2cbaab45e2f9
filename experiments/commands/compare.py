"""``webdual compare``: experiments and runs side by side, with their uncertainty."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from browser_env.errors import InfraError, UsageError
from experiments.commands.options import Commands, add_command, write_result
from experiments.comparing.choosing import Choice, choose
from experiments.comparing.comparison import THRESHOLD, compare
from experiments.comparing.page import comparison_page
from experiments.comparing.terminal import comparison_tables
from experiments.comparing.wording import listed
from experiments.journal import write_atomically
from experiments.tracking import MlflowTracker, connect, default_uri
from experiments.tracking_uri import sqlite_path

PRACTISED, HELD_OUT = "practised", "held-out"


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "compare",
        summary="compare the arms of experiments, each over its seeds, or single runs: success, learning and cost",
        example="webdual compare webdual --where name=default --report comparison.html\n"
        "  webdual compare smoke/imitation smoke/mixed",
    )
    parser.add_argument(
        "names",
        nargs="+",
        metavar="EXPERIMENT|RUN",
        help="an experiment in MLflow; or a run's name, its id or its beginning",
    )
    parser.add_argument(
        "--where",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="only an experiment's runs with this setting, or arm=NAME; may be repeated",
    )
    parser.add_argument(
        "--ignore",
        metavar="NAME",
        action="append",
        default=[],
        help="runs that differ in this setting are replicates all the same; may be repeated",
    )
    parser.add_argument(
        "--tasks",
        choices=[PRACTISED, HELD_OUT],
        help="only tasks that were trained on, or only those that were kept for evaluation (default: all)",
    )
    parser.add_argument("--baseline", metavar="GROUP", help="what the others are compared to (default: the first)")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, help=f"success to be reached (default: {THRESHOLD})"
    )
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--tracking-uri", metavar="URI", help="MLflow store, instead of the one in the folder of runs")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write the comparison to FILE as a web page")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print and write the comparison."""
    console = Console()
    where = _conditions(args.where)
    with console.status("reading the runs"):
        choice = choose(
            _open(args.tracking_uri or default_uri(args.runs)), args.names, where=where, ignoring=args.ignore
        )
        comparison = compare(
            _beginning_with(choice, args.baseline),
            threshold=args.threshold,
            held_out=None if args.tasks is None else args.tasks == HELD_OUT,
        )
    for part in comparison_tables(comparison):
        console.print(part)
    write_result(args.json, comparison.to_json())
    if args.report:
        _write(args.report, comparison_page(comparison))
        console.print(Text(f"Written to {args.report}; open it in any browser."))
    return 0


def _open(uri: str) -> MlflowTracker:
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        raise UsageError(f"no runs are recorded in {path}; train first, or name a store with --tracking-uri")
    return connect(uri)


def _conditions(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, equals, _) in zip(texts, pairs, strict=True):
        if not (name and equals):
            raise UsageError(f"{text!r:.80} is no condition; write NAME=VALUE, e.g. name=default")
    return {name.strip(): value for name, _, value in pairs}


def _beginning_with(choice: Choice, label: str | None) -> Choice:
    """Return the choice with the group of this label first."""
    if label is None:
        return choice
    first = [group for group in choice.groups if group.label == label]
    if not first:
        known = listed([group.label for group in choice.groups])
        raise UsageError(f"there is no group {label!r:.80} to be the baseline; the groups are: {known}")
    return replace(choice, groups=(*first, *(group for group in choice.groups if group.label != label)))


def _write(path: Path, page: str) -> None:
    try:
        write_atomically(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise InfraError(f"cannot write {path}: {error.strerror}; choose another file") from error
