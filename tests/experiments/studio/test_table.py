"""An agent's table, without a page of the studio around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from browser_env.acting import Decision
from browser_env.action import Type, Wait
from browser_env.episode import Source
from browser_env.errors import UsageError
from browser_env.host import BrowserHost
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from experiments.experts.policy import ExpertPolicy
from experiments.studio.archive import Archive
from experiments.studio.consent import agreed
from experiments.studio.table import AgentTable
from replay.consent import ConsentRecord
from replay.redaction import Redactor
from replay.store import ReplayStore
from rewards.outcome import Outcome

ASTRAY = "astray"


async def until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not fits():
            await asyncio.sleep(0.01)


def begun(table: AgentTable) -> bool:
    return table.recording is not None and not table.recording.over


class EasilyLost(ExpertPolicy):
    """An expert that gives up where somebody else typed."""

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        if any(element.value == ASTRAY for observation in observations for element in observation.elements):
            raise IndexError("nothing here is as it was")
        return super().act(observations, greedy=greedy)


@asynccontextmanager
async def taken_over(table: AgentTable, consent: ConsentRecord) -> AsyncIterator[asyncio.Task[None]]:
    """An agent's work, which a person who agreed has just taken over."""
    await table.archive.agree(consent)
    host = BrowserHost()
    work = asyncio.create_task(table.work(host))
    await until(lambda: begun(table))
    table.take_over(consent=consent.id, by="a tab")
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await host.close()


def test_an_agent_that_a_person_led_astray_says_so_and_goes_on(tmp_path: Path) -> None:
    archive = Archive(path=tmp_path / "store", redactor=Redactor())
    task = miniwob_task("enter-text")
    table = AgentTable(
        name="agent",
        driver=Source.AGENT,
        task=task,
        policy=EasilyLost(task.name),
        archive=archive,
        pace_s=0.2,
        first_seed=7,
        rest_s=0.2,
    )
    ada, bob = agreed(subject="Ada", days=30), agreed(subject="Bob", days=30)

    async def run() -> None:
        async with taken_over(table, ada) as work:
            with pytest.raises(UsageError, match="somebody else acts"):
                table.take_over(consent=ada.id, by="another tab")
            recording = table.recording
            assert recording is not None
            field = next(element for element in recording.observation.elements if element.role == "textbox")
            await recording.act(Type(field.id, ASTRAY), actor=Source.HUMAN)
            recording.pause(paused=True)
            table.hand_back()
            assert not recording.paused
            with pytest.raises(UsageError, match="another consent"):
                table.take_over(consent=bob.id, by="another tab")
            await until(lambda: bool(table.trouble))
            assert "IndexError" in table.trouble
            assert table.driver is Source.AGENT
            await until(lambda: begun(table))
            assert not work.done()

    asyncio.run(run())
    with ReplayStore(tmp_path / "store", read_only=True) as store:
        (led,) = store.episodes()
    assert led.steps[-1].intervention
    assert led.consent == ada.id
    assert led.seed == 7
    assert led.outcome is Outcome.INFRA_ERROR


@pytest.mark.parametrize("helped", [True, False])
def test_what_a_person_did_for_an_agent_outlives_the_studio(tmp_path: Path, helped: bool) -> None:
    archive = Archive(path=tmp_path / "store", redactor=Redactor())
    task = miniwob_task("enter-text")
    policy = ExpertPolicy(task.name)
    table = AgentTable(
        name="agent", driver=Source.AGENT, task=task, policy=policy, archive=archive, pace_s=0.2, first_seed=7
    )
    ada = agreed(subject="Ada", days=30)

    async def run() -> None:
        async with taken_over(table, ada) as work:
            assert table.recording is not None
            if helped:
                await table.recording.act(Wait(10), actor=Source.HUMAN)
            work.cancel()
            (ended,) = await asyncio.gather(work, return_exceptions=True)
            assert isinstance(ended, asyncio.CancelledError)

    asyncio.run(run())
    with ReplayStore(tmp_path / "store", read_only=True) as store:
        kept = list(store.episodes())
    assert [(episode.consent, episode.outcome) for episode in kept] == [(ada.id, Outcome.TRUNCATED)] * helped
    assert all("studio ended" in episode.reason for episode in kept)
