import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.studio.measuring import measure


def test_a_studio_tells_its_address_and_ends_when_interrupted(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    command = ["-m", "experiments.cli", "studio", str(tmp_path / "store"), "--json", str(told)]
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    line, advice = process.stdout.readline(), process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert json.loads(told.read_text())["url"] in line
    assert "good once" in advice
    assert process.returncode in (0, 130)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "--task", "login-user", "--goal", "x"], "a task is complete"),
        (["record", "--task", "no-such-task"], "no MiniWoB++ task"),
        (["record", "--url", "http://127.0.0.1:1", "--host", "192.0.2.1"], "--expose"),
        (["studio", "--agents", "99"], "at most 16 agents"),
        (["studio", "--agents", "1", "--tasks", "hover-shape"], "no scripted expert"),
        (["bench", "studio", "--beside", "x"], "whole numbers"),
        (["studio", "--recorder", " "], "who records is named"),
        (["record", "--task", "login-user", "--recorder", "x" * 201], "who records is named"),
    ],
)
def test_misuse_is_told_before_anything_starts(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_store_that_cannot_be_used_is_told_before_anything_is_served(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "store").touch()
    assert main(["studio", str(tmp_path / "store")]) == 1
    told = capsys.readouterr()
    assert "cannot use the replay store" in told.err
    assert "Open http" not in told.out


def test_the_studio_can_be_measured() -> None:
    figures = measure(beside=1, seconds=1.0)
    assert figures.clicks >= 1
    assert figures.frames_per_s > 0
    assert 0 < figures.latency_p50_ms <= figures.latency_p95_ms
