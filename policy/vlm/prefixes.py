"""What was computed of earlier prompts, for prompts that begin alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from policy.vlm.encoding import Encoded
from policy.vlm.pretrained import Layers


class _Kept(NamedTuple):
    prompt: Encoded
    layers: Layers


class Prefixes:
    """Keys and values of the prompts used last, at most ``most`` of them; those of one set of weights."""

    def __init__(self, *, most: int, image_token: int) -> None:
        self._most, self._image_token = most, image_token
        self._kept: OrderedDict[tuple[int, ...], _Kept] = OrderedDict()
        self.read = self.reused = 0  # tokens of prompts so far, and how many of these were known

    def clear(self) -> None:
        """Forget everything: the weights are others now."""
        self._kept.clear()

    def keep(self, prompt: Encoded, layers: Layers) -> None:
        """Remember a prompt, and forget the one that was of no use for longest."""
        self._kept.pop(prompt.ids, None)
        if self._most:
            self._kept[prompt.ids] = _Kept(prompt, layers)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def longest(self, prompt: Encoded) -> Layers:
        """Return keys and values of the longest known beginning; no layers where none is known."""
        best, length = None, 0
        for key, kept in self._kept.items():
            common = self._common(kept.prompt, prompt)
            if common > length:
                best, length = key, common
        self.read += len(prompt.ids)
        self.reused += length
        if best is None:
            return []
        self._kept.move_to_end(best)
        return [(keys[:, :, :length], values[:, :, :length]) for keys, values in self._kept[best].layers]

    def first_image(self, prompt: Encoded) -> int:
        """Return where a prompt's picture begins."""
        return prompt.ids.index(self._image_token)

    def _common(self, known: Encoded, prompt: Encoded) -> int:
        """Return how many tokens are the same, short of the last, and of a picture all or nothing."""
        length = _equal(known.ids, prompt.ids[:-1])
        if not prompt.pixels:
            return length if not known.pixels or self._image_token not in known.ids[:length] else 0
        first = self.first_image(prompt)
        last = len(prompt.ids) - prompt.ids[::-1].index(self._image_token)
        whole = length >= last and known.picture == prompt.picture
        return length if whole else min(length, first)


def _equal(a: Sequence[int], b: Sequence[int]) -> int:
    for index, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return index
    return min(len(a), len(b))
