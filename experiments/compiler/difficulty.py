"""How hard a task is likely to be, from its golden run alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from browser_env.observation import Observation

MANY_STEPS, MANY_CHOICES, MANY_WORDS, MANY_PARTS = 12, 100, 3000, 3  # what counts as full difficulty
WEIGHTS = {"steps": 0.4, "choices": 0.25, "words": 0.2, "parts": 0.15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """What makes a task hard."""

    steps: int  # of the golden run
    choices: float  # elements that can be acted on, the mean over the golden run's pages
    words: float  # to be read on a page, the mean over the golden run's pages
    parts: int  # simple tasks that it is composed of
    value: float  # 0 easy to 1 hard

    def to_json(self) -> dict[str, Any]:
        """Return the difficulty as JSON-serialisable data."""
        return asdict(self)


def difficulty_of(observations: Sequence[Observation], *, steps: int, parts: int) -> Difficulty:
    """Measure the pages that the golden run acts on."""
    choices = mean(num_choices(page) for page in observations)
    words = mean(num_words(page) for page in observations)
    shares = {
        "steps": steps / MANY_STEPS,
        "choices": choices / MANY_CHOICES,
        "words": words / MANY_WORDS,
        "parts": (parts - 1) / (MANY_PARTS - 1),
    }
    value = sum(WEIGHTS[name] * min(share, 1.0) ** 0.5 for name, share in shares.items())  # early growth counts most
    return Difficulty(steps=steps, choices=round(choices, 1), words=round(words), parts=parts, value=round(value, 3))


def num_choices(page: Observation) -> int:
    """Return how many elements of a page can be clicked or edited."""
    return sum(bool({"clickable", "editable"} & set(element.states)) for element in page.elements)


def num_words(page: Observation) -> int:
    """Return how many words the names and values of a page's elements have."""
    return sum(len(f"{element.name} {element.value}".split()) for element in page.elements)
