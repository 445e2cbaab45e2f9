from pathlib import Path

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from experiments.keeping import EpisodeKeeper
from replay.store import ReplayStore
from rewards import Evidence, Outcome


def episode(name: str) -> Episode:
    return Episode(
        id=name,
        task=miniwob_task("click-test"),
        seed=1,
        source=Source.AGENT,
        steps=(),
        final=Observation(goal=""),
        outcome=Outcome.FAILURE,
        reward=0.0,
        evidence=Evidence(),
    )


def test_everything_is_on_disk_after_a_flush_and_at_the_end(tmp_path: Path) -> None:
    with EpisodeKeeper(tmp_path / "store") as keeper:
        keeper.keep(episode("first"))
        keeper.flush()
        with ReplayStore(tmp_path / "store", read_only=True) as store:
            assert [info.id for info in store.query()] == ["first"]
        keeper.keep(episode("second"))
    with ReplayStore(tmp_path / "store", read_only=True) as store:
        assert {info.id for info in store.query()} == {"first", "second"}


def test_what_could_not_be_stored_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(DataError, match="store"), EpisodeKeeper(tmp_path / "store") as keeper:
        keeper.keep(episode("lost"))
