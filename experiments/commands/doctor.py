"""``webdual doctor``: check that this machine can train."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from experiments.commands.options import Commands, add_command, write_result
from experiments.doctor import Finding, diagnose

COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "doctor",
        summary="check that this machine can train; exit code 1 where something stands in the way",
        example="webdual doctor --json doctor.json",
    )
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print and write the findings; return 1 if one failed."""
    console = Console()
    findings: list[Finding] = []
    with console.status("looking around") as status:
        for finding in diagnose(runs=args.runs):
            findings.append(finding)
            status.update(f"looked at {finding.name}")
    console.print(_table(findings))
    write_result(args.json, {"findings": [asdict(finding) for finding in findings]})
    failed = [finding.name for finding in findings if finding.status == "fail"]
    console.print(f"In the way: {', '.join(failed)}." if failed else "Ready: nothing stands in the way of training.")
    return 1 if failed else 0


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        remedy = f"\n→ {finding.remedy}" if finding.remedy else ""
        color = COLORS[finding.status]
        table.add_row(f"[{color}]{finding.status}[/]", finding.name, escape(f"{finding.detail}{remedy}"))
    return table
