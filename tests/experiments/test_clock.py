import json
from pathlib import Path

import pytest

from experiments.clock import Clock


def test_time_that_was_spent_before_counts(tmp_path: Path) -> None:
    path = tmp_path / "learning.json"
    path.write_text('{"wall_s": 50.0, "cpu_s": 7.0}')
    clock = Clock(path)
    assert clock.spent.wall_s == pytest.approx(50.0, abs=5.0)
    saved = clock.save()
    assert json.loads(path.read_text()) == {"wall_s": saved.wall_s, "cpu_s": saved.cpu_s}
    assert Clock(path).spent.wall_s >= saved.wall_s > 50.0
    assert Clock(path).spent.cpu_s >= saved.cpu_s > 7.0


def test_a_clock_begins_at_nothing(tmp_path: Path) -> None:
    assert Clock(tmp_path / "clock.json").spent.wall_s < 1.0
