"""Gymnasium spaces over typed observations and actions."""

from __future__ import annotations

import base64
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import create_shared_memory, read_from_shared_memory, write_to_shared_memory

from browser_env.action import (
    Action,
    Click,
    DoubleClick,
    Hover,
    Point,
    Press,
    Scroll,
    Type,
    Wait,
    action_from_json,
)
from browser_env.errors import ActionError
from browser_env.keys import NAMED_KEYS
from browser_env.observation import STATES, Dialog, Element, Observation, Tab, black_picture
from browser_env.observation_memory import ObservationMemory, ObservationsView

SAMPLED_TEXT = "abcdefghijklmnopqrstuvwxyz "


class ObservationSpace(gym.Space[Observation]):
    """All observations of a viewport.

    Batches are tuples. ``AsyncVectorEnv`` may keep them in shared memory, where an observation has 1 MiB
    beside its pixels.
    """

    def __init__(self, *, viewport: tuple[int, int], pixels: bool = True, seed: int | None = None):
        super().__init__(seed=seed)
        self.viewport = viewport
        self.pixels = pixels

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """Height, width and three colours; None without pixels."""
        width, height = self.viewport
        return (height, width, 3) if self.pixels else None

    @property
    def is_np_flattenable(self) -> bool:
        """Elements and texts have no fixed length; see :class:`browser_env.wrappers.DictObservation`."""
        return False

    def blank(self, goal: str = "") -> Observation:
        """Return the observation of an empty black page."""
        picture = black_picture(self.viewport) if self.pixels else None
        return Observation(goal=goal, viewport=self.viewport, screenshot=picture)

    def sample(self, mask: Any = None, probability: Any = None) -> Observation:
        """Return random pixels with a few random elements."""
        shape = self.picture_shape
        pixels = None if shape is None else self.np_random.integers(0, 256, shape, dtype=np.uint8)
        elements = tuple(self._element(index) for index in range(self.np_random.integers(0, 6)))
        goal = _random_text(self.np_random)
        return Observation(goal=goal, screenshot=pixels, elements=elements, viewport=self.viewport)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is an observation of this viewport with the right picture."""
        if not isinstance(x, Observation) or x.viewport != self.viewport or (x.screenshot is None) == self.pixels:
            return False
        if not isinstance(x.goal, str) or not all(isinstance(element, Element) for element in x.elements):
            return False
        return x.screenshot is None or (x.screenshot.shape == self.picture_shape and x.screenshot.dtype == np.uint8)

    def to_jsonable(self, sample_n: Iterable[Observation]) -> list[dict[str, Any]]:
        """Return observations as JSON data, their pixels in base64."""
        return [asdict(without_pixels(x)) | {"screenshot": _to_base64(x)} for x in sample_n]

    def from_jsonable(self, sample_n: list[dict[str, Any]]) -> list[Observation]:
        """Rebuild observations from :meth:`to_jsonable`."""
        return [self._from_data(data) for data in sample_n]

    def _from_data(self, data: dict[str, Any]) -> Observation:
        known = _tuples(data) | {
            "elements": tuple(Element(**_tuples(row)) for row in data["elements"]),
            "tabs": tuple(Tab(**row) for row in data["tabs"]),
            "dialog": data["dialog"] and Dialog(**data["dialog"]),
        }
        if data["screenshot"] is not None and self.picture_shape is not None:
            flat = np.frombuffer(base64.b64decode(data["screenshot"]), np.uint8)
            known["screenshot"] = flat.reshape(self.picture_shape).copy()
        return Observation(**known)

    def _element(self, index: int) -> Element:
        box = self.np_random.integers(0, 200, 4).astype(float).tolist()
        states = tuple(state for state in STATES if self.np_random.random() < 0.3)
        name = _random_text(self.np_random)
        return Element(
            id=f"e{index + 1}", role="button", name=name, states=states, box=(box[0], box[1], box[2], box[3])
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObservationSpace) and (self.viewport, self.pixels) == (other.viewport, other.pixels)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ObservationSpace(viewport={self.viewport}, pixels={self.pixels})"


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    """Return JSON data with its lists as the tuples that they were."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


class ActionSpace(gym.Space[Action]):
    """All typed actions; samples act on points of the viewport."""

    def __init__(self, *, viewport: tuple[int, int], seed: int | None = None):
        super().__init__(seed=seed)
        self.viewport = viewport

    @property
    def is_np_flattenable(self) -> bool:
        """Texts have no fixed length."""
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> Action:
        """Return a random action that every page accepts."""
        makers: tuple[Callable[[], Action], ...] = (
            lambda: Click(self._point()),
            lambda: DoubleClick(self._point()),
            lambda: Hover(self._point()),
            lambda: Scroll(self._point(), 0.0, float(self.np_random.integers(-200, 201))),
            lambda: Type(self._point(), _random_text(self.np_random)),
            lambda: Press(str(self.np_random.choice(list(NAMED_KEYS)))),
            lambda: Wait(int(self.np_random.integers(0, 1000))),
        )
        return makers[self.np_random.integers(len(makers))]()

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is a well-formed action."""
        try:
            return isinstance(x, Action) and action_from_json(x.to_json()) == x
        except ActionError:
            return False

    def to_jsonable(self, sample_n: Iterable[Action]) -> list[dict[str, Any]]:
        """Return actions in their JSON form."""
        return [action.to_json() for action in sample_n]

    def from_jsonable(self, sample_n: list[dict[str, Any]]) -> list[Action]:
        """Rebuild actions from :meth:`to_jsonable`."""
        return [action_from_json(data) for data in sample_n]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActionSpace) and self.viewport == other.viewport

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ActionSpace(viewport={self.viewport})"

    def _point(self) -> Point:
        width, height = self.viewport
        return Point(float(self.np_random.integers(width)), float(self.np_random.integers(height)))


def without_pixels(observation: Observation) -> Observation:
    """Return the same observation without its picture."""
    return observation if observation.screenshot is None else replace(observation, screenshot=None)


def _random_text(chance: np.random.Generator) -> str:
    return "".join(chance.choice(list(SAMPLED_TEXT), chance.integers(1, 9)))


def _to_base64(observation: Observation) -> str | None:
    return None if observation.screenshot is None else base64.b64encode(observation.screenshot.tobytes()).decode()


@create_shared_memory.register(ObservationSpace)
def _create_memory(space: ObservationSpace, n: int = 1, ctx: Any = multiprocessing) -> ObservationMemory:
    return ObservationMemory.make(num=n, shape=space.picture_shape, context=ctx)


@read_from_shared_memory.register(ObservationSpace)
def _read_memory(space: ObservationSpace, shared_memory: ObservationMemory, n: int = 1) -> ObservationsView:
    return ObservationsView(shared_memory, num=n, shape=space.picture_shape, blank=space.blank())


@write_to_shared_memory.register(ObservationSpace)
def _write_memory(space: ObservationSpace, index: int, value: Observation, shared_memory: ObservationMemory) -> None:
    shared_memory.write(index, value, shape=space.picture_shape)
