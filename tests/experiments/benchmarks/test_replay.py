from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from browser_env.errors import InfraError
from experiments.benchmarks.replay import ReplayPlan, _run, measure_replay, replay_json, replay_tables
from experiments.cli import main

SMALL = ReplayPlan(steps=200, buffer_steps=1000, batch=16, batches=3, read_batch=4, reads=2)


def test_everything_is_measured_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # so that the peer cannot be installed
    (tmp_path / "stores").mkdir()
    told: list[str] = []
    figures = measure_replay(SMALL, folder=tmp_path / "stores", tell=told.append)
    assert list((tmp_path / "stores").iterdir()) == []
    assert len(told) == 4
    assert "could not be installed" in figures.skipped["TorchRL"]
    assert set(figures.buffers) == {"webdual"}
    result = json.loads(json.dumps(replay_json(figures, SMALL, took_s=1.0)))
    assert result["plan"]["steps"] == 200
    assert result["store"]["images"] == 60
    assert all(value > 0 for name, value in result["store"].items() if name != "memory_mib")
    assert result["buffers"]["webdual"]["append_steps_per_s"] > 0
    for table in replay_tables(figures, SMALL):
        Console().print(table)
    assert "webdual" in capsys.readouterr().out


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(InfraError, match="replay_buffer failed: KeyError"):
        _run(sys.executable, "replay_buffer", {})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--steps", "5"], "at least 100"),
        (["--folder", "no-such-folder"], "no folder"),
        (["--peers", "lance"], "invalid choice"),
    ],
)
def test_misuse_is_exit_code_2(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "replay", *options]) == 2
    assert complaint in capsys.readouterr().err
