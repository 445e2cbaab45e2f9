"""Stores episodes on a thread of its own, so that neither policy nor browsers wait for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from browser_env.episode import Episode
from replay.store import ReplayStore

NOTE_AFTER_S = 5.0  # a killed run loses no more of an episode; most are over before that


class EpisodeKeeper:
    """Takes episodes as they end, from any thread; use it as a context manager, which leaves when all are on disk."""

    def __init__(self, path: Path, *, note_after_s: float = NOTE_AFTER_S):
        self._path = path
        self._note_after_s = note_after_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="episode-keeper")
        self._store: ReplayStore | None = None
        self._lock = threading.Lock()
        self._pending: list[Future[None]] = []

    def keep(self, episode: Episode) -> None:
        """Store an episode soon; raise what storing an earlier one raised."""
        self._submit(self._add, episode)

    def note(self, episode: Episode) -> None:
        """Write down soon what an episode has so far if it has been running for long."""
        if episode.cost.wall_s >= self._note_after_s:
            self._submit(self._note, episode)

    def flush(self) -> None:
        """Return when everything is on disk; raise what storing raised."""
        with self._lock:
            pending, self._pending = self._pending, []
        for written in pending:
            written.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._thread.submit(self._close).result()
        self._thread.shutdown()
        if error is None:
            self.flush()

    def _submit(self, write: Callable[[Episode], None], episode: Episode) -> None:
        with self._lock:
            self._pending.append(self._thread.submit(write, episode))
            done = [written for written in self._pending if written.done()]
            self._pending = [written for written in self._pending if written not in done]
        for written in done:
            written.result()

    def _add(self, episode: Episode) -> None:
        self._opened().add([episode])

    def _note(self, episode: Episode) -> None:
        self._opened().note(episode)

    def _opened(self) -> ReplayStore:
        if self._store is None:  # a store belongs to the thread that opened it
            self._store = ReplayStore(self._path)
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
