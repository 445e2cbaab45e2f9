"""Find a value on a page: in a table, beside a label, or as a fact that the page states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.goals import CELL, FACT, LABELLED, in_table, say, under
from experiments.compiler.graph import State
from experiments.compiler.reading import labelled
from experiments.compiler.tables import Table
from experiments.compiler.wording import is_name
from rewards.match import normalised_text, squeezed

FAMILY = "find-answer"
MAX_CELLS = 24  # of one table


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
        return normalised_text(self.table.rows[self.row].key), normalised_text(self.table.columns[self.column])


def find_answer(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions after values that their page gives once."""
    for state in atlas.pages:
        name = atlas.names.get(state.id)
        if name is not None:
            yield from _cells(atlas, state, name)
            yield from _labelled(atlas, state, name)
            yield from _facts(atlas, state, name)


def _cells(atlas: Atlas, state: State, page: str) -> Iterator[Candidate]:
    given = _given(atlas, page)
    for table in atlas.tables(state):
        if not table.has_keys:
            continue
        cells = [
            Place(table=table, row=row, column=column)
            for row in range(len(table.rows))
            for column in range(len(table.columns))
            if column != table.key and is_name(table.columns[column])
        ]
        cells.sort(key=lambda cell: atlas.draw(state.id, *cell.asked))
        for cell in [cell for cell in cells if len(given[cell.asked]) == 1][:MAX_CELLS]:
            row = table.rows[cell.row]
            goal = say(CELL, page=page, row=row.key, column=table.columns[cell.column], table=_title(table, page))
            beside = [table.rows[i].cells[cell.column].text for i in _near(cell.row, len(table.rows))]
            decoys = [*beside, row.key, table.columns[cell.column], *(other.text for other in row.cells)]
            candidate = ask(atlas, state, family=FAMILY, goal=goal, text=cell.text, decoys=decoys)
            if candidate is not None:
                yield candidate


def _given(atlas: Atlas, page: str) -> dict[tuple[str, str], set[str]]:
    """Return what pages of this name say in cells of the same row and column."""
    given = defaultdict(set)
    for state in atlas.graph.states.values():
        if atlas.names.get(state.id) != page:
            continue
        for table in atlas.tables(state):
            for row in range(len(table.rows)):
                for column in range(len(table.columns)):
                    cell = Place(table=table, row=row, column=column)
                    given[cell.asked].add(normalised_text(cell.text))
    return given


def _near(index: int, count: int) -> list[int]:
    return [i for i in range(index - 2, index + 3) if 0 <= i < count and i != index]


def _title(table: Table, page: str) -> str:
    return in_table(table.title) if is_name(table.title) and table.title.casefold() != page.casefold() else ""


def _labelled(atlas: Atlas, state: State, page: str) -> Iterator[Candidate]:
    values = labelled(state.observation)
    for item in values:
        alike = [other for other in values if normalised_text(other.label) == normalised_text(item.label)]
        if len(alike) > 1 or not is_name(item.label):
            continue
        section = under(item.section) if is_name(item.section) and item.section != page else ""
        goal = say(LABELLED, page=page, label=item.label.rstrip(" :"), section=section)
        decoys = [item.label, *(other.value for other in values if other != item)]
        candidate = ask(atlas, state, family=FAMILY, goal=goal, text=item.value, decoys=decoys)
        if candidate is not None:
            yield candidate


def _facts(atlas: Atlas, state: State, page: str) -> Iterator[Candidate]:
    shown = squeezed(state.evidence.text)
    for fact in state.facts:
        alike = {
            normalised_text(other.value)
            for other in state.facts
            if (other.subject or page, other.label) == (fact.subject or page, fact.label)
        }
        label = fact.label.rstrip(" :")
        if len(alike) > 1 or squeezed(fact.value) not in shown or not is_name(label):
            continue
        if fact.subject and not is_name(fact.subject):
            continue
        if fact.subject and fact.subject != page:
            goal = say(FACT, page=page, label=label, subject=fact.subject)
        else:
            goal = say(LABELLED, page=page, label=label, section="")
        decoys = [fact.label, *(other.value for other in state.facts if other != fact)]
        candidate = ask(atlas, state, family=FAMILY, goal=goal, text=squeezed(fact.value), decoys=decoys)
        if candidate is not None:
            yield candidate
