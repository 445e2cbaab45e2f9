"""What the network reads of one observation, as plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from browser_env.acting import Turn
from browser_env.observation import Element
from policy.alignment import ALIGNMENT_FEATURES, Alignment, Link, align, neighbour_names
from policy.anchors import ANCHOR_FEATURES, anchor_features, lines
from policy.choice import kind_mask, pointer_masks
from policy.config import CompactConfig
from policy.memory import ELEMENT_MEMORY, PAGE_MEMORY, element_memory, page_memory
from policy.numbers import NUMBER_FEATURES, number_features
from policy.page import Page, has_area
from policy.pixels import crop, shrink, usable
from policy.ranks import RANK_FEATURES, rank_features
from policy.text import GRAMS_PER_WORD, Hashing, Token, quoted, stable_hash, text_ids

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROLES = (
    *("button", "link", "textbox", "checkbox", "radio", "combobox", "listbox", "option", "tab", "tablist", "tabpanel"),
    *("label", "heading", "img", "svg", "graphics-document", "div", "span", "p", "li", "list", "listitem", "form"),
    *(
        "dialog",
        "graphics-symbol",
        "menu",
        "menuitem",
        "searchbox",
        "spinbutton",
        "slider",
        "switch",
        "text",
        "paragraph",
        "generic",
    ),
    *("table", "row", "cell", "group", "region", "navigation", "canvas", "input", "textarea", "select", "a"),
)  # roles with an embedding of their own; others share hashed ones
STATES = (
    *("checked", "clickable", "disabled", "editable", "expanded", "focused", "readonly", "required", "selected"),
)  # those with a feature of their own
MAX_ORDINAL = 7
MAX_INDEX = 63
BOX_WAVES = np.array([1.0, 2.0, 4.0, 8.0], dtype=np.float32) * math.pi
BOX_FEATURES = 6 + 4 * len(BOX_WAVES)
STATE_FEATURES = len(STATES) + 12
ELEMENT_FEATURES = (
    STATE_FEATURES
    + ALIGNMENT_FEATURES
    + BOX_FEATURES
    + ANCHOR_FEATURES
    + NUMBER_FEATURES
    + RANK_FEATURES
    + ELEMENT_MEMORY
)
GOAL_FEATURES = 10
GOAL_IDS = 1 + GRAMS_PER_WORD
PAGE_FEATURES = 5 + PAGE_MEMORY


class Tie(IntEnum):
    """How one element stands to another; the later wins."""

    NONE = 0
    SIBLING = 1
    COLUMN = 2
    ROW = 3
    NEXT = 4
    PREVIOUS = 5
    PARENT = 6
    CHILD = 7
    SELF = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """One observation for the network: N elements, G goal tokens."""

    page: Floats  # (PAGE_FEATURES,)
    goal_ids: Ints  # (G, GOAL_IDS), hashed
    goal_flags: Floats  # (G, GOAL_FEATURES)
    roles: Ints  # (N,)
    ordinals: Ints  # (N,), elements of the same role listed before
    indices: Ints  # (N,), place in the list
    name_ids: Ints  # (N, name_ids), hashed
    value_ids: Ints  # (N, value_ids), hashed
    neighbour_ids: Ints  # (N, value_ids), hashed name of the element before
    element_flags: Floats  # (N, ELEMENT_FEATURES)
    links: Ints  # (N, G), of Link
    ties: Ints  # (N, N), of Tie
    pointers: Flags  # (num_pointer_kinds, N), which elements each pointer kind may choose
    kinds: Flags  # (num_kinds,)
    image: NDArray[np.uint8]  # (height, width, 3)
    has_image: bool
    crops: NDArray[np.uint8]  # (N, 3, crop_size, crop_size)
    has_crop: Flags  # (N,)

    @property
    def size(self) -> int:
        """The number of its goal tokens and elements."""
        return len(self.goal_ids) + len(self.roles)


def featurize(page: Page, config: CompactConfig, *, past: Sequence[Turn] = (), desired_return: float = 1.0) -> Features:
    """Read everything the network may know of a page, and of what was done before."""
    hashing = Hashing(config.word_buckets, config.gram_buckets)
    names = [element.name for element in page.elements]
    alignment = align(page)
    rows, columns = lines(page)
    crops, has_crop = crop(page.observation, page.elements, config)
    return Features(
        page=_page_features(page, past, desired_return),
        goal_ids=_ids([token.text for token in page.goal], GOAL_IDS, hashing),
        goal_flags=_goal_flags(page.goal, alignment),
        roles=np.array([role_id(element.role, config) for element in page.elements], dtype=np.int64),
        ordinals=_ordinals([element.role for element in page.elements]),
        indices=np.minimum(np.arange(len(names), dtype=np.int64), MAX_INDEX),
        name_ids=_ids(names, config.name_ids, hashing),
        value_ids=_ids([element.value for element in page.elements], config.value_ids, hashing),
        neighbour_ids=_ids(list(neighbour_names(page)), config.value_ids, hashing),
        element_flags=np.concatenate(
            [
                _element_flags(page, alignment),
                anchor_features(page, alignment.links, rows, columns),
                number_features(page, rows, columns),
                rank_features(page),
                element_memory(page, past),
            ],
            axis=1,
        ),
        links=alignment.links,
        ties=_ties(page, rows, columns),
        pointers=pointer_masks(page),
        kinds=kind_mask(page),
        image=shrink(page.observation, config),
        has_image=usable(page.observation, config),
        crops=crops,
        has_crop=has_crop,
    )


def role_id(role: str, config: CompactConfig) -> int:
    """Return a role's row in the embedding table: known ones first, then hashed ones."""
    if role in _ROLE_ROWS:
        return _ROLE_ROWS[role]
    return len(ROLES) + stable_hash(role.lower()) % config.role_buckets


_ROLE_ROWS = {role: row for row, role in enumerate(ROLES)}


def _ids(texts: list[str], width: int, hashing: Hashing) -> Ints:
    rows = [text_ids(text, width, hashing) for text in texts]
    return np.array(rows, dtype=np.int64).reshape(len(texts), width)


def _page_features(page: Page, past: Sequence[Turn], desired_return: float) -> Floats:
    observation = page.observation
    now = np.array(
        [
            observation.error is not None,
            observation.truncated,
            min(len(page.elements), 96) / 96,
            min(len(observation.tabs), 8) / 8,
            1.0 - desired_return,
        ],
        dtype=np.float32,
    )
    return np.concatenate([now, page_memory(past, observation.goal)])


def _goal_flags(goal: tuple[Token, ...], alignment: Alignment) -> Floats:
    best = alignment.links.max(axis=0, initial=0)  # (G,)
    values = (alignment.links == Link.VALUE).any(axis=0)
    flags = np.zeros((len(goal), GOAL_FEATURES), dtype=np.float32)
    for row, token, inside in zip(flags, goal, quoted(goal), strict=True):
        text = token.text
        row[:5] = (not text.isalnum(), text[0].isdigit(), text[0].isupper(), text.isupper(), inside)
        row[5] = min(len(text), 16) / 16
    flags[:, 6] = best >= Link.NAME
    flags[:, 7] = best >= Link.EXACT
    flags[:, 8] = values
    flags[:, 9] = np.arange(len(goal)) / 48
    return flags


def _ordinals(roles: list[str]) -> Ints:
    seen: dict[str, int] = {}
    ordinals = []
    for role in roles:
        ordinals.append(min(seen.get(role, 0), MAX_ORDINAL))
        seen[role] = seen.get(role, 0) + 1
    return np.array(ordinals, dtype=np.int64)


def _element_flags(page: Page, alignment: Alignment) -> Floats:
    states = [_state_flags(element, page) for element in page.elements]
    flat = np.array(states, dtype=np.float32).reshape(len(states), STATE_FEATURES)
    return np.concatenate([flat, alignment.features, _box_features(page)], axis=1)


def _state_flags(element: Element, page: Page) -> list[float]:
    known = [float(state in element.states) for state in STATES]
    return [
        *known,
        float(element.visible),
        float(has_area(element)),
        float(page.observation.focus == element.id),
        float(not element.name),
        float(not element.value),
        float(element.parent in page.rows),
        float(element.name.isdigit()),
        float(element.name.isalpha()),
        float(element.name.istitle()),
        float(len(element.name) == 1),
        min(len(element.name), 64) / 64,
        min(len(element.value), 64) / 64,
    ]


def _box_features(page: Page) -> Floats:
    width, height = page.observation.viewport
    boxes = np.array([element.box for element in page.elements], dtype=np.float64).reshape(-1, 4)
    scale = np.array([width, height, width, height], dtype=np.float64).clip(min=1)
    shares = np.nan_to_num(boxes / scale, nan=0.0).clip(-1.0, 2.0).astype(np.float32)
    centers = shares[:, :2] + shares[:, 2:] / 2  # (N, 2)
    waves = (centers[:, :, None] * BOX_WAVES).reshape(len(boxes), 2 * len(BOX_WAVES))
    return np.concatenate([shares, centers, np.sin(waves), np.cos(waves)], axis=1)


def _ties(page: Page, in_row: Flags, in_column: Flags) -> Ints:
    count = len(page.elements)
    parents = np.array([page.parent(i) if page.parent(i) is not None else -1 for i in range(count)], dtype=np.int64)
    ties = np.where((parents[:, None] == parents[None, :]) & (parents[:, None] >= 0), Tie.SIBLING, Tie.NONE)
    ties[in_column] = Tie.COLUMN
    ties[in_row] = Tie.ROW
    rows = np.arange(count)
    ties[rows[:-1], rows[1:]] = Tie.NEXT
    ties[rows[1:], rows[:-1]] = Tie.PREVIOUS
    with_parent = np.flatnonzero(parents >= 0)
    ties[with_parent, parents[with_parent]] = Tie.PARENT
    ties[parents[with_parent], with_parent] = Tie.CHILD
    ties[rows, rows] = Tie.SELF
    return ties.astype(np.int64)
