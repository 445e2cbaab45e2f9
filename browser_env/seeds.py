"""Seeds for training and for evaluation, which never meet."""

from __future__ import annotations

from browser_env.errors import UsageError

HELD_OUT_START = 1_000_000_000  # training seeds lie below, evaluation seeds from here on
DEMONSTRATION_START = 500_000_000  # scripted demonstrations come from seeds of their own
SEEDS_PER_RUN = 1_000  # of demonstrations that are set aside for each seed of a run
RUNS = (HELD_OUT_START - DEMONSTRATION_START) // SEEDS_PER_RUN


def held_out_seed(index: int) -> int:
    """Return the n-th evaluation seed."""
    return HELD_OUT_START + index


def is_held_out(seed: int) -> bool:
    """Whether a seed is one that evaluation scores."""
    return seed >= HELD_OUT_START


def demonstration_seed(index: int, *, run: int = 0) -> int:
    """Return the n-th seed of scripted demonstrations for runs with this seed: others learn from others.

    Raises:
        UsageError: If no such seed is set aside.
    """
    if not 0 <= run < RUNS or not 0 <= index < SEEDS_PER_RUN:
        raise UsageError(f"runs have seeds from 0 to {RUNS - 1} and {SEEDS_PER_RUN} demonstrations of a task at most")
    return DEMONSTRATION_START + run * SEEDS_PER_RUN + index
