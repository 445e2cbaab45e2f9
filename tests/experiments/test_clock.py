import json
from pathlib import Path

import pytest

from experiments.clock import Clock
from rewards.cost import Cost


def test_time_that_was_spent_before_counts(tmp_path: Path) -> None:
    path = tmp_path / "learning.json"
    path.write_text('{"wall_s": 50.0, "cpu_s": 7.0}')
    clock = Clock(path)
    assert clock.spent.wall_s == pytest.approx(50.0, abs=5.0)
    saved = clock.save()
    assert Cost.from_json(json.loads(path.read_text())) == saved
    assert Clock(path).spent.wall_s >= saved.wall_s > 50.0
    assert Clock(path).spent.cpu_s >= saved.cpu_s > 7.0


def test_a_clock_begins_at_nothing(tmp_path: Path) -> None:
    assert Clock(tmp_path / "clock.json").spent.wall_s < 1.0


def test_what_other_processes_take_and_gpus_that_are_held_count(tmp_path: Path) -> None:
    path, taken = tmp_path / "clock.json", [5.0]
    clock = Clock(path, elsewhere=lambda: taken[0], gpus=2)
    own = clock.spent.cpu_s
    taken[0] += 100
    spent = clock.save()
    assert spent.cpu_s == pytest.approx(own + 100, abs=5.0)
    assert spent.gpu_s == pytest.approx(2 * spent.wall_s)
    assert Clock(path).spent.gpu_s == spent.gpu_s
