from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.observation import Screenshot
from replay import ConsentError, DamageError, ReplayStore, give_consent
from replay.files import open_draft
from replay.images import image_name
from replay.notes import NoteFolder, TagNote
from rewards import Outcome

Make = Callable[..., Episode]
Pixels = Callable[[int], Screenshot]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(path: Path) -> Iterator[ReplayStore]:
    with ReplayStore(path) as store:
        yield store


def _file(path: Path, episode_id: str) -> Path:
    return next((path / "episodes").glob(f"*/{episode_id}.jsonl.gz"))


def _image(path: Path, pixels: Screenshot) -> Path:
    name = image_name(pixels)
    return path / "images" / name[:2] / f"{name}.webp"


def _ids(store: ReplayStore) -> list[str]:
    return [info.id for info in store.query()]


def test_what_is_added_comes_back(store: ReplayStore, path: Path, make_episode: Make) -> None:
    episodes = [make_episode("a", shade=1), make_episode("b", shade=2, num_steps=0), make_episode("c")]
    store.add(iter(episodes))
    assert store.get("a") == episodes[0]
    assert list(store.episodes()) == episodes
    with ReplayStore(path) as again, ReplayStore(path, read_only=True) as reader:
        assert list(again.episodes()) == list(reader.episodes()) == episodes
        assert reader.quarantined == again.quarantined == ()


def test_a_query_lists_what_matches_in_the_order_of_storing(store: ReplayStore, make_episode: Make) -> None:
    store.add(
        [
            make_episode("z", task="t", tags=("hard", "new"), group="g", policy_version=4),
            make_episode("y", task="t", outcome=Outcome.FAILURE, tags=("new",)),
            make_episode("x", task="u", source=Source.SCRIPT),
        ]
    )
    assert _ids(store) == ["z", "y", "x"]
    first = store.query(task="t", outcome=Outcome.SUCCESS, tag="hard", source=Source.AGENT)[0]
    assert (first.id, first.task, first.seed, first.source, first.outcome) == ("z", "t", 3, "agent", "success")
    assert (first.reward, first.num_steps, first.policy_version, first.group) == (1.0, 2, 4, "g")
    assert first.tags == ("hard", "new")
    assert [info.id for info in store.query(tag="new")] == ["z", "y"]
    assert [info.id for info in store.query(source=Source.SCRIPT)] == ["x"]
    assert [episode.id for episode in store.episodes(outcome=Outcome.FAILURE)] == ["y"]
    assert store.query(task="' OR 1=1 --") == []


def test_the_digest_knows_which_but_not_in_what_order(tmp_path: Path, make_episode: Make) -> None:
    a, b, c = make_episode("a"), make_episode("b"), make_episode("c", task="other")
    with ReplayStore(tmp_path / "1") as one, ReplayStore(tmp_path / "2") as two:
        one.add([a, b, c])
        two.add([b, c, a])
        assert one.digest() == two.digest()
        assert len(one.digest()) <= 36
        assert one.digest(task=a.task.name) != one.digest()
        before = one.digest()
        one.add([make_episode("d")])
        assert one.digest() != before


def test_the_same_episode_twice_is_stored_once(store: ReplayStore, make_episode: Make) -> None:
    store.add([make_episode("a"), make_episode("a")])
    assert _ids(store) == ["a"]
    with pytest.raises(DataError, match="something else"):
        store.add([make_episode("a", reward=0.5)])
    assert store.get("a").reward == 1.0


def test_equal_screenshots_are_stored_once(store: ReplayStore, path: Path, make_episode: Make) -> None:
    store.add([make_episode("a", shade=1), make_episode("b", shade=1), make_episode("c", shade=2)])
    assert len(list((path / "images").glob("*/*.webp"))) == 4


@pytest.mark.parametrize("episode_id", ["../a", "", "a/b", "x" * 101, "a b"])
def test_an_id_that_is_no_file_name_is_refused(store: ReplayStore, make_episode: Make, episode_id: str) -> None:
    with pytest.raises(DataError, match="no id"):
        store.add([make_episode(episode_id)])
    with pytest.raises(DataError, match="no id"):
        store.get(episode_id)


def test_what_could_not_be_read_back_is_refused(store: ReplayStore, path: Path, make_episode: Make) -> None:
    for changes in ({"seed": 2**70}, {"reward": float("nan")}, {"tags": ("\udcff",)}):
        with pytest.raises(DataError, match="cannot be stored"):
            store.add([make_episode("bad", shade=1, **changes)])
    assert _ids(store) == []
    assert list((path / "images").glob("*/*.webp")) == []


def test_an_error_of_the_caller_stays_its_own(store: ReplayStore, make_episode: Make) -> None:
    def episodes() -> Iterator[Episode]:
        yield make_episode("a")
        raise FileNotFoundError("the caller's")

    with pytest.raises(FileNotFoundError, match="caller"):
        store.add(episodes())
    assert _ids(store) == ["a"]


def test_an_unknown_episode_is_an_error(store: ReplayStore) -> None:
    with pytest.raises(DataError, match="no episode 'a'"):
        store.get("a")


# Crashes and damage


@pytest.mark.parametrize("read_only", [True, False])
def test_sealed_files_without_a_row_are_found(path: Path, make_episode: Make, read_only: bool) -> None:
    episodes = [make_episode("a", tags=("x",), shade=1), make_episode("b")]
    with ReplayStore(path) as store:
        store.add(episodes)
        digest, infos = store.digest(), store.query()
    for file in path.glob("index.sqlite*"):
        file.unlink()
    with ReplayStore(path, read_only=read_only) as store:
        assert store.query() == infos
        assert store.digest() == digest
        assert list(store.episodes(tag="x")) == episodes[:1]


def test_rows_without_a_file_are_forgotten(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a"), make_episode("b")])
    _file(path, "a").unlink()
    with ReplayStore(path) as store:
        assert _ids(store) == ["b"]


def test_a_reader_sees_what_is_stored_after_it_opened(store: ReplayStore, path: Path, make_episode: Make) -> None:
    with ReplayStore(path, read_only=True) as reader:
        assert _ids(reader) == []
        store.add([make_episode("a")])
        assert _ids(reader) == ["a"]
        assert reader.get("a") == make_episode("a")


@pytest.mark.parametrize(
    "damage",
    [b"", b"garbage", gzip.compress(b'{"crc":"00000000","data":{}}\n', mtime=0)],
    ids=["empty", "text", "checksum"],
)
def test_damaged_files_are_put_aside(path: Path, make_episode: Make, damage: bytes) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a"), make_episode("b")])
    _file(path, "a").write_bytes(damage)
    with ReplayStore(path, read_only=True) as reader:
        assert _ids(reader) == ["b"]
        assert reader.quarantined == ("a.jsonl.gz",)
        assert _file(path, "a").exists()
    with ReplayStore(path) as store:
        assert _ids(store) == ["b"]
        assert store.quarantined == ("a.jsonl.gz",)
        assert (path / "quarantine" / "a.jsonl.gz").read_bytes() == damage
        store.add([make_episode("a")])
        assert sorted(_ids(store)) == ["a", "b"]


def test_damage_that_comes_later_is_found_when_reading(store: ReplayStore, path: Path, make_episode: Make) -> None:
    store.add([make_episode("a"), make_episode("b")])
    _file(path, "a").write_bytes(_file(path, "a").read_bytes()[:-1])
    assert [episode.id for episode in store.episodes()] == ["b"]
    assert store.quarantined == ("a.jsonl.gz",)
    assert _ids(store) == ["b"]


def test_a_thread_that_reads_ahead_finds_damage(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a"), make_episode("b")])
    with ReplayStore(path, read_only=True) as store, ThreadPoolExecutor(max_workers=1) as reading:
        _file(path, "a").write_bytes(_file(path, "a").read_bytes()[:-1])
        with pytest.raises(DamageError):
            reading.submit(store.get, "a").result()
        assert reading.submit(store.get, "b").result().id == "b"
        assert _ids(store) == ["b"]


def test_a_file_under_another_name_is_damage(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a")])
        shutil.copy(_file(path, "a"), _file(path, "a").with_name("b.jsonl.gz"))
    with ReplayStore(path) as store:
        assert _ids(store) == ["a"]
        assert store.quarantined == ("b.jsonl.gz",)


def test_a_damaged_image_takes_its_episode_aside_and_heals(
    store: ReplayStore, path: Path, make_episode: Make, make_pixels: Pixels
) -> None:
    store.add([make_episode("a", shade=10), make_episode("b")])
    image = _image(path, make_pixels(10))
    image.write_bytes(b"no picture")
    with pytest.raises(DamageError, match="cannot be read"):
        store.get("a")
    assert store.quarantined == (image.name, "a.jsonl.gz")
    assert [episode.id for episode in store.episodes()] == ["b"]
    store.add([make_episode("c", shade=10)])
    assert store.get("c") == make_episode("c", shade=10)


def test_drafts_of_dead_writers_are_ignored_and_removed(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a")])
    (path / "drafts" / "dead").write_bytes(_file(path, "a").read_bytes()[:50])
    descriptor, draft = open_draft(path / "drafts")
    with ReplayStore(path) as store:
        assert _ids(store) == ["a"]
        assert store.quarantined == ()
    assert list((path / "drafts").iterdir()) == [draft]
    os.close(descriptor)


def test_images_of_an_episode_that_was_never_sealed_are_removed(
    path: Path, make_episode: Make, make_pixels: Pixels
) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a", shade=1), make_episode("b", shade=3)])
    orphan, shared = _image(path, make_pixels(1)), _image(path, make_pixels(3))
    _file(path, "a").unlink()
    with closing(sqlite3.connect(path / "index.sqlite")) as connection, connection:
        connection.execute("INSERT INTO pending (episode, since) VALUES ('a', ?)", (time.time() - 4000,))
        connection.execute("DELETE FROM episodes WHERE id = 'a'")
    with ReplayStore(path) as store:
        assert store.get("b") == make_episode("b", shade=3)
    assert not orphan.exists()
    assert shared.exists()


# Folders that cannot be used


def test_a_newer_store_is_refused(path: Path) -> None:
    ReplayStore(path).close()
    (path / "store.json").write_text('{"format": "webdual-replay", "version": 3}')
    for read_only in (True, False):
        with pytest.raises(DataError, match="update webdual"):
            ReplayStore(path, read_only=read_only)


def test_a_path_that_cannot_be_a_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for impossible in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(DataError, match=r"cannot use the replay store .*Check that it is a writable folder"):
            ReplayStore(impossible)


def test_a_reader_changes_nothing(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a")])
    before = sorted(path.rglob("*"))
    with ReplayStore(path, read_only=True) as reader:
        for change in (
            lambda: reader.add([make_episode("b")]),
            lambda: reader.add_consent(give_consent(subject="p", text="t")),
            lambda: reader.revoke(subject="p"),
        ):
            with pytest.raises(DataError, match="reading only"):
                change()
        assert _ids(reader) == ["a"]
    assert [file for file in sorted(path.rglob("*")) if "index.sqlite-" not in file.name] == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_readable_but_not_writable(path: Path, make_episode: Make) -> None:
    with ReplayStore(path) as store:
        store.add([make_episode("a")])
    folders = [path, *(folder for folder in path.rglob("*") if folder.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with ReplayStore(path, read_only=True) as reader:
            assert _ids(reader) == ["a"]
        with pytest.raises(DataError, match="Check that it is a writable folder"):
            ReplayStore(path)
    finally:
        for folder in folders:
            folder.chmod(stat.S_IRWXU)


# Consent


def _human(make_episode: Make, episode_id: str, consent: str | None, **changes: object) -> Episode:
    return make_episode(episode_id, source=Source.HUMAN, consent=consent, **changes)


def test_a_persons_episode_needs_a_consent_that_stands(store: ReplayStore, make_episode: Make) -> None:
    given = give_consent(subject="p", text="t")
    expired = give_consent(subject="p", text="t", expires_at="2001-01-01T00:00:00+00:00")
    for record in (given, expired):
        store.add_consent(record)
    consents = {"given": given.id, "none": None, "unknown": "unknown", "expired": expired.id}
    store.add(_human(make_episode, name, consent) for name, consent in consents.items())
    assert store.get("given").source is Source.HUMAN
    for name in ("none", "unknown", "expired"):
        with pytest.raises(ConsentError):
            store.get(name)
    assert [episode.id for episode in store.episodes()] == ["given"]
    assert store.refused == 3
    assert len(store.query(source=Source.HUMAN)) == 4
    assert store.consent(given.id) == given
    with pytest.raises(DataError, match="unknown"):
        store.consent("unknown")


def test_an_agents_episode_needs_no_consent_unless_it_names_one(store: ReplayStore, make_episode: Make) -> None:
    store.add([make_episode("a"), make_episode("b", consent="unknown")])
    assert [episode.id for episode in store.episodes()] == ["a"]


def test_revoking_deletes_all_of_a_person_and_nothing_else(
    store: ReplayStore, path: Path, make_episode: Make, make_pixels: Pixels
) -> None:
    mine, theirs = (give_consent(subject=name, text="t") for name in ("me", "them"))
    for record in (mine, theirs):
        store.add_consent(record)
    store.add(
        [
            _human(make_episode, "mine-1", mine.id, shade=1),
            _human(make_episode, "mine-2", mine.id, shade=20),
            _human(make_episode, "theirs", theirs.id, shade=3),
            make_episode("agent"),
        ]
    )
    (path / "quarantine" / "whose.jsonl.gz").write_bytes(b"damaged")
    assert store.revoke(subject="me") == 2
    assert [episode.id for episode in store.episodes()] == ["theirs", "agent"]
    assert store.get("theirs") == _human(make_episode, "theirs", theirs.id, shade=3)
    assert sorted(image.stem for image in (path / "images").glob("*/*.webp")) == sorted(
        image_name(make_pixels(shade)) for shade in (3, 4, 5)
    )
    assert list((path / "quarantine").iterdir()) == []
    assert not any(b"mine-1" in file.read_bytes() for file in path.rglob("*") if file.is_file())
    with pytest.raises(ConsentError, match="revoked"):
        store.consent(mine.id)
    with pytest.raises(ConsentError, match="revoked"):
        store.add([_human(make_episode, "mine-3", mine.id)])
    with pytest.raises(DataError, match="no consent of 'me'"):
        store.revoke(subject="me")


def test_a_revocation_that_was_killed_is_finished(path: Path, make_episode: Make, make_pixels: Pixels) -> None:
    record = give_consent(subject="me", text="t")
    with ReplayStore(path) as store:
        store.add_consent(record)
        store.add([_human(make_episode, "mine", record.id, shade=1)])
    tombstone = f'{{"kind": "tombstone", "id": "{record.id}", "revoked_at": "2030-01-01T00:00:00+00:00"}}'
    (path / "consent" / f"{record.id}.json").write_text(tombstone)
    with ReplayStore(path, read_only=True) as reader:
        assert list(reader.episodes()) == []
        assert reader.refused == 1
    with ReplayStore(path) as store:
        assert _ids(store) == []
    assert not _image(path, make_pixels(1)).exists()


class _KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


def _killed_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Have the count-th change of a folder from now on not happen, nor anything after it."""
    left = iter(range(count))

    def dying(change: Callable[..., object]) -> Callable[..., object]:
        def changed(*args: object, **options: object) -> object:
            if next(left, None) is None:
                raise _KilledError
            return change(*args, **options)

        return changed

    for name in ("unlink", "replace"):
        monkeypatch.setattr(Path, name, dying(getattr(Path, name)))


def test_a_revocation_that_is_killed_anywhere_is_finished_on_opening(
    path: Path, make_episode: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = give_consent(subject="me", text="t")
    with ReplayStore(path) as store:
        store.add([make_episode("theirs", shade=50)])
    for kills in range(1, 100):  # the first change is the tombstone
        mine = replace(record, id=f"mine-{kills}")
        with ReplayStore(path) as store:
            store.add_consent(mine)
            store.add([_human(make_episode, f"mine-{kills}", mine.id, shade=1)])
            NoteFolder(path).add(TagNote(id="n", episode="x", tags=("secret",), consent=mine.id, given_at="2030"))
            (path / "quarantine" / "mine").write_bytes(b"mine")
            (path / "drafts" / "mine").write_bytes(b"mine")
            with monkeypatch.context() as patched:
                _killed_after(patched, kills)
                try:
                    store.revoke(subject="me")
                    survived = True
                except _KilledError:
                    survived = False
        with ReplayStore(path) as store:
            assert _ids(store) == ["theirs"]
            assert {image.stem for image in (path / "images").glob("*/*")} == {image_name(p) for p in _pixels(store)}
            assert not any(list((path / name).iterdir()) for name in ("notes", "quarantine", "drafts"))
        if survived:
            break
    assert survived
    assert kills > 5


def _pixels(store: ReplayStore) -> list[Screenshot]:
    return [
        seen.screenshot for episode in store.episodes() for seen in episode.observations if seen.screenshot is not None
    ]


def test_what_a_killed_writer_announced_goes_with_its_consent(
    path: Path, make_episode: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = give_consent(subject="me", text="t")
    with ReplayStore(path) as store:
        store.add_consent(record)
        with monkeypatch.context() as patched:
            _killed_after(patched, 2)  # after two images, before the episode is sealed
            with pytest.raises(_KilledError):
                store.add([_human(make_episode, "mine", record.id, shade=1)])
    assert list((path / "images").glob("*/*"))
    with ReplayStore(path) as store:
        assert store.revoke(subject="me") == 0
    assert not list((path / "images").glob("*/*"))


def test_revoking_reaches_sealed_episodes_that_have_no_row_yet(path: Path, make_episode: Make) -> None:
    record = give_consent(subject="me", text="t")
    with ReplayStore(path) as store:
        store.add_consent(record)
        store.add([_human(make_episode, "mine", record.id)])
        with closing(sqlite3.connect(path / "index.sqlite")) as connection, connection:
            connection.execute("DELETE FROM episodes")
        assert store.revoke(subject="me") == 1
    assert list((path / "episodes").glob("*/*")) == []


def test_a_consent_in_use_elsewhere_keeps_a_shared_image(
    store: ReplayStore, make_episode: Make, path: Path, make_pixels: Pixels
) -> None:
    record = give_consent(subject="me", text="t")
    store.add_consent(record)
    agent = make_episode("agent", shade=1)
    store.add([agent, replace(agent, id="mine", source=Source.HUMAN, consent=record.id)])
    assert store.revoke(subject="me") == 1
    assert store.get("agent") == agent
    assert _image(path, make_pixels(1)).exists()


def test_a_damaged_consent_keeps_no_other_from_being_revoked(tmp_path: Path, make_episode: Make) -> None:
    store = ReplayStore(tmp_path / "store")
    record = give_consent(subject="me", text="Yes")
    store.add_consent(record)
    store.add([make_episode("a", source=Source.HUMAN, consent=record.id)])
    broken = tmp_path / "store" / "consent" / "broken.json"
    broken.write_bytes(b"{")
    with pytest.raises(ConsentError, match=r"1 episodes of 'me' were deleted, but consent/broken\.json"):
        store.revoke(subject="me")
    assert store.query() == []
    with pytest.raises(ConsentError, match="0 episodes of 'me'"):
        store.revoke(subject="me")
    broken.unlink()
    with pytest.raises(DataError, match="no consent of 'me'"):
        store.revoke(subject="me")
