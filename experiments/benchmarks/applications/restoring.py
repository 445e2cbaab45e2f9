"""Brings a folder back to a copy of it, while a server uses it; run as ``python restoring.py COPY FOLDER``.

Databases of SQLite are restored through SQLite, whose locks a server respects; other files where they differ.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

MAGIC = b"SQLite format 3\0"
BESIDE = ("-wal", "-shm", "-journal")  # SQLite's own, beside a database
BUSY_S = 10.0


def copy_folder(folder: Path, copy: Path) -> None:
    """Copy a folder that a server uses."""
    copy.mkdir(parents=True, exist_ok=True)
    restore(folder, copy)


def restore(copy: Path, folder: Path) -> None:
    """Make a folder equal to its copy."""
    wanted = {path.relative_to(copy) for path in copy.rglob("*") if not path.name.endswith(BESIDE)}
    for name in sorted(wanted):
        _bring_back(copy / name, folder / name)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.relative_to(folder) not in wanted and not path.name.endswith(BESIDE):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


def _bring_back(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif _is_database(source):
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, timeout=BUSY_S)) as new:
            old.backup(new)
    elif not target.exists() or _looks(source) != _looks(target):
        shutil.copy2(source, target)


def _looks(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


if __name__ == "__main__":
    restore(Path(sys.argv[1]), Path(sys.argv[2]))
