"""Questions after single values of a page, each with answers that look right and are not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.compiler.atlas import Atlas
from experiments.compiler.facts import stated
from experiments.compiler.goals import CELL, END_ENTRY, FACT, LABELLED, NEXT_ENTRY, NEXT_HEADING, in_table, say, under
from experiments.compiler.graph import State
from experiments.compiler.quantities import is_called_by, quantity
from experiments.compiler.reading import goes_on, headings, labelled
from experiments.compiler.tables import Table
from experiments.compiler.texts import bare, is_name
from rewards.match import normalised_text

MAX_CELLS = 24  # of one table
MAX_HEADINGS = 3  # of one page that are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question after a value."""

    goal: str
    text: str  # the answer
    decoys: tuple[str, ...]
    among: tuple[str, ...] = ()  # the column or list that the answer is picked from, where it is
    is_exact: bool = False  # its number is what something is called by, and is answered as it is written


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
    """Yield questions after values that a page of this name gives once, as far as all of it was seen."""
    yield from _of_cells(atlas, state, page)
    if not state.is_page or atlas.meant(page).id == state.id:
        yield from _of_labels(state, page)
        yield from _of_facts(atlas, state, page)
        yield from _of_lists(atlas, state, page)
        yield from _of_headings(atlas, state, page)


def _of_cells(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    if state.observation.truncated:
        return
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
                among=tuple(table.column(place.column)),
                is_exact=is_called_by(column),
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
    values = [] if state.observation.truncated else labelled(state.observation)
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
            is_exact=is_called_by(label),
        )


def _of_lists(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    """Yield questions after the entry at an end of a list, and after the one below another."""
    for listing in atlas.lists(state):
        entries = listing.entries
        if len(set(map(normalised_text, entries))) < len(entries) or "" in entries:
            continue
        is_part = state.goes_on or goes_on(state.observation)
        ends = [("first", entries[0]), *([] if is_part else [("last", entries[-1])])]
        for which, text in ends:
            goal = say(END_ENTRY, page=page, section=listing.section, which=which)
            yield Question(
                goal=goal, text=text, decoys=(*entries, listing.section), among=tuple(entries), is_exact=True
            )
        draw = atlas.draw(state.id, listing.section) % (len(entries) - 1)
        if is_name(entries[draw]):
            goal = say(NEXT_ENTRY, page=page, section=listing.section, entry=entries[draw])
            text, decoys = entries[draw + 1], (*entries, listing.section)
            yield Question(goal=goal, text=text, decoys=decoys, among=tuple(entries), is_exact=True)


def _of_headings(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    """Yield questions after the heading that comes after another, on pages without tables."""
    if atlas.tables(state) or state.observation.truncated:
        return
    found = [heading.name for heading in headings(state.observation)]
    pairs = sorted(atlas.successions(state), key=lambda pair: atlas.draw(state.id, *pair))
    for upper, lower in pairs[:MAX_HEADINGS]:
        decoys = (upper, *(name for name in found if name != lower))
        goal = say(NEXT_HEADING, page=page, heading=upper)
        yield Question(goal=goal, text=lower, decoys=decoys, is_exact=True)


def _is_same(one: str, other: str) -> bool:
    """Whether two texts are one amount with the same digits, e.g. with and without its sign."""
    first, second = quantity(one), quantity(other)
    return first is not None and second is not None and str(first.number) == str(second.number)


def _of_facts(atlas: Atlas, state: State, page: str) -> Iterator[Question]:
    for subject, label, text in stated(atlas, state):
        about = subject or page
        if is_name(about):
            asked = say(LABELLED, page=page, label=label, section="") if about == page else None
            yield Question(
                goal=asked or say(FACT, page=page, label=label, subject=about),
                text=text,
                decoys=(label, *(fact.value for fact in state.facts if not _is_same(fact.value, text))),
                is_exact=is_called_by(label),
            )
