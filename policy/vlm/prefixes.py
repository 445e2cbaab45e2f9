"""What was computed of earlier prompts, for prompts that begin alike."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from policy.vlm.encoding import Encoded
from policy.vlm.pretrained import Layers


class Beginning(NamedTuple):
    """The longest known beginning of a prompt."""

    length: int  # in tokens
    kept: tuple[int, ...] = ()  # the prompt that it is known from


class _Kept(NamedTuple):
    prompt: Encoded
    layers: Layers


class Prefixes:
    """Keys and values of the prompts used last, at most ``most`` of them; those of one set of weights."""

    def __init__(self, *, most: int, image_token: int) -> None:
        self.most, self._image_token = most, image_token
        self._kept: OrderedDict[tuple[int, ...], _Kept] = OrderedDict()
        self.read = self.reused = 0  # tokens of prompts so far, and how many of these were known

    def clear(self) -> None:
        """Forget everything: the weights are others now."""
        self._kept.clear()

    def keep(self, prompt: Encoded, layers: Layers) -> None:
        """Remember a prompt, and forget the one that was of no use for longest."""
        self._kept.pop(prompt.ids, None)
        if self.most:
            self._kept[prompt.ids] = _Kept(prompt, layers)
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)

    def find(self, prompt: Encoded) -> Beginning:
        """Return the longest known beginning of a prompt."""
        lengths = ((self.common(kept.prompt, prompt), key) for key, kept in self._kept.items())
        length, key = max(lengths, key=lambda found: found[0], default=(0, ()))
        return Beginning(length, key) if length else Beginning(0)

    def layers(self, prompt: Encoded, beginning: Beginning) -> Layers:
        """Return keys and values of a prompt's beginning, for reading the rest; no layers where none is known."""
        self.read += len(prompt.ids)
        self.reused += beginning.length
        if not beginning.length:
            return []
        self._kept.move_to_end(beginning.kept)
        return [
            (keys[:, :, : beginning.length], values[:, :, : beginning.length])
            for keys, values in self._kept[beginning.kept].layers
        ]

    def first_image(self, prompt: Encoded) -> int:
        """Return where a prompt's picture begins."""
        return prompt.ids.index(self._image_token)

    def common(self, known: Encoded, prompt: Encoded) -> int:
        """Return how many tokens are the same, short of the last, and of a picture all or nothing."""
        length = min(_equal(known, prompt), len(prompt.ids) - 1)
        if not prompt.pixels:
            return length if not known.pixels or self._image_token not in known.ids[:length] else 0
        first = self.first_image(prompt)
        last = len(prompt.ids) - prompt.ids[::-1].index(self._image_token)
        whole = length >= last and known.picture == prompt.picture
        return length if whole else min(length, first)


def _equal(a: Encoded, b: Encoded) -> int:
    """Return how many tokens two prompts have in common from the first on."""
    shorter = min(len(a.ids), len(b.ids))
    differ = np.flatnonzero(a.array[:shorter] != b.array[:shorter])
    return int(differ[0]) if len(differ) else shorter
