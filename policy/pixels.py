"""Small pictures of the page and of its elements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.page import has_area

Pictures = NDArray[np.uint8]  # RGB
Flags = NDArray[np.bool_]


def usable(observation: Observation, config: CompactConfig) -> bool:
    """Tell whether there is a screenshot to look at."""
    pixels = observation.screenshot
    if pixels is None or not config.use_screenshot or pixels.dtype != np.uint8:
        return False
    return pixels.ndim == 3 and pixels.shape[2] == 3 and 0 not in pixels.shape


def shrink(observation: Observation, config: CompactConfig) -> Pictures:
    """Return the whole screenshot at the network's size, black where there is none."""
    width, height = config.image_size
    if observation.screenshot is None or not usable(observation, config):
        return np.zeros((height, width, 3), dtype=np.uint8)
    image = Image.fromarray(np.ascontiguousarray(observation.screenshot))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX, reducing_gap=1.0), dtype=np.uint8)


def crop(observation: Observation, elements: Sequence[Element], config: CompactConfig) -> tuple[Pictures, Flags]:
    """Return the elements' pictures (N, 3, side, side), black where nothing can be seen, and where something can."""
    side, pixels = config.crop_size, observation.screenshot
    if not elements or pixels is None or not usable(observation, config):
        return np.zeros((len(elements), 3, side, side), dtype=np.uint8), np.zeros(len(elements), dtype=np.bool_)
    corners = _corners(observation, elements, pixels.shape, config.crop_margin)  # (N, 2, 2)
    shown = np.array([element.visible and has_area(element) for element in elements])
    shown &= (corners[:, 1] - corners[:, 0] >= 1).all(axis=1)
    steps = (np.arange(2 * side) + 0.5) / (2 * side)
    places = corners[:, 0, :, None] + (corners[:, 1] - corners[:, 0])[:, :, None] * steps
    places = places.astype(np.int64)  # (N, 2, 2 * side)
    flat = np.where(shown[:, None, None], places[:, 1, :, None] * pixels.shape[1] + places[:, 0, None, :], 0)
    planes = [_halve(pixels.ravel().take(3 * flat + channel)) for channel in range(3)]
    return np.where(shown[:, None, None, None], np.stack(planes, axis=1), 0), shown


def _halve(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the means of squares of four pixels of planes (N, 2 * side, 2 * side)."""
    fine = plane.astype(np.uint16)
    rows = fine[:, ::2] + fine[:, 1::2]
    return ((rows[:, :, ::2] + rows[:, :, 1::2]) // 4).astype(np.uint8)


def _corners(
    observation: Observation, elements: Sequence[Element], shape: tuple[int, ...], margin: float
) -> NDArray[np.float64]:
    """Return the first and last corner of each box, less its margin, in screenshot pixels: (N, corner, x and y)."""
    boxes = np.nan_to_num(np.array([element.box for element in elements], dtype=np.float64), posinf=0.0, neginf=0.0)
    size = np.array([shape[1], shape[0]], dtype=np.float64)
    scale = size / np.maximum(observation.viewport, 1)
    boxes = boxes.clip(-1e6, 1e6)
    first = boxes[:, :2] + margin * boxes[:, 2:]
    last = boxes[:, :2] + (1 - margin) * boxes[:, 2:]
    return (np.stack([first, last], axis=1) * scale).clip(0.0, size)
