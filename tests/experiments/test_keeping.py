from pathlib import Path

import pytest

from browser_env.action import Click
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from experiments.keeping import EpisodeKeeper
from replay.store import ReplayStore
from rewards import Cost, Evidence, Outcome


def episode(name: str, *, num_steps: int = 0, wall_s: float = 0.0) -> Episode:
    return Episode(
        id=name,
        task=miniwob_task("click-test"),
        seed=1,
        source=Source.AGENT,
        steps=(Step(observation=Observation(goal=""), action=Click("e1")),) * num_steps,
        cost=Cost(wall_s=wall_s),
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


def test_what_a_long_episode_has_so_far_outlives_its_process(tmp_path: Path) -> None:
    with EpisodeKeeper(tmp_path / "store", note_after_s=5.0) as keeper:
        keeper.note(episode("short", num_steps=1, wall_s=4.0))
        keeper.note(episode("long", num_steps=1, wall_s=6.0))
        keeper.note(episode("long", num_steps=2, wall_s=7.0))
        keeper.note(episode("sealed", num_steps=1, wall_s=6.0))
        keeper.keep(episode("sealed", num_steps=2, wall_s=7.0))
    with ReplayStore(tmp_path / "store") as store:
        assert store.recovered == ("long",)
        assert {info.id: info.num_steps for info in store.query()} == {"long": 2, "sealed": 2}


def test_what_could_not_be_stored_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    with pytest.raises(DataError, match="store"), EpisodeKeeper(tmp_path / "store") as keeper:
        keeper.keep(episode("lost"))
