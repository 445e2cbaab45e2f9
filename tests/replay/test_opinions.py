"""Which episodes of a store are imitated, and how much, by whose word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser_env.errors import UsageError
from browser_env.task import NEVER
from replay.buffer import ReplayBuffer
from replay.consent import give_consent
from replay.kept import in_store
from replay.notes import NoteFolder
from replay.opinions import MARKED, UNVERIFIED, Opinions, hear, is_verified, worth_imitating
from replay.store import ReplayStore
from rewards import Outcome
from rewards.judged import Judgement
from rewards.rating import Rating
from tests.replay.conftest import make_episode

TASK = "suite/click"
AT = "2030-01-01T00:00:00+00:00"


class Archive:
    """A store with verified and other episodes, and what is thought of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes = NoteFolder(path)
        self.consent = give_consent(subject="Ada", text="I agree")
        with ReplayStore(path) as store:
            store.add_consent(self.consent)
            store.add(
                [
                    make_episode("solved"),
                    make_episode("failed", outcome=Outcome.FAILURE),
                    make_episode("open", outcome=Outcome.TRUNCATED, tags=(UNVERIFIED,)),
                    make_episode("marked", tags=(MARKED,)),
                    make_episode("broken", outcome=Outcome.INFRA_ERROR),
                ]
            )

    def rate(self, episode: str, stars: int) -> None:
        self.notes.add(
            Rating(
                id=f"{episode}-{stars}",
                episode=episode,
                kind="stars",
                value=stars,
                rater="Ada",
                consent=self.consent.id,
                given_at=AT,
            )
        )

    def judge(self, episode: str, *, success: bool | None = True, sure: float = 0.9) -> None:
        self.notes.add(
            Judgement(
                id=f"{episode}-{sure}",
                episode=episode,
                judge="m",
                asked="a",
                success=success,
                sure=sure,
                reason="",
                given_at=AT,
            )
        )

    def worths(self, **opinions: Any) -> dict[str, tuple[float, str]]:
        with ReplayStore(self.path, read_only=True) as store:
            found = worth_imitating(store, store.query(task=TASK), hear(self.notes, Opinions(**opinions)))
            return {info.id: (worth.value, worth.said_by) for info, worth in found}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_without_opinions_only_successes_are_imitated(archive: Archive) -> None:
    for name in ("solved", "failed", "open"):
        archive.rate(name, 5)
        archive.judge(name)
    assert archive.worths() == {"solved": (1.0, "verifier"), "marked": (1.0, "mark")}


def test_ratings_weigh_successes_and_open_episodes_and_never_a_verified_failure(archive: Archive) -> None:
    for name, stars in (("solved", 4), ("failed", 5), ("open", 5), ("marked", 2), ("broken", 5)):
        archive.rate(name, stars)
    assert archive.worths(ratings=True) == {"solved": (0.75, "ratings"), "open": (1.0, "ratings")}


def test_preferences_count_where_nobody_rated(archive: Archive) -> None:
    better = Rating(
        id="p",
        episode="open",
        other="marked",
        kind="preference",
        value=1,
        rater="Ada",
        consent=archive.consent.id,
        given_at=AT,
    )
    archive.notes.add(better)
    found = archive.worths(ratings=True)
    assert set(found) == {"solved", "open"}, "the one that lost is worth less than an average one"
    assert 0.5 < found["open"][0] < 1
    archive.rate("marked", 5)
    assert archive.worths(ratings=True)["marked"] == (1.0, "ratings")


def test_a_model_is_heard_only_where_neither_verifier_nor_person_spoke(archive: Archive) -> None:
    for name in ("solved", "failed", "open", "broken"):
        archive.judge(name)
    assert archive.worths(judgements=True)["open"] == (1.0, "judgements")
    assert set(archive.worths(judgements=True)) == {"solved", "marked", "open"}
    archive.rate("open", 1)
    assert "open" not in archive.worths(judgements=True, ratings=True)


def test_a_failure_that_a_person_saw_is_none_of_a_models_business(archive: Archive) -> None:
    with ReplayStore(archive.path) as store:
        store.add([make_episode("given-up", outcome=Outcome.FAILURE, tags=(MARKED,))])
        store.add([make_episode("unclear", outcome=Outcome.TRUNCATED, tags=(MARKED,))])
    archive.judge("given-up")
    archive.judge("unclear")
    assert set(archive.worths(judgements=True)) == {"solved", "marked", "unclear"}
    archive.rate("given-up", 5)
    assert archive.worths(ratings=True)["given-up"] == (1.0, "ratings"), "people may think again"


def test_a_model_that_is_not_sure_is_not_heard(archive: Archive) -> None:
    archive.judge("open", sure=0.7)
    assert "open" not in archive.worths(judgements=True)
    assert "open" in archive.worths(judgements=True, least_sure=0.5)
    archive.judge("open", success=False, sure=0.95)
    assert "open" not in archive.worths(judgements=True)


def test_who_takes_the_consent_back_is_not_heard_any_more(archive: Archive) -> None:
    archive.rate("open", 5)
    with ReplayStore(archive.path) as store:
        store.revoke(subject="Ada")
    assert "open" not in archive.worths(ratings=True)


def test_what_is_worth_less_is_imitated_less(archive: Archive) -> None:
    archive.rate("solved", 4)
    archive.rate("open", 3)
    with ReplayStore(archive.path, read_only=True) as store:
        found = list(worth_imitating(store, store.query(task=TASK), hear(archive.notes, Opinions(ratings=True))))
        worths = {info.id: worth.value for info, worth in found}
        buffer = ReplayBuffer(demonstrations=in_store(store, [info for info, _ in found], worths=worths))
        rng = np.random.default_rng(0)
        shown = [sample for batch in buffer.epoch(4, rng) for sample in batch]
        drawn = buffer.sample(40, demo_fraction=1.0, rng=rng)
    weights = {"solved": 0.75, "open": 0.5, "marked": 1.0}
    assert {sample.episode: sample.weight for sample in shown} == weights
    assert {sample.episode: sample.weight for sample in drawn} == weights
    assert {sample.episode: sample.target_return for sample in shown} == {"solved": 1.0, "open": 0.5, "marked": 1.0}


def test_a_persons_mark_and_a_task_without_a_verifier_are_no_verification() -> None:
    assert is_verified(make_episode("a"))
    for episode in (
        make_episode("b", tags=(MARKED,)),
        make_episode("c", tags=(UNVERIFIED,)),
        make_episode("d", outcome=Outcome.BLOCKED),
        replace(make_episode("e"), task=replace(make_episode("e").task, verifier=NEVER)),
    ):
        assert not is_verified(episode)


def test_how_sure_is_a_share() -> None:
    with pytest.raises(UsageError, match="least_sure"):
        Opinions(least_sure=2.0)
