"""Points as a model writes them: every family of models counts in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from browser_env.action import Action, Point, Target
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig

Size = tuple[int, int]  # width, height
DECIMALS = 3  # of points in the unit square


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How the points of a page and those that a model writes belong together."""

    page: Size  # in CSS px
    image: Size  # in pixels, as sent
    coordinates: str  # as in VlmConfig

    @property
    def span(self) -> tuple[float, float]:
        """What the page's right and lower edges are called."""
        spans: dict[str, tuple[float, float]] = {"unit": (1.0, 1.0), "thousand": (1000.0, 1000.0), "page": self.page}
        return spans.get(self.coordinates, self.image)

    def written(self, point: Point) -> Point:
        """Return a page's point as the model writes it."""
        digits = DECIMALS if self.coordinates == "unit" else 0
        x, y = (
            round(value * span / size, digits)
            for value, span, size in zip((point.x, point.y), self.span, self.page, strict=True)
        )
        return Point(float(x), float(y))

    def meant(self, point: Point) -> Point:
        """Return the page's point that a model wrote, moved onto the page where it lies beside it."""
        x, y = (
            min(max(value * size / span, 0.0), size - 1.0)
            for value, span, size in zip((point.x, point.y), self.span, self.page, strict=True)
        )
        return Point(round(x, 2), round(y, 2))


def frame_of(observation: Observation, config: VlmConfig) -> Frame:
    """Return the frame of what a model is shown of an observation."""
    page = observation.viewport
    size = page if observation.screenshot is None else observation.screenshot.shape[1::-1]
    return Frame(page=page, image=image_size((size[0], size[1]), config), coordinates=config.coordinates)


def image_size(size: Size, config: VlmConfig) -> Size:
    """Return the size at which a screenshot is sent: enlarged, at most so many pixels, in whole multiples."""
    width, height = (side * config.image_scale for side in size)
    shrink = min(1.0, (config.image_pixels / (width * height)) ** 0.5)
    unit = config.image_multiple
    sides = [max(int(side * shrink) // unit, 1) * unit for side in (width, height)]
    return sides[0], sides[1]


def written_action(action: Action, observation: Observation, config: VlmConfig) -> Action:
    """Return a page's action as the model writes it; where it sees no ids, it aims at elements' middles."""
    frame = frame_of(observation, config)

    def write(target: Target) -> Target:
        if isinstance(target, Point):
            return frame.written(target)
        element = None if config.ids else observation.element(target)
        return target if element is None else frame.written(Point(*element.center))

    return _with_targets(action, write)


def can_be_written(action: Action, observation: Observation, config: VlmConfig) -> bool:
    """Tell whether a page's action is one that the model is offered: a verb that it knows, targets that it sees."""
    targets = [getattr(action, "target", None), *getattr(action, "path", ())]
    elements = [target for target in targets if isinstance(target, str)]
    needs_points = any(isinstance(target, Point) for target in targets) or bool(elements and not config.ids)
    return (
        action.verb in config.offered
        and (config.points or not needs_points)
        and all(observation.element(element) is not None for element in elements)
    )


def meant_action(action: Action, observation: Observation, config: VlmConfig) -> Action:
    """Return the page's action that a model wrote."""
    frame = frame_of(observation, config)
    return _with_targets(action, lambda target: frame.meant(target) if isinstance(target, Point) else target)


def _with_targets(action: Action, change: Callable[[Target], Target]) -> Action:
    changes: dict[str, Any] = {}
    if hasattr(action, "target"):
        changes["target"] = change(action.target)
    if hasattr(action, "path"):
        changes["path"] = tuple(change(target) for target in action.path)
    return replace(action, **changes) if changes else action
