"""Which tokens may come next, so that what is written is an action in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from browser_env.errors import UsageError
from policy.vlm.automaton import Automaton, Builder, States

LONGEST = 64  # bytes of a token; longer ones are never needed


@dataclass(slots=True)
class _Node:
    tokens: list[int] = field(default_factory=list)  # that end here
    children: dict[int, _Node] = field(default_factory=dict)


class Vocabulary:
    """A tokenizer's tokens as bytes, and what is known of which may follow where."""

    def __init__(self, spelling: Sequence[bytes | None], *, ends: Sequence[int], size: int) -> None:
        """Take each token's bytes, None for what is no text, and the tokens that end a reply."""
        self.spelling, self.ends, self.size = spelling, tuple(ends), size
        self._root = _Node()
        self._known: dict[tuple[Builder, States], Tensor] = {}  # by the language and the states in it
        for token, data in enumerate(spelling):
            if data and len(data) <= LONGEST and token not in self.ends:
                self._insert(token, data)

    def _insert(self, token: int, data: bytes) -> None:
        node = self._root
        for code in data:
            node = node.children.setdefault(code, _Node())
        node.tokens.append(token)

    def allowed(self, automaton: Automaton, states: States, *, room: int) -> Tensor:
        """Return which tokens may come next (size,), bool, where ``room`` tokens may still be written.

        A token may come where what is missing after it can be written byte by byte in the room that is left for that.
        """
        if automaton.longest + 2 <= room:
            return self._unhurried(automaton, states)
        return self._walk(automaton, states, room=room)[0]

    def _unhurried(self, automaton: Automaton, states: States) -> Tensor:
        key = (automaton.language, states)
        if key not in self._known:
            mask, lasting = self._walk(automaton, states, room=None)
            if not lasting:
                return mask
            self._known[key] = mask
        return self._known[key]

    def _walk(self, automaton: Automaton, states: States, *, room: int | None) -> tuple[Tensor, bool]:
        """Return the mask, and whether it is the same on every page."""
        allowed: list[int] = list(self.ends) if automaton.accepts(states) else []
        lasting = not automaton.has_hole(states)
        waiting = [(self._root, states)]
        while waiting:
            node, here = waiting.pop()
            if node.tokens and (room is None or automaton.left(here) + 2 <= room):
                allowed += node.tokens
            for code, child in node.children.items():
                if there := automaton.step(here, code):
                    lasting = lasting and not automaton.has_hole(there)
                    waiting.append((child, there))
        mask = torch.zeros(self.size, dtype=torch.bool)
        mask[allowed] = True
        return mask, lasting


class Writing:
    """A reply in the making, held to the language of actions."""

    def __init__(self, vocabulary: Vocabulary, automaton: Automaton, *, room: int) -> None:
        if automaton.left(automaton.start) >= room:
            raise UsageError(f"no action fits into {room} tokens; raise max_new_tokens, or offer other verbs")
        self._vocabulary, self._automaton, self._room = vocabulary, automaton, room
        self._states = automaton.start

    def mask(self) -> Tensor:
        """Return which tokens may come next (size,)."""
        return self._vocabulary.allowed(self._automaton, self._states, room=self._room)

    def write(self, token: int) -> None:
        """Go on after a token."""
        self._room -= 1
        data = b"" if token in self._vocabulary.ends else self._vocabulary.spelling[token] or b""
        self._states = self._automaton.read(self._states, data)


def masks(vocabulary: Vocabulary, automaton: Automaton, tokens: Sequence[int], *, room: int) -> Tensor:
    """Return which tokens might have come at each place of a reply (num_tokens, size)."""
    writing = Writing(vocabulary, automaton, room=room)
    rows: list[Tensor] = []
    for token in tokens:
        rows.append(writing.mask())
        writing.write(token)
    return torch.stack(rows) if rows else torch.zeros(0, vocabulary.size, dtype=torch.bool)
