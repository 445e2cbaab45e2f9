"""The policy that comes with the package is whole, small, and does what its card says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.cli import main
from policy.kinds import load_policy
from policy.shipped import SHIPPED

MOST_BYTES = 20_000_000


def test_it_is_small_and_can_be_loaded() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.glob("*.*")) < MOST_BYTES
    policy = load_policy(SHIPPED)
    assert policy.version > 0
    assert not (SHIPPED / "learner.json").exists(), "nobody goes on training from it"


def test_its_card_says_what_it_is() -> None:
    card = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for heading in ("## What it does", "## How it was trained", "## What it is not for", "## Licence"):
        assert heading in card


def test_it_is_what_evaluation_takes_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "result.json"
    assert main(["eval", "--tasks", "click-button,enter-text", "--episodes", "4", "--json", str(result)]) == 0
    assert json.loads(result.read_text())["mean"] >= 0.75
    assert "click-button" in capsys.readouterr().out
