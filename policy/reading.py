"""Reads observations for the compact policy, and remembers the last readings.

A step is read when it is taken, again when it is learned from, and once more whenever it is imitated.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from browser_env.acting import Turn
from browser_env.observation import Observation
from policy.config import CompactConfig
from policy.features import Features, featurize
from policy.page import Page, read_page

REMEMBERED_BYTES = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    page: Page  # which keeps the observation, so that no other one gets its id
    past: tuple[Turn, ...]
    features: Features
    size: int  # bytes


class Reader:
    """Reads observations; any number of threads may share one."""

    def __init__(self, config: CompactConfig, *, remembered_bytes: int = REMEMBERED_BYTES) -> None:
        self._config = config
        self._limit = remembered_bytes
        self._used = 0
        self._known: OrderedDict[tuple[int, float], _Known] = OrderedDict()  # by the observation's id, the newest last
        self._lock = threading.Lock()

    def read(
        self, observation: Observation, past: Sequence[Turn], *, desired_return: float = 1.0
    ) -> tuple[Page, Features]:
        """Return what the network reads of an observation after a past."""
        key = id(observation), desired_return
        with self._lock:
            known = self._known.get(key)
            if known is not None and known.page.observation is observation and known.past == tuple(past):
                self._known.move_to_end(key)
                return known.page, known.features
        page = read_page(observation, self._config)
        features = featurize(page, self._config, past=past, desired_return=desired_return)
        self._remember(key, _Known(page=page, past=tuple(past), features=features, size=_size(page, features)))
        return page, features

    def _remember(self, key: tuple[int, float], known: _Known) -> None:
        with self._lock:
            before = self._known.pop(key, None)
            self._used += known.size - (before.size if before is not None else 0)
            self._known[key] = known
            while self._used > self._limit:
                _, oldest = self._known.popitem(last=False)
                self._used -= oldest.size


def _size(page: Page, features: Features) -> int:
    """Return about how many bytes a reading keeps in memory, its picture included."""
    arrays = [getattr(features, field.name) for field in fields(features)] + [page.observation.screenshot]
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
