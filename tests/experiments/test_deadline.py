from pathlib import Path

import pytest

from experiments.deadline import Deadline


def test_time_that_was_spent_before_counts(tmp_path: Path) -> None:
    path = tmp_path / "learning.json"
    path.write_text('{"seconds": 50.0}')
    deadline = Deadline(path, limit_s=100.0)
    assert deadline.share == pytest.approx(0.5, abs=0.05)
    deadline.save()
    assert Deadline(path, limit_s=50.0).share >= 1.0


def test_without_any_time_all_of_it_is_over(tmp_path: Path) -> None:
    assert Deadline(tmp_path / "learning.json", limit_s=0.0).share == 1.0
    assert Deadline(tmp_path / "learning.json", limit_s=1e9).share < 1e-3
