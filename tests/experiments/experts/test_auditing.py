"""The suite's tasks are proved solvable by the command."""

import json
from pathlib import Path

import pytest

from experiments.cli import main


def test_what_experts_solve_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "audit.json"
    command = [
        "tasks",
        "audit",
        "miniwob",
        "--tasks",
        "click-test,button-delay",
        "--sample",
        "2",
        "--json",
        str(report),
    ]
    assert main(command) == 0
    proved, without = json.loads(report.read_text())
    assert (proved["task"], proved["solved"], proved["episodes"]) == ("miniwob/click-test", 2, 2)
    assert (proved["mean_steps"], proved["expressible"]) == (1.0, 1.0)
    assert (without["task"], without["episodes"]) == ("miniwob/button-delay", 0)
    assert "1 of 2 tasks are done by an expert; 2 of 2 episodes succeed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["miniwob", "--tasks", "no-such-page"], "no MiniWoB"),
        (["miniwob", "--sample", "0"], "at least 1"),
        (["sets/none", "--tasks", "click-test"], "--tasks is for miniwob"),
    ],
)
def test_bad_input_is_said(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "audit", *options]) == 2
    assert complaint in capsys.readouterr().err
