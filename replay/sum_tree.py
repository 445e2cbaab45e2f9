"""A sum tree: draws among many numbered things in proportion to weights that change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from browser_env.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDTH = 16  # children of a node: numpy adds sixteen numbers as fast as two, and there are fewer levels
MANY = 4096  # from which finding equal nodes costs less than adding them up twice


class SumTree:
    """Weights of the leaves 0, 1, 2, ...; a node of each level is the sum of sixteen of the level below.

    Changing and drawing n leaves of N take n log N steps of numpy. A sum is always made anew of its parts, so that
    rounding does not add up.
    """

    def __init__(self) -> None:
        self._levels: list[Floats] = [np.zeros(WIDTH)]  # leaves first; the last has one node's children

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return float(self._levels[-1].sum())

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
            nodes = np.unique(nodes // WIDTH) if len(nodes) > MANY else nodes // WIDTH
            level[nodes] = below.reshape(-1, WIDTH)[nodes].sum(axis=1)

    def find(self, points: Floats) -> Ints:
        """Return for each point in [0, total) the leaf whose stretch it lies in; never one of weight 0: (n,)."""
        if self.total <= 0:
            raise UsageError("there is nothing to draw from a sum tree without weights")
        rows = np.arange(len(points))
        nodes = np.zeros(len(points), dtype=np.int64)
        rest = np.array(points, dtype=np.float64)
        for level in reversed(self._levels):
            children = level.reshape(-1, WIDTH)[nodes]  # (n, WIDTH)
            ends = np.cumsum(children, axis=1)
            passed = (ends <= rest[:, None]).sum(axis=1)
            last = WIDTH - 1 - np.argmax(children[:, ::-1] > 0, axis=1)  # where rounding leads behind all of them
            child = np.minimum(passed, last)
            rest = np.maximum(rest - (ends[rows, child] - children[rows, child]), 0.0)
            nodes = nodes * WIDTH + child
        return nodes

    def _grow(self, size: int) -> None:
        """Make room for leaves by doubling it, and sum up anew."""
        leaves = self._levels[0]
        if size <= len(leaves):
            return
        room = len(leaves)
        while room < size:
            room *= 2
        self._levels = [np.concatenate([leaves, np.zeros(room - len(leaves))])]
        while len(self._levels[-1]) > WIDTH:
            sums = self._levels[-1].reshape(-1, WIDTH).sum(axis=1)
            self._levels.append(np.concatenate([sums, np.zeros(-len(sums) % WIDTH)]))
