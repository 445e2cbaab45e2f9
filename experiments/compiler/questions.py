"""Questions after single values of a page, each with answers that look right and are not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.compiler.atlas import Atlas
from experiments.compiler.goals import CELL, FACT, LABELLED, in_table, say, under
from experiments.compiler.graph import Fact, State
from experiments.compiler.reading import labelled
from experiments.compiler.tables import Table
from experiments.compiler.texts import bare, is_name, quantity
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
MAX_CELLS = 24  # of one table


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question after a value."""

    goal: str
    text: str  # the answer
    decoys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cell of a table that may be asked for."""

    table: Table
    row: int
    column: int

    @property
    def text(self) -> str:
        """What the cell says."""
        return self.table.rows[self.row].cells[self.column].text

    @property
    def asked(self) -> tuple[str, str]:
        """What a question names: its row and its column."""
        row, column = self.table.rows[self.row].key, bare(self.table.columns[self.column])
        return normalised_text(row), normalised_text(column)


def questions(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    """Yield questions after values that a page of this name gives once."""
    yield from _of_cells(atlas, state, page)
    if not state.is_page or atlas.meant(page).id == state.id:
        yield from _of_labels(state, page)
        yield from _of_facts(state, page)


def _of_cells(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    given = _given(atlas, state, page)
    for table in atlas.shared(state):
        if not table.has_keys:
            continue
        asked = [i for i, column in enumerate(table.columns) if i != table.key and is_name(bare(column))]
        places = [Place(table=table, row=row, column=column) for row in range(len(table.rows)) for column in asked]
        places.sort(key=lambda place: atlas.draw(state.id, str(place.row), str(place.column)))
        for place in places[:MAX_CELLS]:
            if len(given[place.asked]) > 1:
                continue
            row, column = table.rows[place.row], bare(table.columns[place.column])
            beside = [table.rows[i].cells[place.column].text for i in _near(place.row, len(table.rows))]
            yield Question(
                goal=say(CELL, page=page, row=row.key, column=column, table=_title(atlas, state, table)),
                text=place.text,
                decoys=(*beside, row.key, column, *(cell.text for cell in row.cells)),
            )


def _given(atlas: Atlas, here: State, page: str) -> dict[tuple[str, str], set[str]]:
    """Return what a state and all pages of its name say in cells of the same row and column."""
    given = defaultdict(set)
    for state in {here.id: here, **atlas.called(page)}.values():
        for table in atlas.tables(state):
            columns = [normalised_text(bare(column)) for column in table.columns]
            for row in table.rows:
                key = normalised_text(row.key)
                for column, cell in zip(columns, row.cells, strict=True):
                    given[key, column].add(normalised_text(cell.text))
    return given


def _near(index: int, count: int) -> list[int]:
    return [i for i in range(index - 2, index + 3) if 0 <= i < count and i != index]


def _title(atlas: Atlas, state: State, table: Table) -> str:
    return in_table(table.title) if is_name(table.title) and len(atlas.tables(state)) > 1 else ""


def _of_labels(state: State, page: str) -> Iterator[Question]:
    values = labelled(state.observation)
    counts = Counter(normalised_text(bare(item.label)) for item in values)
    for item in values:
        label = bare(item.label)
        if counts[normalised_text(label)] > 1 or not is_name(label):
            continue
        section = under(item.section) if is_name(item.section) and item.section != page else ""
        yield Question(
            goal=say(LABELLED, page=page, label=label, section=section),
            text=item.value,
            decoys=(label, *(other.value for other in values if other != item)),
        )


def _of_facts(state: State, page: str) -> Iterator[Question]:
    shown = squeezed(state.evidence.text)
    values = defaultdict(set)
    for fact in state.facts:
        values[fact.subject or page, normalised_text(bare(fact.label))].add(normalised_text(fact.value))
    for fact in state.facts:
        label, subject = _label(fact, shown), fact.subject or page
        text = _as_shown(squeezed(fact.value), state)
        alone = len(values[subject, normalised_text(bare(fact.label))]) == 1
        if not alone or not is_shown(text, shown) or not is_name(label) or not is_name(subject):
            continue
        goal = (
            say(FACT, page=page, label=label, subject=subject)
            if subject != page
            else say(LABELLED, page=page, label=label, section="")
        )
        yield Question(goal=goal, text=text, decoys=(label, *(other.value for other in state.facts if other != fact)))


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
