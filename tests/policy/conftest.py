"""Hand-made pages for the policy's tests."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from browser_env.observation import Element, Observation

LETTERS = "abcdefghijklmnopqrstuvwxyz"
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def button(index: int, name: str, **changes: object) -> Element:
    """A button in a column of buttons."""
    fields = {"role": "button", "states": ("clickable",), "box": (10.0, 5.0 + 30 * index, 60.0, 20.0)}
    return Element(**{"id": f"e{index + 1}", "name": name, **fields, **changes})  # type: ignore[arg-type]


def field(index: int, name: str = "", value: str = "") -> Element:
    """A text field in the same column."""
    return button(index, name, role="textbox", value=value, states=("clickable", "editable"))


def picture(seed: int = 0) -> np.ndarray:
    """A screenshot of noise."""
    return np.random.default_rng(seed).integers(0, 256, (210, 160, 3), dtype=np.uint8)


@pytest.fixture
def form() -> Observation:
    """A page where every kind of choice is possible."""
    elements = (
        button(0, "Go"),
        field(1, "User"),
        field(2, "Pass"),
        button(3, "Country", role="combobox"),
        button(4, "France", role="option", parent="e4", box=(0, 0, 0, 0), visible=False),
        button(5, "Chad", role="option", parent="e4", box=(0, 0, 0, 0), visible=False),
        button(6, "Chad", role="option", parent="e4", box=(0, 0, 0, 0), visible=False),
        button(7, "Old", states=("clickable", "disabled")),
    )
    goal = 'Enter "anna b" as user and "x-1" as pass, pick Chad, then anna b goes on.'
    return Observation(goal=goal, elements=elements, screenshot=picture())


@pytest.fixture
def make_named() -> Callable[[random.Random], tuple[Observation, str]]:
    """Draw a page of buttons with invented names, one of which the goal asks for."""

    def make(rng: random.Random) -> tuple[Observation, str]:
        names = ["".join(rng.choices(LETTERS, k=rng.randint(4, 7))) for _ in range(5)]
        target = rng.randrange(5)
        elements = tuple(button(i, name) for i, name in enumerate(names))
        return Observation(goal=f"Please click {names[target]} now.", elements=elements), f"e{target + 1}"

    return make


@pytest.fixture
def make_coloured() -> Callable[[random.Random], tuple[Observation, str]]:
    """Draw a page of boxes without text in four colours, one of which the goal names."""

    def make(rng: random.Random) -> tuple[Observation, str]:
        colours = rng.sample(sorted(COLOURS), 4)
        screenshot = np.full((210, 160, 3), 255, dtype=np.uint8)
        for i, colour in enumerate(colours):
            screenshot[5 + 30 * i : 25 + 30 * i, 10:70] = COLOURS[colour]
        target = rng.randrange(4)
        elements = tuple(button(i, "", role="generic", states=()) for i in range(4))
        goal = f"Click on the {colours[target]} box."
        return Observation(goal=goal, elements=elements, screenshot=screenshot), f"e{target + 1}"

    return make
