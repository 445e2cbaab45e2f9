"""Files that are whole or absent: written under a temporary name, synced to disk, renamed."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

PROBE = ".probe"  # no file of a store begins with a dot, so that one left by a kill is taken for nothing else
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", re.ASCII)


def write_sealed(path: Path, data: bytes, *, drafts: Path) -> None:
    """Write a file that appears whole or not at all; :func:`sync_folders` makes its name durable."""
    descriptor, draft = open_draft(drafts)
    try:
        write_through(descriptor, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def open_draft(drafts: Path) -> tuple[int, Path]:
    """Make a file to write; it is locked until its descriptor is closed, or its writer dies."""
    while True:
        draft = drafts / uuid4().hex
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, draft
        os.close(descriptor)  # before it was locked, somebody took it for a dead writer's


def write_through(descriptor: int, data: bytes) -> None:
    """Write all of it, on disk for good when this returns."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def try_lock(descriptor: int) -> bool:
    """Lock a file unless somebody else holds it; the kernel drops a lock when its process dies."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def dead_drafts(drafts: Path) -> Iterator[Path]:
    """Yield the drafts whose writers died, each locked meanwhile."""
    for draft in drafts.iterdir() if drafts.is_dir() else ():  # copies may lack empty folders
        try:
            descriptor = os.open(draft, os.O_RDONLY)
        except FileNotFoundError:  # it has its name now
            continue
        try:
            if try_lock(descriptor) and draft.exists():
                yield draft
        finally:
            os.close(descriptor)


def sync_folders(paths: Iterable[Path]) -> None:
    """Make the names of these files durable, and of the folders they lie in."""
    for folder in sorted({folder for path in paths for folder in (path.parent, path.parent.parent)}):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def prove_writable(folder: Path) -> None:
    """Raise :class:`OSError` unless files can be made here."""
    probe = folder / PROBE
    probe.touch()
    probe.unlink(missing_ok=True)  # others prove the same at once
