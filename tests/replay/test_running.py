from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from replay import ReplayStore
from replay.codec import RECOVERED
from replay.images import ImageFolder, image_name
from rewards import Outcome

Make = Callable[..., Episode]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def writer(path: Path) -> Iterator[ReplayStore]:
    with ReplayStore(path) as store:
        yield store


def _so_far(episode: Episode, num_steps: int) -> Episode:
    return replace(episode, steps=episode.steps[:num_steps])


def _running(path: Path) -> Path:
    return path / "running" / "a.jsonl"


def _broken_off(path: Path, episode: Episode) -> None:
    """Leave behind what a process that died after three steps would."""
    with ReplayStore(path) as store:
        for num_steps in (1, 2, 3):
            store.note(_so_far(episode, num_steps))


def test_every_step_is_a_line_more_and_sealing_removes_them(
    writer: ReplayStore, path: Path, make_episode: Make
) -> None:
    episode = make_episode("a", num_steps=3, shade=5)
    before = b""
    for num_steps in (1, 2, 2, 3):
        writer.note(_so_far(episode, num_steps))
        after = _running(path).read_bytes()
        assert after.startswith(before)
        assert after.count(b"\n") == num_steps + 1
        before = after
    assert writer.query() == []
    writer.add([episode])
    assert writer.get("a") == episode
    assert not _running(path).exists()
    writer.note(episode)
    assert not _running(path).exists()


def test_what_a_dead_process_noted_is_sealed_and_said(path: Path, make_episode: Make) -> None:
    episode = make_episode("a", num_steps=5, shade=5)
    _broken_off(path, episode)
    with ReplayStore(path) as store:
        assert (store.recovered, store.dropped) == (("a",), ())
        found = store.get("a")
    assert found.steps == episode.steps[:3]
    assert found.final == episode.steps[2].observation
    assert (found.outcome, found.reward, found.tags) == (Outcome.INFRA_ERROR, 0.0, (RECOVERED,))
    assert "3 steps" in found.reason
    assert not _running(path).exists()
    with ReplayStore(path) as store:
        assert store.recovered == ()


def test_a_living_process_keeps_its_file_and_a_reader_moves_none(
    writer: ReplayStore, path: Path, make_episode: Make
) -> None:
    episode = make_episode("a", num_steps=2, shade=5)
    writer.note(_so_far(episode, 1))
    for read_only in (True, False):
        with ReplayStore(path, read_only=read_only) as other:
            assert (other.recovered, other.query()) == ((), [])
    writer.note(episode)
    writer.close()
    with ReplayStore(path, read_only=True) as reader:
        assert (reader.recovered, reader.query()) == ((), [])
    assert _running(path).read_bytes().count(b"\n") == 3


def test_recovery_goes_up_to_the_last_whole_line_wherever_it_was_cut(path: Path, make_episode: Make) -> None:
    episode = make_episode("a", num_steps=3)
    _broken_off(path, episode)
    whole = _running(path).read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for end, expected in [(ends[0], 0), (ends[1] - 1, 0), (ends[1], 1), (ends[2] - 1, 1), (len(whole) - 9, 2), (0, 0)]:
        _running(path).write_bytes(whole[:end])
        with ReplayStore(path) as store:
            assert store.recovered == (("a",) if expected else ())
            assert store.dropped == (() if expected else ("a",))
            assert [info.num_steps for info in store.query()] == [expected] * bool(expected)
        for sealed in path.glob("episodes/*/*"):
            sealed.unlink()


def test_what_is_not_whole_is_put_aside(path: Path, make_episode: Make) -> None:
    _broken_off(path, make_episode("a", num_steps=3))
    _running(path).write_bytes(b"nothing")
    with ReplayStore(path) as store:
        assert (store.dropped, store.quarantined) == (("a",), ("a.jsonl",))
    assert not _running(path).exists()
    with ReplayStore(path) as store:
        assert store.dropped == ()


@pytest.mark.parametrize(("position", "expected"), [(0.1, 0), (0.5, 1), (0.97, 2)])
def test_a_changed_byte_ends_what_is_recovered(path: Path, make_episode: Make, position: float, expected: int) -> None:
    _broken_off(path, make_episode("a", num_steps=3))
    data = bytearray(_running(path).read_bytes())
    data[int(len(data) * position)] ^= 1
    _running(path).write_bytes(data)
    with ReplayStore(path) as store:
        assert [info.num_steps for info in store.query()] == [expected] * bool(expected)
        assert (store.recovered, store.dropped) == ((("a",), ()) if expected else ((), ("a",)))


def test_a_missing_image_ends_what_is_recovered(path: Path, make_episode: Make) -> None:
    episode = make_episode("a", num_steps=3, shade=5)
    _broken_off(path, episode)
    pixels = episode.steps[1].observation.screenshot
    assert pixels is not None
    ImageFolder(path / "images", drafts=path / "drafts").remove(image_name(pixels))
    with ReplayStore(path) as store:
        assert store.get("a").steps == episode.steps[:1]


def test_images_of_a_running_episode_are_kept_by_a_sweep(path: Path, make_episode: Make) -> None:
    _broken_off(path, make_episode("a", num_steps=3, shade=5))
    noted = _running(path).read_bytes()
    _running(path).rename(path / "aside")
    with closing(sqlite3.connect(path / "index.sqlite")) as connection, connection:
        connection.execute("INSERT INTO pending (episode, since) VALUES ('gone', ?)", (time.time() - 4000,))
        connection.execute("INSERT INTO uses VALUES ('an image', 'gone')")
    with ReplayStore(path):  # sweeps what 'gone' left
        pass
    _running(path).write_bytes(noted)
    with ReplayStore(path) as store:
        assert len(store.get("a").steps) == 3


def test_an_episode_sealed_just_before_the_kill_is_not_recovered_again(path: Path, make_episode: Make) -> None:
    episode = make_episode("a", num_steps=3, shade=5)
    _broken_off(path, episode)
    noted = _running(path).read_bytes()
    with ReplayStore(path) as store:
        pass
    for sealed in path.glob("episodes/*/*"):
        sealed.unlink()
    with ReplayStore(path) as store:
        store.add([episode])
    _running(path).write_bytes(noted)
    with ReplayStore(path) as store:
        assert (store.recovered, store.dropped) == ((), ())
        assert store.get("a") == episode
    assert not _running(path).exists()


def test_a_persons_steps_are_not_noted(writer: ReplayStore, path: Path, make_episode: Make) -> None:
    agents = make_episode("a")
    taken_over = replace(agents, steps=(replace(agents.steps[0], intervention=True), *agents.steps[1:]))
    persons = replace(agents, steps=(replace(agents.steps[0], actor=Source.HUMAN), *agents.steps[1:]))
    for episode in (replace(agents, source=Source.HUMAN), replace(agents, consent="anna"), taken_over, persons):
        with pytest.raises(DataError, match="steps of a person"):
            writer.note(episode)
    assert list((path / "running").iterdir()) == []
