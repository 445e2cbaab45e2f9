"""What a learner tells of an update."""

from __future__ import annotations

import math
from collections.abc import Sequence

Metrics = dict[str, float]


def mean_metrics(rows: Sequence[Metrics]) -> Metrics:
    """Return the mean of each metric over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: math.fsum(values) / len(values) for name in names if (values := [r[name] for r in rows if name in r])}
