from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from browser_env.action import Click, Type
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Element, Observation, Screenshot, Tab
from browser_env.task import Task, VerifierSpec
from rewards import Cost, Evidence, Outcome


def make_pixels(shade: int) -> Screenshot:
    pixels = np.zeros((7, 5, 3), dtype=np.uint8)
    pixels[0, 0] = (shade % 256, shade // 256 % 256, shade // 65536 % 256)
    return pixels


def make_observation(index: int, *, shade: int | None = None) -> Observation:
    return Observation(
        goal="Click the button",
        url="http://127.0.0.1/page",
        screenshot=None if shade is None else make_pixels(shade + index),
        elements=(
            Element(id="e1", role="form", box=(0.5, 1.0, 100.0, 20.25)),
            Element(id="e2", role="button", name="Größe 🎈", states=("checked", "focused"), parent="e1"),
        ),
        focus="e2",
        tabs=(Tab(url="http://127.0.0.1/page", title="A page"),),
        error="e9 is not on the page" if index else None,
    )


def make_episode(
    episode_id: str,
    *,
    task: str = "suite/click",
    num_steps: int = 2,
    shade: int | None = None,
    outcome: Outcome = Outcome.SUCCESS,
    **changes: Any,
) -> Episode:
    """An episode; its screenshots are those of ``shade``, ``shade + 1`` and so on, if it has any."""
    steps = tuple(
        Step(
            observation=make_observation(index, shade=shade),
            action=Type("e2", "näive 'quotes'") if index % 2 else Click("e2"),
            log_prob=-0.1 - index,
            value=0.25,
        )
        for index in range(num_steps)
    )
    values: dict[str, Any] = {
        "seed": 3,
        "source": Source.AGENT,
        "reward": 1.0 if outcome is Outcome.SUCCESS else 0.0,
        "evidence": Evidence(text="Done", form_values={"name": "Anna"}),
        "cost": Cost(wall_s=1.5, steps=num_steps),
    } | changes
    return Episode(
        id=episode_id,
        task=Task(name=task, url="http://127.0.0.1/page", verifier=VerifierSpec(name="text", params={"n": [1]})),
        steps=steps,
        final=make_observation(num_steps, shade=shade),
        outcome=outcome,
        **values,
    )


@pytest.fixture(name="make_episode", scope="session")
def _make_episode() -> Callable[..., Episode]:
    return make_episode


@pytest.fixture(name="make_pixels", scope="session")
def _make_pixels() -> Callable[[int], Screenshot]:
    return make_pixels
