"""What the compiler's tests share."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def timed() -> Callable[[], float]:
    """Return how to ask for the seconds since the test began."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
