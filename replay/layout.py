"""The folders of a replay store, and the file that says which format they have."""

from __future__ import annotations

import json
from pathlib import Path

from browser_env.errors import DataError
from replay.errors import VersionError
from replay.files import prove_writable, sync_folders, write_sealed

FORMAT = "webdual-replay"
VERSION = 2  # of the folder; episode files have their own
MIGRATES = (1,)  # 1 has PNG images only and no folder of running episodes, so that nothing but its mark changes
FOLDERS = ("drafts", "episodes", "images", "consent", "quarantine", "running")


def open_folder(path: Path, *, read_only: bool) -> None:
    """Check the store's format; unless read-only, create what is missing, prove that it can be written, and migrate."""
    marker, version = path / "store.json", None
    if marker.exists():
        version = read_version(marker)
    elif read_only:
        raise DataError(f"{path} holds no replay store; check the path, or open it for writing to create one")
    elif path.exists() and not {entry.name for entry in path.iterdir()} <= set(FOLDERS):
        if not marker.exists():  # else another process has made the store in this very moment
            raise DataError(f"{path} holds something else than a replay store; choose another folder")
        version = read_version(marker)
    if read_only:
        return
    for name in FOLDERS:
        (path / name).mkdir(parents=True, exist_ok=True)
        prove_writable(path / name)
    if version != VERSION:
        data = json.dumps({"format": FORMAT, "version": VERSION}).encode()
        write_sealed(marker, data, drafts=path / "drafts")
        sync_folders([marker])


def read_version(marker: Path) -> int:
    """Return a store's version, known or to be migrated; raise :class:`DataError` for any other."""
    try:
        found = json.loads(marker.read_bytes())
        known, version = found["format"] == FORMAT, found["version"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        right = json.dumps({"format": FORMAT, "version": VERSION})
        raise DataError(f"{marker} is damaged; if this is a replay store, make it say {right}") from error
    if not known:
        raise DataError(f"{marker} is not the mark of a replay store; choose another folder")
    if version not in (*MIGRATES, VERSION):
        raise VersionError(f"{marker} has format version {version!r:.20}, known is {VERSION}; update webdual")
    return int(version)
