from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.observation import Screenshot
from replay import ReplayStore, give_consent
from replay.checking import check_store, repair_store
from replay.images import ImageFolder, image_name
from replay.sealed import episode_file

Make = Callable[..., Episode]
Pixels = Callable[[int], Screenshot]


@pytest.fixture
def path(tmp_path: Path, make_episode: Make) -> Path:
    """A sound store: "a" and "b" share two images, "c" has none."""
    with ReplayStore(tmp_path / "store") as store:
        store.add([make_episode("a", shade=10, tags=("x", "x", "a"), reward=1), make_episode("b", shade=11)])
        store.add([make_episode("c")])
    return tmp_path / "store"


def _faults(path: Path) -> list[tuple[str, str]]:
    return sorted((fault.kind, fault.name) for fault in check_store(path).faults)


def _image(path: Path, pixels: Screenshot) -> Path:
    return ImageFolder(path / "images", drafts=path / "drafts").file(image_name(pixels))


def _sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path / "index.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _repaired(path: Path) -> list[str]:
    """Repair the store until it is sound; return the episodes that are left."""
    for _ in range(2):
        repair_store(path, check_store(path))
    assert _faults(path) == []
    with ReplayStore(path, read_only=True) as store:
        return [episode.id for episode in store.episodes()]


def _contents(path: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in path.rglob("*") if file.is_file() and "sqlite" not in file.name}


def test_a_sound_store_has_no_faults_and_is_not_changed(path: Path) -> None:
    before = _contents(path)
    check = check_store(path)
    assert (check.episodes, check.steps, check.images, check.faults) == (3, 6, 4, ())
    assert json.loads(json.dumps(check.to_json()))["quarantined"] == []
    assert _contents(path) == before


def test_progress_is_told_for_every_file(path: Path) -> None:
    told: list[tuple[int, int]] = []
    check_store(path, tell=lambda done, total: told.append((done, total)))
    assert told == [(done, 7) for done in range(1, 8)]


def test_every_damaged_byte_of_an_episode_is_found(path: Path) -> None:
    file = episode_file(path, "a")
    whole = file.read_bytes()
    for position in range(10, len(whole), 97):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        file.write_bytes(damaged)
        os.utime(file, ns=(time.time_ns(), time.time_ns()))
        assert ("episode", "a") in _faults(path)
    assert _repaired(path) == ["b", "c"]
    assert (path / "quarantine" / file.name).exists()


def test_damage_that_keeps_size_and_time_is_found_and_repaired(path: Path) -> None:
    file = episode_file(path, "b")
    status, data = file.stat(), bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _faults(path) == [("episode", "b")]
    assert _repaired(path) == ["a", "c"]


@pytest.mark.parametrize("name", ["zz/a.jsonl.gz", "00/no name!.jsonl.gz", "00/b2.jsonl.gz"])
def test_a_file_in_the_wrong_place_is_found(path: Path, name: str) -> None:
    misplaced = path / "episodes" / name
    misplaced.parent.mkdir(exist_ok=True)
    episode_file(path, "a").rename(misplaced)
    assert ("episode", misplaced.name.removesuffix(".jsonl.gz")) in _faults(path)
    assert _repaired(path) == ["b", "c"]
    assert (path / "quarantine" / misplaced.name).exists()


def test_a_damaged_image_takes_those_episodes_aside_that_show_it(path: Path, make_pixels: Pixels) -> None:
    _image(path, make_pixels(13)).write_bytes(b"no picture")  # the last of "b"
    assert _faults(path) == [("episode", "b"), ("image", image_name(make_pixels(13)))]
    assert _repaired(path) == ["a", "c"]


def test_a_missing_image_is_found(path: Path, make_pixels: Pixels) -> None:
    _image(path, make_pixels(11)).unlink()  # of both
    assert _faults(path) == [("episode", "a"), ("episode", "b")]
    assert _repaired(path) == ["c"]


def test_rows_that_are_wrong_missing_or_too_many(path: Path) -> None:
    _sql(
        path,
        "UPDATE episodes SET reward = 0.5 WHERE id = 'a'",
        "DELETE FROM episodes WHERE id = 'b'",
        "UPDATE tags SET tag = 'y' WHERE episode = 'c'",
        "DELETE FROM uses WHERE episode = 'a'",
    )
    episode_file(path, "c").unlink()
    assert _faults(path) == [("index", "a"), ("index", "b"), ("index", "c")]
    assert _repaired(path) == ["a", "b"]


@pytest.mark.parametrize("content", [None, b"", b"no database" * 500])
def test_a_missing_or_damaged_index_is_rebuilt(path: Path, content: bytes | None) -> None:
    for file in path.glob("index.sqlite*"):
        file.unlink()
    if content is not None:
        (path / "index.sqlite").write_bytes(content)
    assert _faults(path) == [("index", "index.sqlite")]
    assert _repaired(path) == ["a", "b", "c"]


def test_unused_images_dead_drafts_and_broken_off_episodes(path: Path, make_episode: Make, make_pixels: Pixels) -> None:
    ImageFolder(path / "images", drafts=path / "drafts").write({image_name(make_pixels(99)): make_pixels(99)})
    (path / "drafts" / "old").touch()
    os.utime(path / "drafts" / "old", times=(time.time() - 4000, time.time() - 4000))
    with ReplayStore(path) as store:
        store.note(make_episode("d", shade=10))
        assert ("running", "d") not in _faults(path)
    (path / "drafts" / "old").touch()
    os.utime(path / "drafts" / "old", times=(time.time() - 4000, time.time() - 4000))
    assert _faults(path) == [("draft", "old"), ("image", image_name(make_pixels(99))), ("running", "d")]
    assert _repaired(path) == ["a", "b", "c", "d"]
    assert not _image(path, make_pixels(99)).exists()


def test_consents_that_are_missing_damaged_or_revoked(path: Path, make_episode: Make) -> None:
    kept, lost, taken_back = (give_consent(subject=name, text="yes") for name in ("Anna", "Ben", "Cem"))
    with ReplayStore(path) as store:
        for record in (kept, lost, taken_back):
            store.add_consent(record)
            store.add([make_episode(f"of-{record.subject}", source=Source.HUMAN, consent=record.id)])
    (path / "consent" / f"{lost.id}.json").unlink()
    damaged = path / "consent" / "damaged.json"
    damaged.write_text("{")
    tombstone = {"kind": "tombstone", "id": taken_back.id, "revoked_at": "2030-01-01T00:00:00+00:00"}
    (path / "consent" / f"{taken_back.id}.json").write_text(json.dumps(tombstone))
    assert _faults(path) == [("consent", "damaged"), ("consent", "of-Ben"), ("consent", "of-Cem")]
    repair_store(path, check_store(path))
    assert _faults(path) == [("consent", "damaged"), ("consent", "of-Ben")]
    assert not episode_file(path, "of-Cem").exists()


def test_what_is_no_store_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no replay store"):
        check_store(tmp_path)


@pytest.mark.parametrize(
    "damage", [b"", b"[1]", b'{"kind": "tags", "note": {}}', b'{"kind": "rating", "note": {"value": 9}}']
)
def test_a_damaged_note_is_named_and_put_aside(path: Path, damage: bytes) -> None:
    (path / "notes").mkdir(exist_ok=True)
    (path / "notes" / "n.json").write_bytes(damage)
    assert _faults(path) == [("note", "n.json")]
    assert _repaired(path) == ["a", "b", "c"]
    assert (path / "quarantine" / "n.json").read_bytes() == damage
