from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from replay.files import SAFE_NAME, dead_drafts, open_draft, prove_writable, sync_folders, write_sealed


def test_a_sealed_file_is_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    path = tmp_path / "ab" / "file"
    write_sealed(path, b"content", drafts=drafts)
    sync_folders([path])
    assert path.read_bytes() == b"content"
    assert list(drafts.iterdir()) == []


def test_a_file_that_cannot_be_put_in_place_leaves_no_draft(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"a file, not a folder")
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    with pytest.raises(OSError, match="blocked"):
        write_sealed(blocked / "file", b"content", drafts=drafts)
    assert list(drafts.iterdir()) == []


def test_a_draft_is_dead_when_nobody_writes_it(tmp_path: Path) -> None:
    descriptor, draft = open_draft(tmp_path)
    assert list(dead_drafts(tmp_path)) == []
    os.close(descriptor)
    assert list(dead_drafts(tmp_path)) == [draft]
    assert list(dead_drafts(tmp_path / "missing")) == []


def test_a_draft_that_was_taken_for_dead_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, taken = fcntl.flock, []

    def late(descriptor: int, operation: int) -> None:
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    descriptor, draft = open_draft(tmp_path)
    os.close(descriptor)
    assert list(tmp_path.iterdir()) == [draft]
    assert draft not in taken


def test_a_missing_folder_is_not_writable(tmp_path: Path) -> None:
    prove_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        prove_writable(tmp_path / "missing")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", "a\n", "é", "x" * 101, "a\0"])
def test_names_that_could_leave_the_folder_are_not_safe(name: str) -> None:
    assert SAFE_NAME.match(name) is None
