"""Reads recordings out of a folder or an archive, file by file, without ever writing to disk."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from browser_env.errors import DataError

SUFFIXES = (".json", ".json.gz")
MAX_FILE_BYTES = 16 * 2**20  # of one recording as it is stored; the largest public ones have under 1 MiB
MAX_READ_BYTES = 2 * MAX_FILE_BYTES  # in one read of a tar archive: bounds what a forged header can ask for
MAX_TOTAL_BYTES = 8 * 2**30  # of one archive, unpacked
DAMAGE = (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
UNZIPPABLE = (*DAMAGE, RuntimeError, NotImplementedError)  # an encrypted member, an unknown compression

Refuse = Callable[[str, str], None]  # called with a member's name and the reason why it was not read


def _ignore(name: str, reason: str) -> None:
    pass


def read_recordings(path: Path, *, refuse: Refuse = _ignore) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield name and content of every recording in a folder or a .tar, .tar.gz, .tar.bz2, .tar.xz or .zip file.

    Links, oversized files and whatever is no recording go to ``refuse``. A damaged archive ends with
    :class:`DataError` after the recordings that precede the damage.
    """
    if path.is_dir():
        return _read_folder(path, refuse)
    if not path.is_file():
        raise DataError(f"there is no folder or archive {path}; check the path")
    name = path.name.lower()
    if name.endswith(".zip"):
        return _read_zip(path, refuse)
    if name.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        return _read_tar(path, refuse)
    raise DataError(f"{path.name} is neither a folder nor a .tar, .tar.gz, .tar.bz2, .tar.xz or .zip archive")


def _problem(name: str, size: int) -> str:
    """Return why a regular file is not read, or an empty text."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        return "unsafe name"
    if not name.lower().endswith(SUFFIXES):
        return "not a recording"
    return "too large" if size > MAX_FILE_BYTES else ""


def _read_folder(root: Path, refuse: Refuse) -> Iterator[tuple[PurePosixPath, bytes]]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for entry in (*folders, *sorted(files)):
            path = Path(folder, entry)
            name = path.relative_to(root).as_posix()
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                continue
            problem = _problem(name, info.st_size) if stat.S_ISREG(info.st_mode) else _kind(info.st_mode)
            if problem:
                refuse(name, problem)
            else:
                yield PurePosixPath(root.name, name), path.read_bytes()


def _kind(mode: int) -> str:
    return "link" if stat.S_ISLNK(mode) else "not a regular file"


def _read_zip(path: Path, refuse: Refuse) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise DataError(f"{path.name} is not a readable zip archive: {error}") from error
    with archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            odd = _kind(mode) if stat.S_IFMT(mode) not in (0, stat.S_IFREG) else ""
            if member.is_dir():
                continue
            if problem := odd or _problem(member.filename, member.file_size):
                refuse(member.filename, problem)
                continue
            try:
                with archive.open(member) as file:
                    data = file.read(MAX_FILE_BYTES)  # the header's size may be a lie
            except UNZIPPABLE:
                refuse(member.filename, "damaged")
                continue
            yield PurePosixPath(member.filename), data


class _BoundedFile:
    """A decompressed stream that refuses reads that no recording needs."""

    def __init__(self, file: IO[bytes]):
        self._file = file

    def read(self, size: int) -> bytes:
        if size > MAX_READ_BYTES:
            raise tarfile.ReadError(f"a header asks for {size} bytes")
        return self._file.read(size)

    def seek(self, position: int) -> int:
        if position > MAX_TOTAL_BYTES:
            raise tarfile.ReadError(f"it holds more than {MAX_TOTAL_BYTES // 2**30} GiB")
        return self._file.seek(position)

    def tell(self) -> int:
        return self._file.tell()


def _open(path: Path) -> IO[bytes]:
    name = path.name.lower()
    if name.endswith((".gz", ".tgz")):
        return cast(IO[bytes], gzip.open(path))
    if name.endswith(".xz"):
        return cast(IO[bytes], lzma.open(path))
    return cast(IO[bytes], bz2.open(path)) if name.endswith(".bz2") else path.open("rb")


def _read_tar(path: Path, refuse: Refuse) -> Iterator[tuple[PurePosixPath, bytes]]:
    try:
        with _open(path) as file, tarfile.open(fileobj=cast(IO[bytes], _BoundedFile(file)), mode="r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                odd = "" if member.isreg() else "link" if member.issym() or member.islnk() else "not a regular file"
                if problem := odd or _problem(member.name, member.size):
                    refuse(member.name, problem)
                    continue
                content = archive.extractfile(member)
                yield PurePosixPath(member.name), content.read() if content else b""
    except DAMAGE as error:
        raise DataError(f"{path.name} is damaged: {error}; fetch it again") from error
