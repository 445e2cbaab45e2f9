"""Three policies that know nothing: submitting at once, on every page; waiting and clicking about, on a third of them.

``WEBDUAL_EVERY=1`` does all three on all pages.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from browser_env.action import Click, Wait
from browser_env.env import LoopThread
from browser_env.environment import MAX_WAIT_MS, Environment
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult
from browser_env.miniwob import miniwob_task, page_facts, task_names
from browser_env.observation import Observation
from browser_env.seeds import held_out_seed
from rewards.outcome import Outcome
from rewards.verifier import verify
from tests.browser_env.sampling import EVERY

SUBMITS = re.compile(r"submit|search|go!?|log ?in|agree|done", re.IGNORECASE)
BROWSERS = 2  # browsers at work at the same time
MAX_CLICKS = 5


@dataclass
class Findings:
    """What came of a page's episodes."""

    waited: StepResult | None = None
    submitted: list[StepResult] = field(default_factory=list)
    clicked: list[StepResult] = field(default_factory=list)
    goals: list[str] = field(default_factory=list)
    parts: list[set[str]] = field(default_factory=list)


async def wait_for_the_end(environment: Environment, name: str) -> StepResult:
    limit_ms = page_facts()[name].limit_s * 1000
    pause = Wait(limit_ms // math.ceil(limit_ms / MAX_WAIT_MS))
    await environment.reset(miniwob_task(name, max_steps=20), seed=3)
    while (result := await environment.step(pause)).outcome is None:
        pass
    return result


async def submit_at_once(environment: Environment, observation: Observation) -> StepResult | None:
    buttons = [e for e in observation.elements if SUBMITS.fullmatch(e.name) and "disabled" not in e.states]
    return await environment.step(Click(buttons[-1].id)) if buttons else None


async def click_about(environment: Environment, observation: Observation, seed: int) -> StepResult | None:
    targets, result = [e for e in observation.elements if e.visible], None
    random.Random(seed).shuffle(targets)
    for target in targets[:MAX_CLICKS]:
        result = await environment.step(Click(target.id))
        if result.outcome is not None:
            break
    return result


async def explore(names: Sequence[str], findings: dict[str, Findings]) -> None:
    host = BrowserHost()
    environment = Environment(host, pixels=False)
    for name in names:
        found = findings[name] = Findings()
        whole = task_names().index(name) % EVERY == 0
        found.waited = await wait_for_the_end(environment, name) if whole else None
        for seed in (1, held_out_seed(1)):
            observation = await environment.reset(miniwob_task(name), seed=seed)
            found.goals.append(observation.goal)
            found.parts.append({re.sub(r"^(target) \d+$", r"\1 N", part) for part in environment.fields})
            found.submitted += filter(None, [await submit_at_once(environment, observation)])
        if not whole:
            continue
        observation = await environment.reset(miniwob_task(name), seed=2)
        found.clicked += filter(None, [await click_about(environment, observation, 2)])
    await environment.close()
    await host.close()


@pytest.fixture(scope="module")
def findings(loop: LoopThread) -> dict[str, Findings]:
    found: dict[str, Findings] = {}

    async def all_pages() -> None:
        await asyncio.gather(*(explore(task_names()[first::BROWSERS], found) for first in range(BROWSERS)))

    loop.run(all_pages())
    return found


def test_waiting_earns_nothing_and_page_time_ends_every_episode(findings: dict[str, Findings]) -> None:
    assert sum(found.waited is not None for found in findings.values()) >= len(findings) // EVERY
    for name, found in findings.items():
        if found.waited is None:
            continue
        evidence = found.waited.evidence
        assert (found.waited.outcome, found.waited.reward) == (Outcome.FAILURE, 0.0), name
        assert evidence is not None
        assert evidence.page_limit_ms == page_facts()[name].limit_s * 1000, name
        assert evidence.page_elapsed_ms == evidence.page_limit_ms, name
        assert verify("page_reward", {"mode": "partial"}, evidence).reward <= 0.01, name


def test_submitting_at_once_earns_nothing_unless_nothing_else_is_left_to_do(findings: dict[str, Findings]) -> None:
    paid = {name for name, found in findings.items() if any(result.reward > 0 for result in found.submitted)}
    assert paid <= {name for name, facts in page_facts().items() if facts.may_be_met}
    assert sum(bool(found.submitted) for found in findings.values()) > 60
    wrongly = [result for result in findings["generate-number"].submitted if result.evidence is not None]
    assert all(result.reward == 0 for result in wrongly)


def test_what_clicking_about_earns_is_what_the_page_paid(findings: dict[str, Findings]) -> None:
    for name, found in findings.items():
        for result in (*found.submitted, *found.clicked):
            assert result.outcome in (None, Outcome.SUCCESS, Outcome.FAILURE), (name, result.reason)
            if result.outcome is None or result.evidence is None:
                continue
            raw = result.evidence.page_reward or 0.0
            holds = raw >= page_facts()[name].needed and all(result.evidence.page_checks.values())
            assert result.reward == float(holds), name
            assert verify("page_reward", {"mode": "raw"}, result.evidence).reward == raw, name
            assert -1 <= raw <= 1, name


def test_every_episode_gives_its_goal_and_the_goals_parts(findings: dict[str, Findings]) -> None:
    for name, found in findings.items():
        assert all(found.goals), name
        for parts in found.parts:
            assert parts <= set(page_facts()[name].fields), name
            assert bool(parts) == bool(page_facts()[name].fields), name
