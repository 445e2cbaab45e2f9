"""The bodies of a snapshot inside a zip archive: read when they are needed, never unpacked to disk."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from browser_env.errors import DataError

MAX_MEMBERS = 200_000
MAX_BYTES = 4 << 30  # of all members together, unpacked
MAX_BODY_BYTES = 256 << 20  # of one member, unpacked
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever the archive is written


class ZipBodies(Mapping[str, bytes]):
    """The members of a zip archive by name; a damaged or oversized one raises :class:`DataError`."""

    def __init__(self, path: Path):
        self._path = path
        self._open()
        members = self._zip.infolist()
        self._sizes = {member.filename: member.file_size for member in members}
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
            self._zip.close()
            raise DataError(f"{path} unpacks to more than {MAX_BYTES >> 30} GiB or {MAX_MEMBERS} files; it is refused")

    def _open(self) -> None:
        self._owner, self._lock = os.getpid(), threading.Lock()
        try:
            self._zip = zipfile.ZipFile(self._path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise DataError(f"{self._path} is not a whole zip archive ({error}); record the snapshot again") from error

    def __getitem__(self, name: str) -> bytes:
        if self._sizes[name] > MAX_BODY_BYTES:
            raise DataError(f"{name!r} in {self._path} has more than {MAX_BODY_BYTES >> 20} MiB; it is refused")
        if self._owner != os.getpid():  # a forked copy: where the file is read would be moved by both
            self._open()
        try:
            with self._lock:
                return self._zip.read(name)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise DataError(f"{name!r} in {self._path} is damaged ({error}); record the snapshot again") from error

    def __contains__(self, name: object) -> bool:
        return name in self._sizes  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._zip.close()


def body_name(body: bytes, mime_type: str) -> str:
    """Return the name of a body: its SHA-1, and an extension for people who look into the archive."""
    if not body:
        return ""
    suffix = mimetypes.guess_extension(mime_type.partition(";")[0].strip()) or ".bin"
    return hashlib.sha1(body, usedforsecurity=False).hexdigest() + suffix


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive; the same members give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), body, zipfile.ZIP_DEFLATED)
