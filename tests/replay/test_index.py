from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.episode import Episode
from replay.codec import encode_episode, parse_episode
from replay.errors import DamageError
from replay.images import image_name
from replay.index import Entry, Index, make_entry

Make = Callable[..., Episode]


def _entry(episode: Episode) -> Entry:
    return make_entry(episode, parse_episode(encode_episode(episode, name_image=image_name, created=1)))


def test_an_entry_is_found_replaced_and_forgotten(make_episode: Make) -> None:
    index = Index(sqlite3.connect(":memory:"))
    entry = _entry(make_episode("a", tags=("x", "x"), consent="c", group="g", seed=2**62, shade=1))
    index.insert(entry, stamp=(10, 20))
    index.insert(entry, stamp=(11, 20))
    assert index.query({"tag": "x"}) == [replace(entry.info, tags=("x",))]
    assert index.files() == {"a": (11, 20)}
    assert index.with_consents(["c", "other"]) == ["a"]
    assert index.images() == entry.images
    index.remove(["a", "unknown"])
    assert index.query({}) == []
    assert index.images() == frozenset()
    index.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2**63},
        {"tags": ("\ud800",)},
        {"consent": 5},
        {"group": ["g"]},
        {"reward": "1"},
        {"policy_version": "1"},
    ],
)
def test_what_the_index_cannot_hold_is_damage(make_episode: Make, changes: dict[str, object]) -> None:
    with pytest.raises(DamageError, match="out of range"):
        _entry(make_episode("a", **changes))


def _announce_and_insert(index: Index, entry: Entry) -> None:
    index.announce(entry.info.id, entry.images)
    index.insert(entry, stamp=(1, 1))


def test_an_error_undoes_a_transaction(make_episode: Make) -> None:
    index = Index(sqlite3.connect(":memory:"))
    broken = replace(_entry(make_episode("a", shade=1)), checksum=None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError), index.transaction():
        _announce_and_insert(index, broken)
    assert index.images() == frozenset()
    index.close()


def test_announced_images_are_in_use_until_the_episode_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = Index.open(path)
    index.announce("a", ["image"])
    assert index.images() == {"image"}
    assert index.abandoned() == []
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE pending SET since = since - 3601")
    assert index.abandoned() == ["a"]
    index.close()


def test_a_damaged_index_is_built_anew(tmp_path: Path, make_episode: Make) -> None:
    path = tmp_path / "index.sqlite"
    index = Index.open(path)
    index.insert(_entry(make_episode("a")), stamp=(1, 1))
    index.close()
    data = path.read_bytes()
    for damaged in (b"not a database" * 100, data[:100] + bytes(len(data) - 100)):
        path.write_bytes(damaged)
        index = Index.open(path)
        assert index.query({}) == []
        index.close()


def test_a_copy_does_not_touch_the_file(tmp_path: Path, make_episode: Make) -> None:
    path = tmp_path / "index.sqlite"
    missing = Index.copy(path)
    assert missing.files() == {}
    missing.close()
    assert not path.exists()
    index = Index.open(path)
    index.insert(_entry(make_episode("a")), stamp=(1, 1))
    copy = Index.copy(path)
    copy.remove(["a"])
    assert index.files().keys() == {"a"}
    copy.close()
    index.close()
