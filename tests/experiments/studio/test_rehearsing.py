from __future__ import annotations

import asyncio
from pathlib import Path

from browser_env.action import Click, Type
from browser_env.episode import Source
from browser_env.miniwob import miniwob_task
from experiments.experts.policy import ExpertPolicy
from experiments.studio.consent import agreed
from experiments.studio.offering import offer
from experiments.studio.rehearsing import Session, rehearse
from replay.store import ReplayStore


def test_a_scripted_person_records_as_people_do(tmp_path: Path) -> None:
    names = ("miniwob/login-user", "miniwob/choose-list")
    sessions = [Session(task=miniwob_task(name), seed=3, expert=ExpertPolicy(name)) for name in names]
    studio = offer(tmp_path / "store")
    studio.consent = consent = agreed(subject="scripted person", days=30)
    kept: list[str] = []

    async def run() -> None:
        await studio.start()
        try:
            await studio.archive.agree(consent)
            await rehearse(studio, sessions, on_kept=kept.append)
        finally:
            await studio.stop()

    asyncio.run(run())
    with ReplayStore(tmp_path / "store", read_only=True) as store:
        episodes = {episode.task.name: episode for episode in map(store.get, kept)}
    assert sorted(episodes) == sorted(names)
    for episode in episodes.values():
        assert (episode.source, episode.consent, episode.success) == (Source.HUMAN, consent.id, True)
    login = episodes["miniwob/login-user"]
    assert [type(step.action) for step in login.steps] == [Click, Type, Click, Type, Click]
