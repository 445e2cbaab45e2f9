"""Features of several observations, padded to one size, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policy.alignment import Link
from policy.choice import POINTER_KINDS
from policy.features import Features, Tie

Scalar = TypeVar("Scalar", bound=np.generic)
MAX_OFFSET = 4  # goal tokens further apart than this count as this far
LINK = 2 * MAX_OFFSET + 2
LINK_BACK = LINK + len(Link)
TIE = LINK_BACK + len(Link)
NUM_RELATIONS = TIE + len(Tie)  # 0 is "no relation"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """B observations padded to G goal tokens and N elements."""

    page: Tensor  # (B, PAGE_FEATURES)
    goal_ids: Tensor  # (B, G, GOAL_IDS)
    goal_flags: Tensor  # (B, G, GOAL_FEATURES)
    goal_mask: Tensor  # (B, G), true where a token is
    roles: Tensor  # (B, N)
    ordinals: Tensor  # (B, N)
    indices: Tensor  # (B, N)
    name_ids: Tensor  # (B, N, name_ids)
    value_ids: Tensor  # (B, N, value_ids)
    neighbour_ids: Tensor  # (B, N, value_ids)
    element_flags: Tensor  # (B, N, ELEMENT_FEATURES)
    element_mask: Tensor  # (B, N)
    relations: Tensor  # (B, G + N, G + N)
    named: Tensor  # (B, N, G), true where the goal has the element's whole name
    pointers: Tensor  # (B, num_pointer_kinds, N)
    kinds: Tensor  # (B, num_kinds)
    images: Tensor  # (B, 3, height, width), uint8
    has_image: Tensor  # (B,)
    crops: Tensor  # (B, N, 3, crop_size, crop_size), uint8
    has_crop: Tensor  # (B, N)

    @property
    def size(self) -> int:
        """The number of observations."""
        return len(self.page)

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})


def collate(features: Sequence[Features], *, pad_to: int = 1) -> Batch:
    """Pad features to the longest, rounded up to a multiple of ``pad_to``; at least one element and token."""
    goals = _padded_size([len(item.goal_ids) for item in features], pad_to)
    elements = _padded_size([len(item.roles) for item in features], pad_to)
    links = _pad([item.links for item in features], (elements, goals))
    return Batch(
        page=_tensor(np.stack([item.page for item in features])),
        goal_ids=_tensor(_pad([item.goal_ids for item in features], (goals,))),
        goal_flags=_tensor(_pad([item.goal_flags for item in features], (goals,))),
        goal_mask=_mask([len(item.goal_ids) for item in features], goals),
        roles=_tensor(_pad([item.roles for item in features], (elements,))),
        ordinals=_tensor(_pad([item.ordinals for item in features], (elements,))),
        indices=_tensor(_pad([item.indices for item in features], (elements,))),
        name_ids=_tensor(_pad([item.name_ids for item in features], (elements,))),
        value_ids=_tensor(_pad([item.value_ids for item in features], (elements,))),
        neighbour_ids=_tensor(_pad([item.neighbour_ids for item in features], (elements,))),
        element_flags=_tensor(_pad([item.element_flags for item in features], (elements,))),
        element_mask=_mask([len(item.roles) for item in features], elements),
        relations=_tensor(_relations(links, _pad([item.ties for item in features], (elements, elements)))),
        named=_tensor(links >= Link.NAME),
        pointers=_tensor(_pad([item.pointers for item in features], (len(POINTER_KINDS), elements))),
        kinds=_tensor(np.stack([item.kinds for item in features])),
        images=_tensor(np.stack([item.image for item in features])).permute(0, 3, 1, 2),
        has_image=torch.tensor([item.has_image for item in features]),
        crops=_tensor(_pad([item.crops for item in features], (elements,))),
        has_crop=_tensor(_pad([item.has_crop for item in features], (elements,))),
    )


def _padded_size(lengths: list[int], multiple: int) -> int:
    return -(-max(1, *lengths) // multiple) * multiple


def _pad(arrays: list[NDArray[Scalar]], shape: tuple[int, ...]) -> NDArray[Scalar]:
    """Stack arrays whose first axes are filled up with zeros to a shape."""
    rest = arrays[0].shape[len(shape) :]
    padded = np.zeros((len(arrays), *shape, *rest), dtype=arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return padded


def _tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(array)


def _mask(lengths: list[int], size: int) -> Tensor:
    return torch.arange(size) < torch.tensor(lengths)[:, None]


def _relations(links: NDArray[np.int64], ties: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number for how each goal token or element stands to each other one."""
    batch, elements, goals = links.shape
    relations = np.zeros((batch, goals + elements, goals + elements), dtype=np.int64)
    places = np.arange(goals)
    offsets = np.clip(places[None, :] - places[:, None], -MAX_OFFSET, MAX_OFFSET)
    relations[:, :goals, :goals] = 1 + MAX_OFFSET + offsets
    relations[:, goals:, :goals] = LINK + links
    relations[:, :goals, goals:] = LINK_BACK + links.transpose(0, 2, 1)
    relations[:, goals:, goals:] = TIE + ties
    return relations
