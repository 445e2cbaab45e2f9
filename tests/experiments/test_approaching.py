"""Practice begins near the goal, and goes back from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from browser_env.action import Action, Click
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from experiments.approaching import Approach, Route, demonstrated_routes, golden_routes
from replay.kept import in_memory
from rewards import Evidence, Outcome

URL = "http://127.0.0.1/"
CLICKS: tuple[Action, ...] = (Click("e1"), Click("e2"), Click("e3"))
CHECK = VerifierSpec(name="url", params={"equals": URL + "b"})
TASK = Task(name="shop/reach-0", url=URL, verifier=CHECK, golden=("click(e1)", "click(e2)", "click(e3)"))
NAME = TASK.name


def episode(*, success: bool, prefix: int, seed: int = 0) -> Episode:
    return Episode(
        id="e",
        task=TASK,
        seed=seed,
        source=Source.AGENT,
        steps=(),
        final=Observation(goal=""),
        outcome=Outcome.SUCCESS if success else Outcome.FAILURE,
        reward=float(success),
        evidence=Evidence(),
        prefix=CLICKS[:prefix],
    )


def prefix(approach: Approach) -> tuple[Action, ...]:
    start = approach.start(NAME, np.random.default_rng(0))
    return () if start is None else start.actions


def test_practice_goes_back_from_the_goal_as_it_succeeds() -> None:
    approach = Approach(golden_routes([TASK]))
    assert prefix(approach) == CLICKS[:2]
    approach.observe([episode(success=True, prefix=2)] * 3)
    assert prefix(approach) == CLICKS[:1]
    assert approach.left(NAME) == 2
    approach.observe([episode(success=True, prefix=2)] * 9)  # of the level before
    approach.observe([episode(success=False, prefix=1)] * 9)
    assert prefix(approach) == CLICKS[:1]
    assert approach.success(NAME) < 0.2
    assert approach.mean_left() == pytest.approx(2 / 3)
    approach.observe([episode(success=True, prefix=1)] * 9)
    assert prefix(approach) == ()
    approach.observe([episode(success=True, prefix=0)] * 9)
    assert approach.mean_left() == 1


def test_practice_begins_at_the_start_where_a_beginning_cannot_be_made() -> None:
    approach = Approach(golden_routes([TASK]))
    broken = replace(episode(success=False, prefix=2), outcome=Outcome.INFRA_ERROR, steps=())
    approach.observe([broken] * 2)
    assert len(prefix(approach)) == 2
    approach.observe([broken])
    assert prefix(approach) == ()
    assert approach.left(NAME) is None


def test_demonstrations_lead_their_own_seeds() -> None:
    steps = tuple(Step(observation=Observation(goal=""), action=action) for action in CLICKS)
    shown = replace(episode(success=True, prefix=0, seed=7), steps=steps, source=Source.SCRIPT)
    person = replace(shown, source=Source.HUMAN)
    routes = demonstrated_routes([in_memory(shown), in_memory(replace(shown, seed=8, steps=steps[:1]))])
    approach = Approach(routes)
    assert approach.start(NAME, np.random.default_rng(0)) == Route(actions=CLICKS[:2], seed=7)
    approach.observe([episode(success=True, prefix=2, seed=8)] * 3)  # on no known route
    assert approach.left(NAME) == 1
    approach.observe([episode(success=True, prefix=2, seed=7)] * 3)
    assert approach.left(NAME) == 2
    assert demonstrated_routes([in_memory(person)]) == {}, "a person's page was another one"


def test_a_task_without_a_route_begins_at_its_start() -> None:
    approach = Approach({"known": [Route(actions=())]})
    assert approach.start("unknown", np.random.default_rng(0)) is None
    assert approach.start("known", np.random.default_rng(0)) is None
    assert Approach({}).mean_left() == 1


def test_only_a_route_that_fails_in_a_row_is_given_up() -> None:
    approach = Approach({NAME: [Route(actions=CLICKS, seed=1), Route(actions=CLICKS, seed=2)]})
    broken = replace(episode(success=False, prefix=2, seed=1), outcome=Outcome.INFRA_ERROR, steps=())
    approach.observe([broken, broken, episode(success=False, prefix=2, seed=2), broken, broken])
    assert start_seeds(approach) == {1, 2}
    approach.observe([broken])
    assert start_seeds(approach) == {2}
    assert approach.left(NAME) == 1


def start_seeds(approach: Approach) -> set[int | None]:
    rng = np.random.default_rng(0)
    starts = [approach.start(NAME, rng) for _ in range(20)]
    return {start.seed for start in starts if start is not None}


def test_a_demonstration_that_may_not_be_read_any_more_leads_nowhere() -> None:
    def refuse() -> Episode:
        raise DataError("its consent was revoked")

    steps = tuple(Step(observation=Observation(goal=""), action=action) for action in CLICKS)
    shown = in_memory(replace(episode(success=True, prefix=0, seed=7), steps=steps, source=Source.SCRIPT))
    assert [route.seed for route in demonstrated_routes([replace(shown, read=refuse), shown])[NAME]] == [7]
