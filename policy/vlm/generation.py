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
from policy.vlm.forward import can_pack, in_plane, is_flash, kinds_of, packed_mask, pixels_of, positions
from policy.vlm.prefixes import Beginning, Prefixes
from policy.vlm.pretrained import Layer, Layers, cache_of, layers_of, new_cache

SAME = 32  # tokens: prompts that have more in common, beyond what is known of them, are read one after the other
MOST_SEEN = 1 << 24  # pairs of tokens, one seen by the other or not, in one pass over prompts


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
    """Writes replies with a model; a row that is finished makes room for the next prompt at once."""

    def __init__(
        self, model: nn.Module, *, ends: Sequence[int], prefixes: Prefixes, most: int, temperature: float, batch: int
    ) -> None:
        """``most`` tokens are written to a prompt, by ``batch`` rows side by side."""
        self._model, self._ends, self._prefixes = model, frozenset(ends), prefixes
        self._most, self._temperature, self._batch = most, temperature, batch

    def renew(self, model: nn.Module, *, version: int) -> None:
        """The model's weights are here already."""

    @torch.no_grad()
    def write(self, rows: Sequence[Row], *, generator: torch.Generator | None) -> None:
        """Fill in all rows' tokens; the likeliest ones where there is no generator."""
        waiting, open_rows, stack = deque(rows), list[Row](), _Stack()
        while waiting or open_rows:
            begun = [waiting.popleft() for _ in range(min(len(waiting), self._batch - len(open_rows)))]
            if begun:
                self._draw(begun, self._begin(begun), generator)
            else:
                self._draw(open_rows, self._read(open_rows, stack), generator)
            open_rows = [row for row in [*open_rows, *begun] if not row.finished]

    def _begin(self, rows: Sequence[Row]) -> Tensor:
        """Read prompts, but for what is known of them; return the logits of what comes next (B, vocabulary)."""
        logits: dict[Row, Tensor] = {}
        while waiting := [row for row in rows if row not in logits]:
            wave = self._wave(waiting)
            logits |= dict(zip(wave, self._read_prompts(wave), strict=True))
        return torch.stack([logits[row] for row in rows])

    def _wave(self, waiting: Sequence[Row]) -> dict[Row, Beginning]:
        """Return the prompts that are read next, and what is known of each.

        One that begins as another of them does waits until that is known.
        """
        first, *others = waiting
        wave = {first: self._prefixes.find(first.prompt)}
        if not self._packs(waiting):
            return wave
        for row in others:
            begins = self._prefixes.find(row.prompt)
            alike = max(self._prefixes.common(other.prompt, row.prompt) for other in wave)
            if self._prefixes.most and alike > begins.length + SAME:
                continue
            new = sum(len(one.prompt.ids) - known.length for one, known in (wave | {row: begins}).items())
            if new * sum(len(one.prompt.ids) for one in (*wave, row)) <= MOST_SEEN:
                wave[row] = begins
        return wave

    def _packs(self, rows: Sequence[Row]) -> bool:
        model = self._model
        plain = layers_of(new_cache(model)) is not None and not is_flash(model)
        return plain and can_pack(model, [row.prompt for row in rows])

    def _read_prompts(self, wave: Mapping[Row, Beginning]) -> Tensor:
        """Read what is not known of prompts, in one pass; return the logits of what comes next (B, vocabulary)."""
        device = next(self._model.parameters()).device
        prompts, known = [row.prompt for row in wave], [begins.length for begins in wave.values()]
        new = [len(prompt.ids) - length for prompt, length in zip(prompts, known, strict=True)]
        beginnings = [self._prefixes.layers(row.prompt, begins) for row, begins in wave.items()]
        before = _behind_each_other([layers for layers in beginnings if layers])
        places = [positions(self._model, prompt) for prompt in prompts]
        unseen = [
            p for p, start in zip(prompts, known, strict=True) if p.pixels and self._prefixes.first_image(p) >= start
        ]
        alone = len(wave) == 1
        output: Any = self._model(
            input_ids=torch.tensor([[t for p, start in zip(prompts, known, strict=True) for t in p.ids[start:]]]).to(
                device
            ),
            position_ids=torch.cat([p[..., start:] for p, start in zip(places, known, strict=True)], dim=-1).to(device),
            attention_mask=torch.ones(1, known[0] + new[0], dtype=torch.long, device=device)
            if alone
            else packed_mask(self._model, new, known=known),
            past_key_values=cache_of(before) if before else new_cache(self._model),
            use_cache=True,
            logits_to_keep=(torch.tensor(new).cumsum(0) - 1).to(device),
            **(kinds_of(self._model, prompts[0]) if alone else {}),
            **pixels_of(self._model, unseen),
        )
        self._keep(wave, output.past_key_values, known, new)
        for row, plane in zip(wave, places, strict=True):
            row.place = int(plane.max()) + 1
        logits: Tensor = output.logits[0]
        return logits

    def _keep(self, wave: Mapping[Row, Beginning], cache: Any, known: Sequence[int], new: Sequence[int]) -> None:
        """Give rows the keys and values of their prompts, which stand behind each other in a cache."""
        layers = layers_of(cache)
        if layers is None:  # of a single row
            (row,) = wave
            row.cache = cache
            return
        places = torch.arange(sum(known) + sum(new), device=layers[0][0].device)
        parts = torch.split(places, [*known, *new])
        for index, row in enumerate(wave):
            own = torch.cat([parts[index], parts[len(wave) + index]])
            row.layers = layers if len(wave) == 1 else [(keys[:, :, own], values[:, :, own]) for keys, values in layers]
            self._prefixes.keep(row.prompt, row.layers)

    def _draw(self, rows: Sequence[Row], logits: Tensor, generator: torch.Generator | None) -> None:
        """Draw each row's next token from logits (B, vocabulary), where these are."""
        masks = [None if row.writing is None else row.writing.mask() for row in rows]
        held = [mask for mask in masks if mask is not None]
        allowed = torch.stack(held) if held else None  # all rows are held to the language of actions, or none
        scores = log_distribution(logits, temperature=self._temperature, allowed=allowed)
        drawn = draw(scores, generator)
        weighed = scores.gather(1, drawn[:, None])[:, 0]
        for row, token, log_prob in zip(rows, drawn.tolist(), weighed.tolist(), strict=True):
            row.tokens.append(token)
            row.log_probs.append(log_prob)
            row.finished = token in self._ends or len(row.tokens) == self._most
            if row.writing is not None:
                row.writing.write(token)

    def _read(self, rows: Sequence[Row], stack: _Stack) -> Tensor:
        """Have the model read each row's last token; those that cannot be stacked are read alone (B, vocabulary)."""
        if any(row.cache is not None for row in rows):
            return torch.cat([self._read_alone(row) for row in rows])
        stack.hold(rows)
        lengths = torch.tensor([row.length + 1 for row in rows])
        longest = int(lengths.max())
        seen = torch.arange(longest)[None] >= longest - lengths[:, None]
        logits, stack.cache = self._step(rows, stack.cache, seen.long())
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


def _behind_each_other(known: Sequence[Layers]) -> Layers:
    """Return the keys and values of several beginnings as those of one."""
    return [
        (torch.cat([keys for keys, _ in layers], dim=2), torch.cat([values for _, values in layers], dim=2))
        for layers in zip(*known, strict=True)
    ]
