from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from replay.files import SAFE_NAME, STALE_S, prove_writable, remove_stale_drafts, sync_folders, write_sealed


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


def test_only_old_drafts_are_removed(tmp_path: Path) -> None:
    for name, age_s in (("old", STALE_S + 60), ("new", 0)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, times=(time.time() - age_s, time.time() - age_s))
    remove_stale_drafts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_missing_folder_is_not_writable(tmp_path: Path) -> None:
    prove_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        prove_writable(tmp_path / "missing")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", "a\n", "é", "x" * 101, "a\0"])
def test_names_that_could_leave_the_folder_are_not_safe(name: str) -> None:
    assert SAFE_NAME.match(name) is None
