"""Files of episodes that are still running: one line more for each step, locked while their process lives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from replay.files import open_draft, sync_folders, try_lock, write_through

SUFFIX = ".jsonl"


@dataclass(slots=True, kw_only=True)
class _Open:
    """A file that this process appends to; the kernel drops its lock when the process dies."""

    descriptor: int
    num_steps: int = 0


class RunningFolder:
    """One append-only file per running episode; docs/storage.md has the format."""

    def __init__(self, path: Path, *, drafts: Path) -> None:
        self._path = path
        self._drafts = drafts
        self._open: dict[str, _Open] = {}

    def num_steps(self, episode_id: str) -> int:
        """How many steps of an episode this process has written."""
        return self._open[episode_id].num_steps if episode_id in self._open else 0

    def append(self, episode_id: str, data: bytes, *, num_steps: int) -> None:
        """Add whole lines to an episode's file, durable on return; the file appears with its first lines."""
        begun = self._open.get(episode_id)
        if begun is None:
            self._open[episode_id] = _Open(descriptor=self._begin(episode_id, data), num_steps=num_steps)
        else:
            size = os.fstat(begun.descriptor).st_size
            try:
                write_through(begun.descriptor, data)
            except OSError:
                os.ftruncate(begun.descriptor, size)  # nothing after half a line could be recovered
                raise
            begun.num_steps = num_steps

    def remove(self, episode_id: str) -> None:
        """Delete an episode's file, if this process has one."""
        begun = self._open.pop(episode_id, None)
        if begun is not None:
            self._file(episode_id).unlink(missing_ok=True)
            os.close(begun.descriptor)

    def close(self) -> None:
        """Let go of all files: whoever opens the store next recovers them."""
        for begun in self._open.values():
            os.close(begun.descriptor)
        self._open.clear()

    def names(self) -> list[str]:
        """Return the ids of running episodes and of those whose process died, sorted."""
        return sorted(path.name.removesuffix(SUFFIX) for path in self._path.glob(f"*{SUFFIX}"))

    @contextmanager
    def abandoned(self, episode_id: str) -> Iterator[bytes | None]:
        """Hold a file whose process is dead and yield its bytes, None for any other."""
        try:
            descriptor = os.open(self._file(episode_id), os.O_RDONLY)
        except FileNotFoundError:  # its episode was sealed since it was listed
            yield None
            return
        try:
            yield self._file(episode_id).read_bytes() if self._take(descriptor, episode_id) else None
        finally:
            os.close(descriptor)

    def discard(self, episode_id: str) -> None:
        """Delete the file of an episode whose process is dead; hold it meanwhile by :meth:`abandoned`."""
        self._file(episode_id).unlink(missing_ok=True)

    def put_aside(self, episode_id: str, folder: Path) -> None:
        """Move such a file into another folder."""
        self._file(episode_id).replace(folder / self._file(episode_id).name)

    def _take(self, descriptor: int, episode_id: str) -> bool:
        if episode_id in self._open or not try_lock(descriptor):
            return False
        return self._file(episode_id).exists()  # whoever held it before may have removed it

    def _begin(self, episode_id: str, data: bytes) -> int:
        descriptor, draft = open_draft(self._drafts)
        try:
            write_through(descriptor, data)
            draft.replace(self._file(episode_id))
            sync_folders([self._file(episode_id)])
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        return descriptor

    def _file(self, episode_id: str) -> Path:
        return self._path / f"{episode_id}{SUFFIX}"
