"""The words of a site, to search it for."""

from __future__ import annotations

import random
import re
from collections import Counter

from browser_env.observation import Observation

WORD = re.compile(r"[^\W\d_]{4,20}")
CONTENT = frozenset(("cell", "gridcell", "listitem", "link", "heading", "rowheader", "article"))
RARE = 0.3  # of the states: words on more of them are the site's furniture


class Words:
    """Words that the states of a site show as their content, and on how many of them."""

    def __init__(self, *, seed: int):
        self._chance = random.Random(seed)
        self._states = 0
        self._counts: Counter[str] = Counter()
        self._used: set[str] = set()

    def add(self, observation: Observation) -> None:
        """Take in what a state shows."""
        self._states += 1
        self._counts.update({word for e in observation.elements if e.role in CONTENT for word in WORD.findall(e.name)})

    def choose(self) -> str:
        """Return a word to search for that was not chosen before, where there is one."""
        rare = [word for word, count in self._counts.items() if count <= max(1, RARE * self._states)]
        fresh = sorted(set(rare) - self._used) or sorted(self._counts) or ["a"]
        word = self._chance.choice(fresh)
        self._used.add(word)
        return word
