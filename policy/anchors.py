"""Where an element stands to those that the goal names: beside a label, in a row with a name, the third below it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policy.alignment import Link
from policy.page import Page

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

MOST_BEFORE = 10  # places in the list up to which an anchor's distance has a feature of its own
MOST_AFTER = 4
ANCHOR_FEATURES = MOST_BEFORE + MOST_AFTER + 2 * 3 + 2


def lines(page: Page) -> tuple[Flags, Flags]:
    """Return which elements are in one row, and which in one column: both (num_elements, num_elements).

    They are where their middles are no further apart than half of the smaller one's side.
    """
    boxes, found = _boxes(page), []
    for axis in (1, 0):
        middles, sides = boxes[:, axis] + boxes[:, axis + 2] / 2, boxes[:, axis + 2]
        least = np.minimum(sides[:, None], sides[None, :])
        found.append((np.abs(middles[:, None] - middles[None, :]) <= least / 2) & (least > 0))
    return found[0], found[1]


def anchor_features(page: Page, links: NDArray[np.int64], rows: Flags, columns: Flags) -> Floats:
    """Return where each element's anchors are, the nearest that the goal names before and after it in the list.

    Of shape (num_elements, ANCHOR_FEATURES): how many places away, as one of many; how far on the page, in shares of
    the viewport; where in the goal the anchor is named; and whether there is any in the same row or column.
    """
    count = len(page.elements)
    features = np.zeros((count, ANCHOR_FEATURES), dtype=np.float32)
    named: Flags = np.any(links >= Link.VALUE, axis=1)
    if not named.any():
        return features
    anchors = np.flatnonzero(named)
    places = (links >= Link.VALUE).argmax(axis=1) / max(links.shape[1], 1)
    width, height = page.observation.viewport
    boxes = _boxes(page)
    middles = (boxes[:, :2] + boxes[:, 2:] / 2) / (max(width, 1), max(height, 1))
    everyone = np.arange(count)
    after = np.searchsorted(anchors, everyone, side="right")  # the first anchor behind each element
    before = np.searchsorted(anchors, everyone, side="left") - 1
    start = 0
    nearest: list[tuple[NDArray[np.int64], int, Flags]] = [
        (before.clip(min=0), MOST_BEFORE, before >= 0),
        (after.clip(max=len(anchors) - 1), MOST_AFTER, after < len(anchors)),
    ]
    for chosen, most, there in nearest:
        anchor = anchors[chosen]
        away = np.abs(everyone - anchor)
        near = there & (away <= most)
        features[everyone[near], start + away[near] - 1] = 1.0
        offsets = (middles - middles[anchor]).clip(-1.0, 1.0)
        features[:, start + most : start + most + 2] = np.where(there[:, None], offsets, 0.0)
        features[:, start + most + 2] = places[anchor] * there
        start += most + 3
    others = named[None, :] & ~np.eye(count, dtype=np.bool_)
    features[:, start] = np.any(rows & others, axis=1)
    features[:, start + 1] = np.any(columns & others, axis=1)
    return features


def _boxes(page: Page) -> NDArray[np.float64]:
    """Return the elements' boxes, 0 for what is not finite: (num_elements, 4)."""
    boxes = np.array([element.box for element in page.elements], dtype=np.float64).reshape(-1, 4)
    return np.nan_to_num(boxes, nan=0.0, posinf=0.0, neginf=0.0)
