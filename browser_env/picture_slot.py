"""Memory that two processes share, with room for one picture."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import Self

import numpy as np

from browser_env.observation import Screenshot


class PictureSlot:
    """One process writes a picture, the other copies it out before it asks for the next.

    The memory has no name: it is gone when both processes are, however they ended.
    """

    def __init__(self, descriptor: int):
        self.descriptor = descriptor
        self._memory: mmap.mmap | None = None

    @classmethod
    def make(cls) -> Self:
        """Allocate a slot; hand its ``descriptor`` to the other process."""
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("webdual-picture"))
        with tempfile.TemporaryFile() as file:  # no such call outside Linux
            return cls(os.dup(file.fileno()))

    def write(self, picture: Screenshot) -> None:
        """Store a picture, (height, width, 3) uint8."""
        if os.fstat(self.descriptor).st_size < picture.nbytes:
            os.ftruncate(self.descriptor, picture.nbytes)
        self._view(picture.shape)[:] = picture

    def read(self, size: tuple[int, int]) -> Screenshot:
        """Return a copy of the stored picture of this height and width."""
        return self._view((*size, 3)).copy()

    def close(self) -> None:
        """Give the memory back; safe to call twice."""
        self._memory = None
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _view(self, shape: tuple[int, ...]) -> Screenshot:
        num_bytes = int(np.prod(shape))
        if self._memory is None or len(self._memory) < num_bytes:
            self._memory = mmap.mmap(self.descriptor, num_bytes)
        return np.frombuffer(self._memory, np.uint8, num_bytes).reshape(shape)
