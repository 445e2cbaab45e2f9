"""Random gaps in what is imitated, so that few demonstrations are not learned by heart."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from policy.batch import Batch


def hide(batch: Batch, rows: Tensor, *, words: float, images: float, generator: torch.Generator) -> Batch:
    """Hide, in some rows (B,) of a batch, each word's vector and each screenshot with a probability."""
    ids = {name: getattr(batch, name) for name in ("goal_ids", "name_ids", "value_ids", "neighbour_ids")}
    masked = {name: value.masked_fill(_draw(value[..., :1], rows, words, generator), 0) for name, value in ids.items()}
    unseen = _draw(batch.has_image, rows, images, generator)
    return replace(
        batch,
        **masked,
        has_image=batch.has_image & ~unseen,
        has_crop=batch.has_crop & ~unseen[:, None],
    )


def _draw(like: Tensor, rows: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Return a mask shaped like a tensor (B, ...), true with a probability in the given rows only."""
    drawn = torch.rand(like.shape, generator=generator) < probability
    return drawn.to(like.device) & rows.view(-1, *[1] * (like.dim() - 1)).to(like.device)
