"""Facts that a page states for machines, as far as whoever looks at it finds them there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from experiments.compiler.atlas import Atlas
from experiments.compiler.graph import Fact, State
from experiments.compiler.quantities import quantity
from experiments.compiler.reading import labelled
from experiments.compiler.texts import bare, is_name
from rewards.match import contains_words, normalised_text, squeezed

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")
UNDERSTOOD = frozenset(
    [
        *(
            "price",
            "sku",
            "brand",
            "author",
            "isbn",
            "category",
            "color",
            "colour",
            "material",
            "manufacturer",
            "model",
        ),
        *("rating value", "review count", "date published", "publisher", "telephone", "email", "genre", "director"),
        *("address locality", "postal code", "street address", "number of pages", "duration", "size", "weight"),
    ]
)
MIN_TELLING = 4  # characters of a value that is not on a page by chance


def stated(atlas: Atlas, state: State) -> Iterator[tuple[str, str, str]]:
    """Yield subject, label and value of the facts that a page shows and says nowhere else under the same label."""
    shown = squeezed(state.evidence.text)
    values = defaultdict(set)
    for fact in state.facts:
        values[_about(fact)].add(normalised_text(fact.value))
    taken = {normalised_text(bare(item.label)) for item in labelled(state.observation)}
    taken |= {normalised_text(bare(column)) for table in atlas.tables(state) for column in table.columns}
    done = set()
    for fact in state.facts:
        label, text = _label(fact, shown), _as_shown(squeezed(fact.value), state)
        if len(values[_about(fact)]) > 1 or _about(fact) in done or normalised_text(label) in taken:
            continue
        if is_name(label) and is_shown(text, shown) and (is_shown(label, shown) or _is_telling(text)):
            done.add(_about(fact))
            yield fact.subject, label, text


def _about(fact: Fact) -> tuple[str, str]:
    return fact.subject, normalised_text(bare(fact.label))


def _is_telling(text: str) -> bool:
    """Whether a value says by itself what it is, so that it is not on the page by chance."""
    read = quantity(text)
    return len(text) >= MIN_TELLING or (read is not None and bool(read.unit))


def _label(fact: Fact, shown: str) -> str:
    """Return how a fact's label is said; empty where nobody would know what it means."""
    label = bare(fact.label)
    words = CAMEL.sub(" ", label).lower()
    return label if is_shown(label, shown) else words if words in UNDERSTOOD else ""


def _as_shown(text: str, state: State) -> str:
    """Return a number with the sign that the page shows beside it, other texts as they are."""
    read = quantity(text)
    if read is None or read.unit:
        return text
    shown = {element.name for element in state.observation.elements}
    alike = [name for name in shown if (other := quantity(name)) is not None and other.number == read.number]
    return min(alike, key=lambda name: (name == text, name)) if alike else text


def is_shown(text: str, shown: str) -> bool:
    """Whether a page shows a text as words of their own."""
    return bool(text) and contains_words(shown, text, ignore_case=False, whole_words=True)
