from __future__ import annotations

import asyncio
from pathlib import Path

from browser_env.action import Click, Type
from browser_env.episode import Source
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from experiments.experts.policy import ExpertPolicy
from experiments.studio.consent import agreed
from experiments.studio.offering import offer
from experiments.studio.rehearsing import Session, rehearse
from replay.store import ReplayStore

CLICKING = (
    "choose-list",
    "click-color",
    "click-dialog-2",
    "click-tab-2",
)  # seed 3 wants a text of a tab, and a dialog's ×


def test_a_scripted_person_records_as_people_do(tmp_path: Path) -> None:
    names = ("miniwob/login-user", *(f"miniwob/{name}" for name in CLICKING))
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
    with Pool(num_envs=1) as pool:
        for name in CLICKING:
            task = miniwob_task(name)
            (acted,) = pool.rollout(ExpertPolicy(task.name), [RolloutRequest(task=task, seed=3)])
            assert episodes[task.name].steps == acted.steps, "pixels included"
    login = episodes["miniwob/login-user"]
    assert [type(step.action) for step in login.steps] == [Click, Type, Click, Type, Click]
