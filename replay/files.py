"""Files that are whole or absent: written under a temporary name, synced to disk, renamed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

STALE_S = 3600.0  # a draft older than this belongs to a writer that died
PROBE = ".probe"  # no file of a store begins with a dot, so that one left by a kill is taken for nothing else
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", re.ASCII)


def write_sealed(path: Path, data: bytes, *, drafts: Path) -> None:
    """Write a file that appears whole or not at all; :func:`sync_folders` makes its name durable."""
    draft = drafts / uuid4().hex
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


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


def remove_stale_drafts(drafts: Path) -> None:
    """Delete what dead writers left; a draft of the last hour may have a living writer."""
    for draft in drafts.iterdir():
        try:
            if draft.stat().st_mtime < time.time() - STALE_S:
                draft.unlink()
        except FileNotFoundError:  # its writer was alive after all, or someone else cleans too
            continue
