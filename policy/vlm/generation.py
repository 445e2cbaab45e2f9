"""Replies written side by side, each token's log-probability kept under the distribution it was drawn from."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from policy.vlm.constraint import Writing
from policy.vlm.encoding import Encoded
from policy.vlm.forward import in_plane, kinds_of, pixels_on, positions
from policy.vlm.prefixes import Prefixes
from policy.vlm.pretrained import Layer, Layers, cache_of, layers_of, new_cache


@dataclass(slots=True, kw_only=True, eq=False)
class Row:
    """A reply in the making."""

    prompt: Encoded
    writing: Writing | None  # what it is held to
    place: int = 0  # of the next token
    cache: Any = None  # of the model, where it cannot be stacked
    layers: Layers = field(default_factory=list)
    logits: Tensor | None = None  # of the next token, on the CPU
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
            while waiting and len(open_rows) < self._batch:
                row = waiting.popleft()
                self._begin(row)
                self._draw(row, generator)
                open_rows.append(row)
            open_rows = [row for row in open_rows if not row.finished]
            if waiting and len(open_rows) < self._batch:
                continue
            for row in self._read(open_rows, stack):
                self._draw(row, generator)

    def _begin(self, row: Row) -> None:
        """Read a prompt, but for what is known of it."""
        device, dtype = _where(self._model)
        known = self._prefixes.longest(row.prompt)
        start = known[0][0].shape[2] if known else 0
        ids = torch.tensor([row.prompt.ids], device=device)
        places = positions(self._model, row.prompt).to(device)
        unseen = bool(row.prompt.pixels) and self._prefixes.first_image(row.prompt) >= start
        output: Any = self._model(
            input_ids=ids[:, start:],
            position_ids=places[..., start:],
            attention_mask=torch.ones_like(ids),
            past_key_values=cache_of(known) if known else new_cache(self._model),
            use_cache=True,
            logits_to_keep=1,
            **kinds_of(self._model, row.prompt),
            **(pixels_on(device, dtype, row.prompt) if unseen else {}),
        )
        row.place, row.logits = int(places.max()) + 1, output.logits[0, -1].float().cpu()
        layers = layers_of(output.past_key_values)
        if layers is None:
            row.cache = output.past_key_values
        else:
            row.layers = layers
            self._prefixes.keep(row.prompt, layers)

    def _draw(self, row: Row, generator: torch.Generator | None) -> None:
        assert row.logits is not None
        allowed = None if row.writing is None else row.writing.mask()
        scores = log_distribution(row.logits, temperature=self._temperature, allowed=allowed)
        token = int(scores.argmax() if generator is None else torch.multinomial(scores.exp(), 1, generator=generator))
        row.tokens.append(token)
        row.log_probs.append(float(scores[token]))
        row.finished = token in self._ends or len(row.tokens) == self._most
        if row.writing is not None:
            row.writing.write(token)

    def _read(self, rows: list[Row], stack: _Stack) -> list[Row]:
        """Have the model read each row's last token; rows that cannot be stacked are read alone."""
        together = [row for row in rows if row.cache is None]
        if together:
            stack.hold(together)
            lengths = torch.tensor([row.length + 1 for row in together])
            longest = int(lengths.max())
            seen = torch.arange(longest)[None] >= longest - lengths[:, None]
            stack.cache = self._step(together, stack.cache, seen.long())
        for row in rows:
            if row.cache is not None:
                row.cache = self._step([row], row.cache, torch.ones(1, row.length + 1, dtype=torch.long))
        return rows

    def _step(self, rows: Sequence[Row], cache: Any, seen: Tensor) -> Any:
        device, _ = _where(self._model)
        places = torch.tensor([[row.place] for row in rows], device=device)
        output: Any = self._model(
            input_ids=torch.tensor([row.tokens[-1:] for row in rows], device=device),
            position_ids=places.expand(3, -1, -1) if in_plane(self._model) else places,
            attention_mask=seen.to(device),
            past_key_values=cache,
            use_cache=True,
        )
        for row, logits in zip(rows, output.logits[:, -1].float().cpu(), strict=True):
            row.logits, row.place = logits, row.place + 1
        return output.past_key_values


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


def _where(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    parameter = next(model.parameters())
    return parameter.device, parameter.dtype
