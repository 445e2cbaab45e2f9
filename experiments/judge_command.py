"""``webdual demos judge``: what a model thinks of a store's episodes, and how far it may be trusted."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from browser_env.errors import UsageError
from experiments.commands.options import Commands, add_command, write_result
from experiments.judging import Agreement, Judged, JudgeOptions, agreement, judge_store
from policy.kinds import new_judge


def add_judge(group: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        group,
        "judge",
        summary="ask a model about episodes that no verifier judged; with --agreement, about those that one did",
        example="webdual demos judge runs/demonstrations --server http://127.0.0.1:8000/v1 --model M --agreement",
    )
    parser.add_argument("store", metavar="STORE", type=Path, help="the store's folder")
    parser.add_argument("--model", metavar="M", required=True, help="what the server calls the model, or its folder")
    parser.add_argument("--server", metavar="URL", default="", help="its address, up to /v1 (default: load it here)")
    parser.add_argument("--agreement", action="store_true", help="compare the model with the verifiers")
    parser.add_argument("--task", metavar="NAME", help="only episodes of this task")
    parser.add_argument("--episodes", metavar="N", type=int, help="so many new ones, drawn by chance (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="of that chance (default: 0)")
    parser.set_defaults(run=run_judge)


def run_judge(args: argparse.Namespace) -> int:
    """Judge episodes; return 1 where there is no judgement at all."""
    if not args.store.is_dir():
        raise UsageError(f"there is no store in {args.store}; check the path")
    if args.episodes is not None and args.episodes < 1:
        raise UsageError("--episodes must be at least 1")
    judge = new_judge(args.model, url=args.server)
    options = JudgeOptions(verified=args.agreement, task=args.task, most=args.episodes, seed=args.seed)
    console = Console()
    columns = (TextColumn("episodes judged"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("judged", total=None)
        judged = judge_store(
            args.store, judge, options, tell=lambda done, total: progress.update(bar, completed=done, total=total)
        )
        progress.update(bar, total=judged.new)
    result = _counts(judged) | {"store": str(args.store), "model": args.model, "asked": judge.config.digest}
    _print(console, judged)
    if args.agreement:
        compared = agreement(judged.judgements, judged.outcomes)
        console.print(_table(compared))
        result["agreement"] = compared.to_json()
    write_result(args.json, result)
    return 0 if judged.judgements else 1


def _counts(judged: Judged) -> dict[str, Any]:
    said = [judgement.success for judgement in judged.judgements]
    return {
        "judged": len(said),
        "new": judged.new,
        "successes": said.count(True),
        "failures": said.count(False),
        "undecided": said.count(None),
        "kept_back": judged.kept_back,
        "tokens": judged.tokens,
    }


def _print(console: Console, judged: Judged) -> None:
    counts = _counts(judged)
    console.print(
        f"{counts['judged']} episodes are judged, {counts['new']} of them now with {counts['tokens']} tokens:"
        f" {counts['successes']} successes, {counts['failures']} failures, {counts['undecided']} undecided.",
        soft_wrap=True,
    )
    if judged.kept_back:
        console.print(
            f"{judged.kept_back} episodes of people were not sent, as the server is another machine.", soft_wrap=True
        )


def _table(compared: Agreement) -> Table:
    table = Table("", "value", "95% interval", "of", box=None, pad_edge=False)
    passed = compared.right_passes + compared.false_fails
    rows = [
        ("accuracy", compared.accuracy, compared.decided),
        ("false passes", compared.false_pass_rate, compared.decided - passed),
        ("false fails", compared.false_fail_rate, passed),
    ]
    for name, rate, count in rows:
        value = f"{rate.value:.3f}" if count else "-"
        table.add_row(name, value, f"{rate.low:.3f}-{rate.high:.3f}", str(count))
    kappa = compared.kappa
    table.add_row("Cohen's kappa", "-" if kappa is None else f"{kappa:.3f}", "", str(compared.decided))
    return table
