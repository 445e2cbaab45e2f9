"""Replies written side by side, each token's log-probability kept under the distribution it was drawn from."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from policy.vlm.constraint import Writing
from policy.vlm.encoding import Encoded
from policy.vlm.forward import can_pack, in_plane, kinds_of, pixels_of, positions
from policy.vlm.prefixes import Beginning, Prefixes
from policy.vlm.pretrained import Layer, Layers, cache_of, layers_of, new_cache

SAME = 32  # tokens: prompts that have more in common, beyond what is known of them, are read one after the other
MOST_READ = 8192  # tokens of prompts in one pass, what fills shorter ones up included
FULL = 0.7  # least share of these that are tokens of prompts


@dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """A reply in the making."""

    prompt: Encoded
    writing: Writing | None  # what it is held to
    place: int = 0  # of the next token
    cache: Any = None  # of the model, where it cannot be stacked
    layers: Layers = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    finished: bool = False

    @property
    def length(self) -> int:
        """How many tokens the model has read."""
        return len(self.prompt.ids) + len(self.tokens) - 1


def log_distribution(logits: Tensor, *, temperature: float, allowed: Tensor | None) -> Tensor:
    """Return the log-probabilities that tokens are drawn by (..., vocabulary), in float32."""
    scaled = logits.float() / temperature
    if allowed is not None:
        scaled = scaled.masked_fill(~allowed.to(scaled.device), float("-inf"))
    return scaled.log_softmax(dim=-1)


def draw(scores: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return a token of each row's log-probabilities (B, vocabulary), where these are: (B,).

    The likeliest without a generator. The generator draws a number for each row on its own device, so that nothing but
    these goes from one to the other, and the same ones lead to the same tokens everywhere.
    """
    if generator is None:
        return scores.argmax(dim=-1)
    sums = scores.double().exp().cumsum(dim=-1)
    drawn = torch.rand(len(scores), 1, dtype=torch.float64, generator=generator).to(scores.device)
    total = sums[:, -1:]
    below = torch.minimum(drawn * total, torch.nextafter(total, torch.zeros_like(total)))
    return torch.searchsorted(sums, below, right=True)[:, 0]  # the first whose sum is greater, so it is possible


class Generation:
    """Writes replies with a model."""

    def __init__(
        self, model: nn.Module, *, ends: Sequence[int], prefixes: Prefixes, most: int, temperature: float, batch: int
    ) -> None:
        """``most`` tokens are written to a prompt, by ``batch`` rows side by side."""
        self.model, self.ends, self.prefixes = model, frozenset(ends), prefixes
        self.most, self.temperature, self.batch = most, temperature, batch

    def renew(self, model: nn.Module, *, version: int) -> None:
        """The model's weights are here already."""

    def begin(self, generator: torch.Generator | None) -> Replies:
        """Return where rows are written; the likeliest tokens where there is no generator."""
        return Replies(self, generator)

    def write(self, rows: Sequence[Row]) -> None:
        """Fill in all rows' likeliest tokens."""
        replies = self.begin(None)
        for row in rows:
            replies.add(row)
        while not all(row.finished for row in rows):
            replies.advance(wait_s=0.0)


class Replies:
    """Rows written side by side; one that is finished makes room for the next prompt at once."""

    def __init__(self, generation: Generation, generator: torch.Generator | None) -> None:
        self._model, self._ends, self._prefixes = generation.model, generation.ends, generation.prefixes
        self._most, self._temperature, self._batch = generation.most, generation.temperature, generation.batch
        self._generator = generator
        self._waiting, self._open = deque[Row](), list[Row]()
        self._stack = _Stack()

    def add(self, row: Row) -> None:
        """Have a row written."""
        self._waiting.append(row)

    @torch.no_grad()
    def advance(self, *, wait_s: float) -> list[Row]:
        """Read the prompts for which there is room, or else write a token of each row; return the finished rows.

        All of it is done here, so there is nothing to wait for.
        """
        begun = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch - len(self._open)))]
        if begun:
            self._draw(begun, self._begin(begun))
        elif self._open:
            self._draw(self._open, self._read(self._open))
        rows = [*self._open, *begun]
        self._open = [row for row in rows if not row.finished]
        return [row for row in rows if row.finished]

    def close(self) -> None:
        """Give up what is not finished."""
        self._waiting.clear()
        self._open.clear()
        self._stack = _Stack()

    def _begin(self, rows: Sequence[Row]) -> Tensor:
        """Read prompts, but for what is known of them; return the logits of what comes next (B, vocabulary)."""
        logits: dict[Row, Tensor] = {}
        while waiting := [row for row in rows if row not in logits]:
            wave = self._wave(waiting)
            logits |= dict(zip(wave, self._read_prompts(wave), strict=True))
        return torch.stack([logits[row] for row in rows])

    def _wave(self, waiting: Sequence[Row]) -> dict[Row, Beginning]:
        """Return the prompts that are read next, side by side, and what is known of each.

        One that begins as another of them does waits until that is known, and one that is much longer or shorter.
        """
        first, *others = waiting
        wave = {first: self._prefixes.find(first.prompt)}
        if layers_of(new_cache(self._model)) is None or not can_pack(self._model, [row.prompt for row in waiting]):
            return wave
        for row in others:
            begins = self._prefixes.find(row.prompt)
            alike = max(self._prefixes.common(other.prompt, row.prompt) for other in wave)
            new = [len(one.prompt.ids) - known.length for one, known in (wave | {row: begins}).items()]
            filled = max(new) * len(new)
            is_new = alike <= begins.length + SAME or not self._prefixes.most
            if is_new and filled <= MOST_READ and sum(new) >= FULL * filled:
                wave[row] = begins
        return wave

    def _read_prompts(self, wave: Mapping[Row, Beginning]) -> Tensor:
        """Read what is not known of prompts, side by side; return the logits of what comes next (B, vocabulary)."""
        device = next(self._model.parameters()).device
        reads = [(row.prompt, begins.length) for row, begins in wave.items()]
        new = [len(prompt.ids) - start for prompt, start in reads]
        longest = max(new)
        ids = [
            [0] * (longest - count) + [*prompt.ids[start:]] for (prompt, start), count in zip(reads, new, strict=True)
        ]
        places = [positions(self._model, prompt) for prompt, _ in reads]
        begun = [_filled_up(plane[..., start:], longest) for plane, (_, start) in zip(places, reads, strict=True)]
        known = _Known([self._prefixes.layers(row.prompt, begins) for row, begins in wave.items()])
        seen = torch.cat([known.seen, _last(new, longest)], dim=1).long()
        unseen = [prompt for prompt, start in reads if prompt.pixels and self._prefixes.first_image(prompt) >= start]
        output: Any = self._model(
            input_ids=torch.tensor(ids, device=device),
            position_ids=torch.cat(begun, dim=-2).to(device),
            attention_mask=seen.to(device),
            past_key_values=cache_of(known.layers) if known.layers else new_cache(self._model),
            use_cache=True,
            logits_to_keep=1,
            **(kinds_of(self._model, reads[0][0]) if len(wave) == 1 else {}),
            **pixels_of(self._model, unseen, side_by_side=True),
        )
        for index, (row, plane) in enumerate(zip(wave, places, strict=True)):
            row.place = int(plane.max()) + 1
            self._keep(row, output.past_key_values, index, seen[index].to(device).bool())
        logits: Tensor = output.logits[:, -1]
        return logits

    def _keep(self, row: Row, cache: Any, index: int, seen: Tensor) -> None:
        """Give a row the keys and values of its prompt, which are where it is ``seen`` in a cache."""
        layers = layers_of(cache)
        if layers is None:  # of a single row
            row.cache = cache
            return
        own = slice(index, index + 1)
        row.layers = [(keys[own][:, :, seen], values[own][:, :, seen]) for keys, values in layers]
        self._prefixes.keep(row.prompt, row.layers)

    def _draw(self, rows: Sequence[Row], logits: Tensor) -> None:
        """Draw each row's next token from logits (B, vocabulary), where these are."""
        masks = [None if row.writing is None else row.writing.mask() for row in rows]
        held = [mask for mask in masks if mask is not None]
        allowed = torch.stack(held) if held else None  # all rows are held to the language of actions, or none
        scores = log_distribution(logits, temperature=self._temperature, allowed=allowed)
        drawn = draw(scores, self._generator)
        weighed = scores.gather(1, drawn[:, None])[:, 0]
        for row, token, log_prob in zip(rows, drawn.tolist(), weighed.tolist(), strict=True):
            row.tokens.append(token)
            row.log_probs.append(log_prob)
            row.finished = token in self._ends or len(row.tokens) == self._most
            if row.writing is not None:
                row.writing.write(token)

    def _read(self, rows: Sequence[Row]) -> Tensor:
        """Have the model read each row's last token; those that cannot be stacked are read alone (B, vocabulary)."""
        if any(row.cache is not None for row in rows):
            return torch.cat([self._read_alone(row) for row in rows])
        self._stack.hold(rows)
        lengths = [row.length + 1 for row in rows]
        logits, self._stack.cache = self._step(rows, self._stack.cache, _last(lengths, max(lengths)).long())
        return logits

    def _read_alone(self, row: Row) -> Tensor:
        logits, row.cache = self._step([row], row.cache, torch.ones(1, row.length + 1, dtype=torch.long))
        return logits

    def _step(self, rows: Sequence[Row], cache: Any, seen: Tensor) -> tuple[Tensor, Any]:
        device = next(self._model.parameters()).device
        places = torch.tensor([[row.place] for row in rows], device=device)
        output: Any = self._model(
            input_ids=torch.tensor([row.tokens[-1:] for row in rows], device=device),
            position_ids=places.expand(3, -1, -1) if in_plane(self._model) else places,
            attention_mask=seen.to(device),
            past_key_values=cache,
            use_cache=True,
        )
        for row in rows:
            row.place += 1
        return output.logits[:, -1], output.past_key_values


class _Stack:
    """The keys and values of rows side by side, each at the right end."""

    def __init__(self) -> None:
        self.cache: Any = None
        self._rows: list[Row] = []

    def hold(self, rows: Sequence[Row]) -> None:
        """Take rows in and let others go."""
        if [id(row) for row in rows] == [id(row) for row in self._rows]:
            return
        for index, row in enumerate(self._rows):
            if any(row is other for other in rows):
                row.layers = self._part(index, row.length)
        longest = max(row.length for row in rows)
        padded = [[_padded(layer, longest) for layer in row.layers] for row in rows]
        self.cache = cache_of([_side_by_side(layers) for layers in zip(*padded, strict=True)])
        self._rows = list(rows)

    def _part(self, index: int, length: int) -> Layers:
        layers = layers_of(self.cache)
        assert layers is not None, "only such caches are stacked"
        row = slice(index, index + 1)
        return [(keys[row, :, -length:], values[row, :, -length:]) for keys, values in layers]


def _padded(layer: Layer, length: int) -> Layer:
    keys, values = (nn.functional.pad(tensor, (0, 0, length - tensor.shape[2], 0)) for tensor in layer)
    return keys, values


def _side_by_side(layers: Sequence[Layer]) -> Layer:
    return torch.cat([keys for keys, _ in layers]), torch.cat([values for _, values in layers])


class _Known:
    """The keys and values of prompts' beginnings side by side, each at the right end."""

    def __init__(self, beginnings: Sequence[Layers]) -> None:
        lengths = [layers[0][0].shape[2] if layers else 0 for layers in beginnings]
        self.seen = _last(lengths, max(lengths))  # what is a beginning's (B, longest)
        self.layers: Layers = []  # none where nothing is known
        if any(lengths):
            like = next(layers for layers in beginnings if layers)
            nothing = [(keys[:, :, :0], values[:, :, :0]) for keys, values in like]
            padded = [[_padded(layer, max(lengths)) for layer in layers or nothing] for layers in beginnings]
            self.layers = [_side_by_side(layers) for layers in zip(*padded, strict=True)]


def _last(counts: Sequence[int], length: int) -> Tensor:
    """Return which places are the last ones, so many in each row (B, length), bool."""
    return torch.arange(length)[None] >= length - torch.tensor(counts)[:, None]


def _filled_up(tensor: Tensor, length: int) -> Tensor:
    return nn.functional.pad(tensor, (length - tensor.shape[-1], 0))
