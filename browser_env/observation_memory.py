"""Observations in memory that processes share, for Gymnasium's vector environments."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from ctypes import c_uint8
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from browser_env.observation import Observation

PAYLOAD_BYTES = 1 << 20  # room for all of an observation but its pixels; beyond it, elements are cut
LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationMemory:
    """The shared arrays of a batch; made in one process and inherited by the others."""

    texts: Any  # n x PAYLOAD_BYTES bytes: a length, then the pickled observation without its pixels
    pixels: Any  # n x height x width x 3 bytes, None without pixels

    @classmethod
    def make(cls, *, num: int, shape: tuple[int, int, int] | None, context: Any) -> ObservationMemory:
        """Allocate room for ``num`` observations with pictures of ``shape``; ``context`` is multiprocessing's."""
        pixels = None if shape is None else context.Array(c_uint8, num * int(np.prod(shape)), lock=False)
        return cls(texts=context.Array(c_uint8, num * PAYLOAD_BYTES, lock=False), pixels=pixels)

    def write(self, index: int, observation: Observation, *, shape: tuple[int, int, int] | None) -> None:
        """Store an observation; where it does not fit, its last elements are left out and it is ``truncated``.

        One without a picture leaves a black one.
        """
        payload = _fitting(observation)
        row = _rows(self.texts, (PAYLOAD_BYTES,))[index]
        row[:LENGTH_BYTES] = np.frombuffer(len(payload).to_bytes(LENGTH_BYTES, "little"), np.uint8)
        row[LENGTH_BYTES : LENGTH_BYTES + len(payload)] = np.frombuffer(payload, np.uint8)
        if shape is not None:
            _rows(self.pixels, shape)[index] = 0 if observation.screenshot is None else observation.screenshot

    def read(self, index: int, *, shape: tuple[int, int, int] | None) -> Observation | None:
        """Return a copy of what was stored last, None where nothing was."""
        row = _rows(self.texts, (PAYLOAD_BYTES,))[index]
        length = int.from_bytes(row[:LENGTH_BYTES].tobytes(), "little")
        if length == 0:
            return None
        observation: Observation = pickle.loads(row[LENGTH_BYTES : LENGTH_BYTES + length].tobytes())
        return (
            observation if shape is None else replace(observation, screenshot=_rows(self.pixels, shape)[index].copy())
        )


class ObservationsView(Sequence[Observation]):
    """A batch in shared memory: reading an item copies it; ``copy.deepcopy`` gives a tuple that stays as it is."""

    def __init__(self, memory: ObservationMemory, *, num: int, shape: tuple[int, int, int] | None, blank: Observation):
        self._memory = memory
        self._num = num
        self._shape = shape
        self._blank = blank

    @overload
    def __getitem__(self, index: int) -> Observation: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Observation, ...]: ...

    def __getitem__(self, index: int | slice) -> Observation | tuple[Observation, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(self._num)))
        return self._memory.read(range(self._num)[index], shape=self._shape) or self._blank

    def __len__(self) -> int:
        return self._num

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[Observation, ...]:
        return self[:]


def _rows(array: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.frombuffer(array, np.uint8).reshape(-1, *shape)


def _fitting(observation: Observation) -> bytes:
    kept = replace(observation, screenshot=None)
    while len(payload := pickle.dumps(kept)) > PAYLOAD_BYTES - LENGTH_BYTES:
        if not kept.elements:
            raise ValueError(f"an observation without elements takes {len(payload)} bytes, more than {PAYLOAD_BYTES}")
        kept = replace(kept, elements=kept.elements[: len(kept.elements) // 2], truncated=True)
    return payload
