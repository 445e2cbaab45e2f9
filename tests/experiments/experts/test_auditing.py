"""The suite's tasks are proved solvable by the command."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from browser_env.errors import UsageError
from browser_env.locate import find_browser
from experiments.cli import main
from experiments.experts.auditing import Proof, differences, read_audit


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
    proved, without = json.loads(report.read_text())["tasks"]
    assert (proved["task"], proved["solved"], proved["episodes"]) == ("miniwob/click-test", 2, 2)
    assert (proved["mean_steps"], proved["expressible"]) == (1.0, 1.0)
    assert (without["task"], without["episodes"]) == ("miniwob/button-delay", 0)
    assert "1 of 2 tasks are done by an expert; 2 of 2 episodes succeed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["miniwob", "--tasks", "no-such-page"], "no MiniWoB"),
        (["miniwob", "--sample", "0"], "at least 1"),
        (["sets/none", "--tasks", "click-test"], "--tasks and --same-as are for miniwob"),
        (["sets/none", "--same-as", "audit.json"], "--tasks and --same-as are for miniwob"),
        (["miniwob", "--same-as", "no-such-file.json"], "is not what `webdual tasks audit miniwob --json F` wrote"),
    ],
)
def test_bad_input_is_said(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "audit", *options]) == 2
    assert complaint in capsys.readouterr().err


def test_another_run_sees_does_and_earns_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    then, now = tmp_path / "then.json", tmp_path / "now.json"
    command = ["tasks", "audit", "miniwob", "--sample", "2", "--tasks", "click-dialog,click-shape", "--json"]
    assert main([*command, str(then)]) == 0
    assert main([*command, str(now), "--same-as", str(then)]) == 0
    out = capsys.readouterr().out
    assert "All 2 tasks were the same as then" in out
    digests = re.findall(r"earned is ([0-9a-f]{16})\.", out)
    assert len(digests) == 2
    assert digests[0] == digests[1]
    assert now.read_text() == then.read_text()
    rows = json.loads(then.read_text())["tasks"]
    assert len({row["digest"] for row in rows}) == 2
    rows[1]["digest"] = rows[0]["digest"]
    then.write_text(json.dumps({"chromium": find_browser().version, "tasks": rows}))
    assert main([*command, str(now), "--same-as", str(then)]) == 1
    assert "1 of 2 tasks were not the same as then: miniwob/click-shape." in capsys.readouterr().out


def _audit(path: Path, **changes: Any) -> Path:
    data = {"chromium": "1.2", "tasks": [{"task": "miniwob/click-test", "episodes": 2, "digest": "0"}]} | changes
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"chromium": "1.3"}, "of Chromium 1.3, and this is 1.2"),
        ({"tasks": [{"task": "miniwob/click-test"}]}, "is not what"),
        ({"tasks": 7}, "is not what"),
    ],
)
def test_what_is_no_audit_to_compare_with_is_refused(tmp_path: Path, changes: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_audit(_audit(tmp_path / "audit.json", **changes), browser="1.2")


def test_only_the_same_episodes_are_compared(tmp_path: Path) -> None:
    before = read_audit(_audit(tmp_path / "audit.json"), browser="1.2")
    assert differences(before, [Proof(task="miniwob/click-test", episodes=2, digest="0")]) == []
    with pytest.raises(UsageError, match="played 2 times then"):
        differences(before, [Proof(task="miniwob/click-test", episodes=3, digest="0")])
    with pytest.raises(UsageError, match="was not audited then"):
        differences(before, [Proof(task="miniwob/click-link", episodes=2, digest="0")])
