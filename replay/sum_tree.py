"""A sum tree: draws among many numbered things in proportion to weights that change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from browser_env.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SumTree:
    """Weights of the leaves 0, 1, 2, ...; node i of a level is the sum of nodes 2i and 2i + 1 of the level below.

    Changing and drawing n leaves of N take n log N steps of numpy. A sum is always made anew of its two parts, so that
    rounding does not add up.
    """

    def __init__(self) -> None:
        self._levels: list[Floats] = [np.zeros(1)]  # leaves first, the root last

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return float(self._levels[-1][0])

    @property
    def weights(self) -> Floats:
        """The leaves' weights, read-only; behind the last one that was set they are 0: (capacity,)."""
        view = self._levels[0].view()
        view.flags.writeable = False
        return view

    def set(self, leaves: Ints, weights: Floats) -> None:
        """Give leaves their weights: finite, 0 or more; both (n,). The tree grows as needed."""
        if not len(leaves):
            return
        if not np.all(np.isfinite(weights) & (weights >= 0)):
            raise UsageError("a weight in a sum tree must be finite and 0 or more")
        self._grow(int(leaves.max()) + 1)
        self._levels[0][leaves] = weights
        nodes = leaves
        for below, level in zip(self._levels, self._levels[1:], strict=False):
            nodes = np.unique(nodes >> 1)
            level[nodes] = below[2 * nodes] + below[2 * nodes + 1]

    def find(self, points: Floats) -> Ints:
        """Return for each point in [0, total) the leaf whose stretch it lies in; never one of weight 0: (n,)."""
        if self.total <= 0:
            raise UsageError("there is nothing to draw from a sum tree without weights")
        nodes = np.zeros(len(points), dtype=np.int64)
        rest = np.array(points, dtype=np.float64)
        for level in self._levels[-2::-1]:
            left, right = level[2 * nodes], level[2 * nodes + 1]
            goes_right = (rest >= left) & (right > 0)
            rest = np.where(goes_right, rest - left, rest)
            nodes = 2 * nodes + goes_right
        return nodes

    def _grow(self, size: int) -> None:
        while len(self._levels[0]) < size:
            root = self._levels[-1]
            self._levels = [np.concatenate([level, np.zeros(len(level))]) for level in self._levels]
            self._levels.append(np.array([root[0]]))
