"""A recording on a real page, without the studio around it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from browser_env.action import Wait
from browser_env.environment import Environment
from browser_env.episode import Source
from browser_env.errors import InfraError, UsageError
from browser_env.host import BrowserHost
from browser_env.task import Task
from experiments.studio.recording import Recording


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
