"""Random gaps in what is imitated, so that few demonstrations are not learned by heart."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from policy.batch import Batch
from policy.memory import ELEMENT_MEMORY, PAGE_MEMORY


def hide(batch: Batch, rows: Tensor, *, words: float, images: float, past: float, generator: torch.Generator) -> Batch:
    """Hide, in some rows (B,) of a batch, each word's vector, each screenshot and each past with a probability."""
    ids = {name: getattr(batch, name) for name in ("goal_ids", "name_ids", "value_ids", "neighbour_ids")}
    masked = {name: value.masked_fill(_draw(value[..., :1], rows, words, generator), 0) for name, value in ids.items()}
    unseen = _draw(batch.has_image, rows, images, generator)
    kept = (~_draw(batch.has_image, rows, past, generator)).float()
    return replace(
        batch,
        page=_without_end(batch.page, PAGE_MEMORY, kept[:, None]),
        element_flags=_without_end(batch.element_flags, ELEMENT_MEMORY, kept[:, None, None]),
        **masked,
        has_image=batch.has_image & ~unseen,
        has_crop=batch.has_crop & ~unseen[:, None],
    )


def _without_end(features: Tensor, width: int, kept: Tensor) -> Tensor:
    """Return features whose last few, the past's, are multiplied by what is kept."""
    return torch.cat([features[..., :-width], features[..., -width:] * kept], dim=-1)


def _draw(like: Tensor, rows: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Return a mask shaped like a tensor (B, ...), true with a probability in the given rows only."""
    drawn = torch.rand(like.shape, generator=generator) < probability
    return drawn.to(like.device) & rows.view(-1, *[1] * (like.dim() - 1)).to(like.device)
