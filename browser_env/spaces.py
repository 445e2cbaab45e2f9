"""Gymnasium spaces over typed observations and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

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
from browser_env.observation import Observation

SAMPLED_TEXT = "abcdefghijklmnopqrstuvwxyz "


class ObservationSpace(gym.Space[Observation]):
    """All observations of a viewport; a sample is an empty page of random pixels."""

    def __init__(self, *, viewport: tuple[int, int], pixels: bool = True, seed: int | None = None):
        super().__init__(seed=seed)
        self.viewport = viewport
        self.pixels = pixels

    @property
    def is_np_flattenable(self) -> bool:
        """Elements and texts have no fixed length."""
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> Observation:
        """Return a random observation."""
        width, height = self.viewport
        pixels = self.np_random.integers(0, 256, (height, width, 3), dtype=np.uint8) if self.pixels else None
        return Observation(goal="", screenshot=pixels, viewport=self.viewport)

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is an observation with the right picture."""
        if not isinstance(x, Observation) or (x.screenshot is None) == self.pixels:
            return False
        width, height = self.viewport
        return x.screenshot is None or (x.screenshot.shape == (height, width, 3) and x.screenshot.dtype == np.uint8)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObservationSpace) and (self.viewport, self.pixels) == (other.viewport, other.pixels)

    __hash__ = None  # type: ignore[assignment]


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
            lambda: Type(self._point(), self._text()),
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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActionSpace) and self.viewport == other.viewport

    __hash__ = None  # type: ignore[assignment]

    def _point(self) -> Point:
        width, height = self.viewport
        return Point(float(self.np_random.integers(width)), float(self.np_random.integers(height)))

    def _text(self) -> str:
        return "".join(self.np_random.choice(list(SAMPLED_TEXT), self.np_random.integers(1, 9)))
