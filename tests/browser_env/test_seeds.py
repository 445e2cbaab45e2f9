"""Seeds of training, demonstrations and evaluation never meet."""

from __future__ import annotations

import pytest

from browser_env.errors import UsageError
from browser_env.seeds import RUNS, SEEDS_PER_RUN, demonstration_seed, held_out_seed, is_held_out


def test_no_runs_demonstrations_are_anothers_or_held_out() -> None:
    assert demonstration_seed(SEEDS_PER_RUN - 1, run=3) + 1 == demonstration_seed(0, run=4)
    last = demonstration_seed(SEEDS_PER_RUN - 1, run=RUNS - 1)
    assert last < held_out_seed(0)
    assert not is_held_out(last)


@pytest.mark.parametrize(("index", "run"), [(0, RUNS), (0, -1), (0, 20261130), (SEEDS_PER_RUN, 0), (-1, 0)])
def test_seeds_that_are_not_set_aside_are_refused(index: int, run: int) -> None:
    with pytest.raises(UsageError, match="runs have seeds from 0 to 499999"):
        demonstration_seed(index, run=run)
