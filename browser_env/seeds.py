"""Seeds for training and for evaluation, which never meet."""

from __future__ import annotations

HELD_OUT_START = 1_000_000_000  # training seeds lie below, evaluation seeds from here on
DEMONSTRATION_START = 500_000_000  # scripted demonstrations come from seeds of their own


def held_out_seed(index: int) -> int:
    """Return the n-th evaluation seed."""
    return HELD_OUT_START + index


def is_held_out(seed: int) -> bool:
    """Whether a seed is one that evaluation scores."""
    return seed >= HELD_OUT_START


def demonstration_seed(index: int) -> int:
    """Return the n-th seed of scripted demonstrations."""
    return DEMONSTRATION_START + index
