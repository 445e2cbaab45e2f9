from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from browser_env.errors import UsageError
from experiments.benchmarks.tasks import KINDS, Made, TasksPlan, tasks_json, tasks_tables
from experiments.commands.bench import tasks_plan_of

FIGURES = {"minutes": 9.5, "per_task": {"wall_s": 3.8, "cpu_s": 6.2}, "dropped": 40, "candidates": 190}
SUMMARY = {"tasks": 150, "families": {"reach": 90, "answer": 60}, "sites": [FIGURES]}
PLAN = TasksPlan(applications=("datasette",), minutes=10, pages=60, audit=200, folder=Path("runs"))
ASKED: dict[str, Any] = {
    "apps": "datasette, sqlite-web",
    "minutes": 10.0,
    "pages": 60,
    "audit": 200,
    "read_only": False,
    "folder": Path("runs"),
}


def test_what_was_made_stands_beside_what_peers_report() -> None:
    audit = {"tasks": 150, **dict.fromkeys(KINDS, 0), "false_pass": 2}
    made = [Made(application="sqlite-web", summary=SUMMARY, audit=audit), Made(application="trac", skipped="no trac")]
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    for table in tasks_tables(made):
        console.print(table)
    text = console.export_text()
    console.file.close()
    for words in ("sqlite-web (held out)", "150", "9.5", "3.80", "6.20", "false-pass", "AutoWebWorld"):
        assert words in text
    assert made[0].mistakes == 2
    data = tasks_json(made, PLAN, took_s=1.0)
    assert [one["skipped"] for one in data["applications"]] == ["", "no trac"]
    assert data["applications"][0]["held_out"]
    assert all(peer["source"] for peer in data["peers"])


def test_a_plan_is_checked_before_anything_starts() -> None:
    assert tasks_plan_of(argparse.Namespace(**ASKED)).applications == ("datasette", "sqlite-web")
    for wrong in ({"apps": "word"}, {"minutes": 0.0}, {"pages": 0}, {"audit": -1}):
        with pytest.raises(UsageError):
            tasks_plan_of(argparse.Namespace(**(ASKED | wrong)))
