from __future__ import annotations

import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from browser_env.errors import DataError
from replay.miniwob_recordings import read_recordings
from replay.miniwob_recordings.reading import MAX_FILE_BYTES

HUGE = MAX_FILE_BYTES + 1


def read(path: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return what was read and what was refused, by name."""
    refused: dict[str, str] = {}
    found = {str(name): data for name, data in read_recordings(path, refuse=refused.__setitem__)}
    return found, refused


def add(
    archive: tarfile.TarFile, name: str, data: bytes = b"{}", *, kind: bytes = tarfile.REGTYPE, to: str = ""
) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, to
    member.size = len(data) if kind == tarfile.REGTYPE else 0
    archive.addfile(member, io.BytesIO(data))


def hostile_tar(path: Path, mode: str) -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        add(archive, "demos/task", kind=tarfile.DIRTYPE)
        add(archive, "demos/task/a.json", b"[1]")
        add(archive, "../../escape.json")
        add(archive, "/etc/absolute.json")
        add(archive, "demos/line\nbreak.json")
        add(archive, "demos/link.json", kind=tarfile.SYMTYPE, to="/etc/passwd")
        add(archive, "demos/hard.json", kind=tarfile.LNKTYPE, to="demos/task/a.json")
        add(archive, "demos/device.json", kind=tarfile.CHRTYPE)
        add(archive, "demos/huge.json", b"\0" * HUGE)
        add(archive, "demos/README.md")
        add(archive, "demos/task/b.json.gz", b"[2]")


REFUSED = {
    "../../escape.json": "unsafe name",
    "/etc/absolute.json": "unsafe name",
    "demos/line\nbreak.json": "unsafe name",
    "demos/link.json": "link",
    "demos/hard.json": "link",
    "demos/device.json": "not a regular file",
    "demos/huge.json": "too large",
    "demos/README.md": "not a recording",
}


@pytest.mark.parametrize(
    ("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.bz2", "w:bz2"), ("tar.xz", "w:xz")]
)
def test_a_tar_archive_is_read_without_what_is_odd(tmp_path: Path, suffix: str, mode: str) -> None:
    path = tmp_path / f"demos.{suffix}"
    hostile_tar(path, mode)
    found, refused = read(path)
    assert found == {"demos/task/a.json": b"[1]", "demos/task/b.json.gz": b"[2]"}
    assert refused == REFUSED
    assert list(tmp_path.iterdir()) == [path]


def test_a_zip_archive_is_read_without_what_is_odd(tmp_path: Path) -> None:
    path = tmp_path / "demos.zip"
    link = zipfile.ZipInfo("demos/link.json")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("demos")
        archive.writestr("demos/task/a.json", b"[1]")
        archive.writestr("../escape.json", b"{}")
        archive.writestr("demos/huge.json", b"\0" * HUGE)
        archive.writestr(link, "/etc/passwd")
        archive.writestr("demos/README.md", b"hello")
    found, refused = read(path)
    assert found == {"demos/task/a.json": b"[1]"}
    assert refused == {
        "../escape.json": "unsafe name",
        "demos/huge.json": "too large",
        "demos/link.json": "link",
        "demos/README.md": "not a recording",
    }


def test_a_damaged_zip_member_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "demos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", b"[1111111111]")
        archive.writestr("b.json", b"[2]")
    path.write_bytes(path.read_bytes().replace(b"[1111111111]", b"[1111911111]", 1))
    found, refused = read(path)
    assert found == {"b.json": b"[2]"}
    assert refused == {"a.json": "damaged"}


def test_a_folder_is_read_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text("{}")
    root = tmp_path / "demos"
    (root / "task").mkdir(parents=True)
    (root / "task" / "b.json").write_bytes(b"[2]")
    (root / "task" / "a.json").write_bytes(b"[1]")
    (root / "link.json").symlink_to(outside / "secret.json")
    (root / "folder").symlink_to(outside)
    (root / "huge.json").write_bytes(b"\0" * HUGE)
    os.mkfifo(root / "pipe.json")
    found, refused = read(root)
    assert found == {"demos/task/a.json": b"[1]", "demos/task/b.json": b"[2]"}
    assert list(found) == sorted(found)
    assert refused == {
        "link.json": "link",
        "folder": "link",
        "huge.json": "too large",
        "pipe.json": "not a regular file",
    }


def test_a_forged_header_cannot_ask_for_much_memory(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.json")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2**33
    path = tmp_path / "demos.tar.gz"
    path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + b"a" * 4096))
    with pytest.raises(DataError, match="asks for"):
        read(path)


def test_an_archive_that_claims_to_be_endless_is_left(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.json")
    member.size = 2**40
    path = tmp_path / "demos.tar.xz"
    path.write_bytes(lzma.compress(member.tobuf(tarfile.GNU_FORMAT) + b"a" * 4096))
    with pytest.raises(DataError, match="more than 8 GiB"):
        read(path)


def truncated(path: Path) -> None:
    hostile_tar(path, "w:xz")
    path.write_bytes(path.read_bytes()[:-40])


BROKEN: list[tuple[str, Callable[[Path], object]]] = [
    ("a.tar.xz", truncated),
    ("a.tar.xz", lambda path: path.write_bytes(b"no archive")),
    ("a.tar.gz", lambda path: path.write_bytes(b"no archive")),
    ("a.tar", lambda path: path.write_bytes(b"no archive")),
    ("a.tar.bz2", lambda path: path.write_bytes(b"")),
    ("a.zip", lambda path: path.write_bytes(b"no archive")),
    ("a.rar", lambda path: path.write_bytes(b"no archive")),
    ("missing.zip", lambda path: None),
]


@pytest.mark.parametrize(("name", "write"), BROKEN)
def test_what_is_no_archive_is_an_error(tmp_path: Path, name: str, write: Callable[[Path], object]) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(DataError, match=name.split(".")[0]):
        read(path)
