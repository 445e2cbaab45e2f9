"""How much tasks differ: near-duplicates are left out, and a set gets a figure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from experiments.compiler.candidate import Candidate
from experiments.compiler.judging import Dropped
from experiments.compiler.target import Move, key_of

NEAR = 0.85  # similarity from which two tasks are one with a word changed; see docs/tasks.md for how it was measured
TOKEN = re.compile(r"\w+")


def distinct(candidates: Iterable[Candidate], *, near: float = NEAR) -> tuple[list[Candidate], list[Dropped]]:
    """Return candidates no two of which are near-duplicates, the first of each kept, and the others."""
    kept: list[tuple[Candidate, frozenset[Hashable], frozenset[Hashable]]] = []
    dropped = []
    for candidate in candidates:
        words, moves = shingles(candidate.goal), shapes(candidate.golden)
        twin = next((old for old, w, m in kept if similarity((words, moves), (w, m)) >= near), None)
        if twin is None:
            kept.append((candidate, words, moves))
        else:
            dropped.append(Dropped(candidate=candidate, reason="it is nearly the same as another", detail=twin.goal))
    return [candidate for candidate, _, _ in kept], dropped


Traits = tuple[frozenset[Hashable], frozenset[Hashable]]  # of a goal and of its golden moves


def similarity(first: Traits, second: Traits) -> float:
    """Return from 0 to 1 how alike two tasks are: the mean of their goals' and their moves' Jaccard indices."""
    return (_jaccard(first[0], second[0]) + _jaccard(first[1], second[1])) / 2


def shingles(goal: str) -> frozenset[Hashable]:
    """Return the words of a goal and their pairs."""
    words = TOKEN.findall(goal.casefold())
    return frozenset([*words, *pairwise(words)])


def shapes(moves: Sequence[Move]) -> frozenset[Hashable]:
    """Return what is done, to what, and in which order; answers count with their text."""
    keys = key_of(moves)
    return frozenset([*keys, *pairwise(keys)])


def _jaccard(first: frozenset[Hashable], second: frozenset[Hashable]) -> float:
    either = len(first | second)
    return len(first & second) / either if either else 1.0


def diversity(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return how many families, verbs, start pages, roles and words a set of tasks effectively has, and their mean.

    The effective number is the exponential of Shannon's entropy (Hill number of order 1): what n equally common kinds
    would have is n. "diversity" is the geometric mean of the five.
    """
    counts = {
        "families": Counter(row["family"] for row in rows),
        "verbs": Counter(_verb(row) for row in rows),
        "pages": Counter(row["task"]["url"] for row in rows),
        "roles": Counter(move["target"]["role"] for row in rows for move in row["golden"] if move["target"]),
        "words": Counter(word for row in rows for word in TOKEN.findall(str(row["task"]["goal"]).casefold())),
    }
    numbers = {name: effective_number(count) for name, count in counts.items()}
    mean = math.prod(max(number, 1.0) for number in numbers.values()) ** (1 / len(numbers)) if rows else 0.0
    return {name: round(number, 2) for name, number in (numbers | {"diversity": mean}).items()}


def effective_number(counts: Mapping[Any, int]) -> float:
    """Return the exponential of the entropy of how often each kind occurs."""
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count]
    return math.exp(-sum(share * math.log(share) for share in shares)) if shares else 0.0


def _verb(row: Mapping[str, Any]) -> str:
    words = TOKEN.findall(str(row["task"]["goal"]).casefold())
    return words[0] if words else ""
