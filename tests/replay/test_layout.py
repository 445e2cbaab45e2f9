from __future__ import annotations

from pathlib import Path

import pytest

from browser_env.errors import DataError
from replay.errors import VersionError
from replay.layout import FOLDERS, open_folder


def test_a_new_folder_gets_its_mark_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store"
    open_folder(path, read_only=False)
    assert {entry.name for entry in path.iterdir()} == {*FOLDERS, "store.json"}
    assert (path / "store.json").read_text() == '{"format": "webdual-replay", "version": 2}'
    open_folder(path, read_only=True)


def test_a_creation_that_was_killed_is_finished(tmp_path: Path) -> None:
    for name in ("drafts", "episodes"):
        (tmp_path / name).mkdir()
    open_folder(tmp_path, read_only=False)
    assert (tmp_path / "store.json").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DataError, match="something else"):
        open_folder(tmp_path, read_only=False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no replay store"):
        open_folder(tmp_path / "missing", read_only=True)
    assert not (tmp_path / "missing").exists()


def test_a_store_of_version_1_is_migrated_by_a_writer_only(tmp_path: Path) -> None:
    old = '{"format": "webdual-replay", "version": 1}'
    (tmp_path / "store.json").write_text(old)
    open_folder(tmp_path, read_only=True)
    assert (tmp_path / "store.json").read_text() == old
    open_folder(tmp_path, read_only=False)
    assert (tmp_path / "store.json").read_text() == old.replace("1", "2")


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize(
    ("mark", "kind", "message"),
    [
        ('{"format": "webdual-replay", "version": 3}', VersionError, "update webdual"),
        ('{"format": "webdual-replay", "version": "new"}', VersionError, "update webdual"),
        ('{"format": "other", "version": 1}', DataError, "another folder"),
        ('{"format": "webdual-replay"}', DataError, "damaged"),
        ("", DataError, "damaged"),
        ("[]", DataError, "damaged"),
    ],
)
def test_a_strange_mark_is_refused(
    tmp_path: Path, mark: str, kind: type[Exception], message: str, read_only: bool
) -> None:
    (tmp_path / "store.json").write_text(mark)
    with pytest.raises(kind, match=message):
        open_folder(tmp_path, read_only=read_only)
    assert (tmp_path / "store.json").read_text() == mark
