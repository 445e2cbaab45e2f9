"""A recording on a real page, without the studio around it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from browser_env.action import Answer, Wait
from browser_env.environment import Environment
from browser_env.episode import Source
from browser_env.errors import InfraError, UsageError
from browser_env.host import BrowserHost
from browser_env.task import NEVER, Task
from experiments.studio.recording import Mark, Recording
from rewards.outcome import Outcome


def test_a_step_that_nobody_waits_for_is_recorded(shop_task: Task) -> None:
    async def run() -> None:
        host = BrowserHost()
        recording = Recording(Environment(host), shop_task, seed=0, source=Source.HUMAN, consent=None)
        await recording.restart()
        seen = recording.observation
        waiting = asyncio.create_task(recording.act(Wait(10), actor=Source.HUMAN))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(UsageError, match="another step came first"):
            await recording.act(Wait(20), actor=Source.AGENT, seen=seen)
        assert [step.action for step in recording.steps] == [Wait(10)]
        await recording.close()
        await host.close()

    asyncio.run(run())


def test_steps_outlive_a_page_that_cannot_be_reset(shop_task: Task) -> None:
    async def run() -> None:
        host = BrowserHost()
        recording = Recording(Environment(host), shop_task, seed=0, source=Source.HUMAN, consent=None)
        await recording.restart()
        await recording.act(Wait(10), actor=Source.HUMAN)
        await recording.act(Wait(20), actor=Source.HUMAN)
        recording.task = replace(shop_task, url="http://127.0.0.1:9/")
        with pytest.raises(InfraError, match="all are still there"):
            await recording.discard_last()
        assert [step.action for step in recording.steps] == [Wait(10), Wait(20)]
        with pytest.raises(UsageError, match="not where the steps lead"):
            await recording.act(Wait(30), actor=Source.HUMAN)
        recording.task = shop_task
        await recording.discard_last()
        await recording.act(Wait(30), actor=Source.HUMAN)
        assert [step.action for step in recording.steps] == [Wait(10), Wait(30)]
        await recording.close()
        await host.close()

    asyncio.run(run())


def test_a_mark_counts_where_no_verifier_judges(shop_task: Task) -> None:
    async def run() -> None:
        host = BrowserHost()
        verified = Recording(Environment(host), shop_task, seed=0, source=Source.HUMAN, consent=None)
        await verified.restart()
        await verified.act(Wait(10), actor=Source.HUMAN)
        assert not verified.takes_mark
        episode = verified.finish(Mark.SUCCESS)
        assert (episode.outcome, episode.reward, episode.tags) == (Outcome.TRUNCATED, 0.0, ())
        await verified.close()

        open_ended = replace(shop_task, verifier=NEVER)
        recording = Recording(Environment(host), open_ended, seed=0, source=Source.HUMAN, consent=None)
        await recording.restart()
        await recording.act(Answer("blue"), actor=Source.HUMAN)
        assert recording.over
        assert recording.takes_mark
        marked = recording.finish(Mark.SUCCESS)
        assert (marked.outcome, marked.reward) == (Outcome.SUCCESS, 1.0)
        assert marked.tags == ("judged-by-person", "marked-success")
        assert recording.finish(Mark.UNCLEAR).outcome is Outcome.TRUNCATED
        assert recording.finish().outcome is Outcome.FAILURE
        await recording.close()
        await host.close()

    asyncio.run(run())
