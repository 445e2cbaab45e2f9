"""How rare a step is among the kept ones, by the state it was taken in and the words of its goal and actions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from browser_env.episode import Episode
from browser_env.observation import Observation

WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What an episode has in common with others, or not."""

    states: tuple[int, ...]  # (num_steps,), equal for equal states
    words: frozenset[str]


def traits_of(episode: Episode) -> Traits:
    """Return an episode's states and words."""
    actions = " ".join(step.action.to_text() for step in episode.steps)
    return Traits(
        states=tuple(_state(step.observation) for step in episode.steps),
        words=frozenset(WORD.findall(f"{episode.final.goal} {actions}".casefold())),
    )


class Novelty:
    """Counts of states and words over episodes; what was seen n times counts 1 / sqrt(n) (Bellemare et al. 2016)."""

    def __init__(self) -> None:
        self._states: Counter[int] = Counter()
        self._words: Counter[str] = Counter()

    def add(self, traits: Traits, *, sign: int = 1) -> None:
        """Count an episode; with a sign of -1, take it back."""
        _count(self._states, traits.states, sign)
        _count(self._words, traits.words, sign)

    def of(self, traits: Traits) -> NDArray[np.float64]:
        """Return each step's novelty, the mean of its state's and of its episode's words', in (0, 1]: (num_steps,).

        The episode must have been counted.
        """
        states = np.array([self._states[state] for state in traits.states], dtype=np.float64)
        words = np.array([self._words[word] for word in traits.words], dtype=np.float64)
        text = float(np.mean(words**-0.5)) if len(words) else 0.0
        return np.asarray((states**-0.5 + text) / 2, dtype=np.float64)


def _count(counter: Counter[Any], values: Iterable[Any], sign: int) -> None:
    for value in values:
        counter[value] += sign
        if not counter[value]:
            del counter[value]


def _state(seen: Observation) -> int:
    """Return a number for the page's path and what its visible elements are and hold, where they lie aside."""
    shown = sorted((e.role, e.name, e.value, e.states) for e in seen.elements if e.visible)
    return hash((urlsplit(seen.url).path, tuple(shown)))
