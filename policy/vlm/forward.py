"""One forward pass over sequences that are packed behind each other and do not see each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from policy.vlm.encoding import Encoded
from policy.vlm.pretrained import inner

IMAGES_SECOND = ("idefics2", "idefics3", "smolvlm")  # families whose pixels are (batch, num_images, ...)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """A prompt and the reply that was or should be written to it."""

    prompt: Encoded
    reply: tuple[int, ...]

    @property
    def length(self) -> int:
        """How many tokens a model reads of it: all but the last."""
        return len(self.prompt.ids) + len(self.reply) - 1


def pack_up(lengths: Sequence[int], *, most: int) -> list[list[int]]:
    """Return which sequences go together: at most so many tokens, or a single longer sequence."""
    packs: list[list[int]] = []
    room: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        fitting = [number for number, free in enumerate(room) if free >= lengths[index]]
        if fitting:
            packs[fitting[0]].append(index)
            room[fitting[0]] -= lengths[index]
        else:
            packs.append([index])
            room.append(most - lengths[index])
    return packs


def reply_logits(model: nn.Module, rows: Sequence[Written]) -> Tensor:
    """Return the logits of every reply token of all rows, one row behind the other (num_tokens, vocabulary).

    Models that see their past through windows, or keep it in another way, are given one row at a time, and so are those
    whose pictures' tokens see each other, and those of FlashAttention 2 that place pictures in a plane: by their
    positions it could not tell sequences apart.
    """
    if reads_together(model, rows):
        return _packed_logits(model, rows)
    return torch.cat([_packed_logits(model, [row]) for row in rows])


def reads_together(model: nn.Module, rows: Sequence[Written]) -> bool:
    """Tell whether rows are read in one pass, not one after the other."""
    return can_pack(model, [row.prompt for row in rows]) and not (_is_flash(model) and in_plane(model))


def can_pack(model: nn.Module, prompts: Sequence[Encoded]) -> bool:
    """Tell whether prompts may stand behind each other in one pass."""
    return sees_all(model) and not any(kinds_of(model, prompt) for prompt in prompts)


def sees_all(model: nn.Module) -> bool:
    """Tell whether every layer of a model attends to the whole past."""
    shape = inner(model).config.get_text_config()
    kinds = getattr(shape, "layer_types", None) or ()
    return set(kinds) <= {"full_attention"} and (bool(kinds) or not getattr(shape, "sliding_window", None))


def _packed_logits(model: nn.Module, rows: Sequence[Written]) -> Tensor:
    device = next(model.parameters()).device
    ids = torch.tensor([[token for row in rows for token in (*row.prompt.ids, *row.reply[:-1])]], device=device)
    starts = torch.tensor([0, *(row.length for row in rows)]).cumsum(0).tolist()
    places = [
        torch.arange(start + len(row.prompt.ids) - 1, start + row.length)
        for start, row in zip(starts, rows, strict=False)
    ]
    output: Any = model(
        input_ids=ids,
        position_ids=torch.cat([positions(model, row.prompt, row.reply[:-1]) for row in rows], dim=-1).to(device),
        attention_mask=_mask(model, [row.length for row in rows]),
        **pixels_of(model, [row.prompt for row in rows]),
        **(kinds_of(model, rows[0].prompt, more=len(rows[0].reply) - 1) if len(rows) == 1 else {}),
        use_cache=False,
        logits_to_keep=torch.cat(places).to(device),
    )
    logits: Tensor = output.logits[0]
    return logits


def positions(model: nn.Module, prompt: Encoded, reply: Sequence[int] = ()) -> Tensor:
    """Return the places of tokens, (1, length), or (3, 1, length) for models that place pictures in a plane."""
    ids = torch.tensor([[*prompt.ids, *reply]])
    if not in_plane(model):
        return torch.arange(ids.shape[1])[None]
    kinds = (ids == inner(model).config.image_token_id).int()
    grids = prompt.pixels.get("image_grid_thw")
    planes: Tensor = inner(model).model.get_rope_index(ids, mm_token_type_ids=kinds, image_grid_thw=grids)[0]
    return planes


def in_plane(model: nn.Module) -> bool:
    """Tell whether a model places pictures in a plane."""
    return hasattr(inner(model).model, "get_rope_index")


def kinds_of(model: nn.Module, prompt: Encoded, *, more: int = 0) -> dict[str, Tensor]:
    """Return the kinds of a prompt's tokens, and of so many more that are text, by the names that the model takes.

    Models that place pictures in a plane are told by their positions.
    """
    if in_plane(model):
        return {}
    taken, device = signature(inner(model).forward).parameters, next(model.parameters()).device
    return {
        name: nn.functional.pad(kinds, (0, more)).to(device) for name, kinds in prompt.kinds.items() if name in taken
    }


def pixels_of(model: nn.Module, prompts: Sequence[Encoded], *, side_by_side: bool = False) -> dict[str, Tensor]:
    """Return what the model takes of the prompts' pictures, where the model is.

    Prompts are behind each other in one row, or ``side_by_side`` in rows of their own.
    """
    parameter = next(model.parameters())
    seen = [prompt.pixels for prompt in prompts if prompt.pixels]
    dim = 1 if inner(model).config.model_type in IMAGES_SECOND and not side_by_side else 0
    joined = {name: torch.cat([pixels[name] for pixels in seen], dim=dim) for name in (seen[0] if seen else ())}
    return {
        name: value.to(parameter.device, parameter.dtype if value.is_floating_point() else None)
        for name, value in joined.items()
    }


def _is_flash(model: nn.Module) -> bool:
    return bool(inner(model).config._attn_implementation == "flash_attention_2")


def _mask(model: nn.Module, lengths: Sequence[int]) -> Tensor | None:
    """Return what is added to attention (1, 1, length, length): minus infinity but for a sequence's own past."""
    if len(lengths) == 1 or _is_flash(model):
        return None  # FlashAttention tells sequences apart by positions that begin anew
    parameter = next(model.parameters())
    owner = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)).to(parameter.device)
    seen = (owner[:, None] == owner[None]).tril_()
    least = torch.finfo(parameter.dtype).min
    mask = torch.full(seen.shape, least, dtype=parameter.dtype, device=parameter.device)
    return mask.masked_fill_(seen, 0)[None, None]
