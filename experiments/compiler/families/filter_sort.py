"""Sort a table by a column, and reduce it to the rows with some value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.addresses import place
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.families.aggregate import is_part
from experiments.compiler.families.reach import anywhere
from experiments.compiler.goals import FILTER, SORT_DOWN, SORT_UP, say
from experiments.compiler.graph import Edge, State
from experiments.compiler.tables import Table, others_beside
from experiments.compiler.texts import bare, is_name
from rewards.match import normalised_text
from rewards.tables import amounts

FAMILY = "filter-sort"
MIN_ROWS = 3
MIN_SORTED = 2  # values of a sorted column that differ
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """What was seen to bring the only table of a page into another order."""

    edge: Edge
    page: str
    table: Table  # in that order
    column: int
    descending: bool

    @property
    def name(self) -> str:
        """What the column is called."""
        return bare(self.table.columns[self.column])

    @property
    def order(self) -> str:
        """``ascending`` or ``descending``."""
        return "descending" if self.descending else "ascending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """What was seen to leave only the rows with one value in the only table of a page."""

    edge: Edge
    page: str
    whole: Table
    table: Table  # what is left
    column: int
    value: str

    @property
    def name(self) -> str:
        """What the column is called."""
        return bare(self.table.columns[self.column])


def filter_sort(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to bring a table into another order, or to fewer rows, by what was seen to do so."""
    for sort in sortings(atlas):
        params = {"column": sort.name, "order": sort.order, "least": len(sort.table.rows)}
        goal = say(SORT_DOWN if sort.descending else SORT_UP, page=sort.page, column=sort.name)
        yield from _task(atlas, sort.edge, goal, VerifierSpec(name="sorted", params=params))
    for found in filterings(atlas):
        params = {"column": found.name, "equals": found.value, "least": len(found.table.rows)}
        goal = say(FILTER, page=found.page, column=found.name, value=found.value)
        yield from _task(atlas, found.edge, goal, VerifierSpec(name="rows", params=params))


def sortings(atlas: Atlas) -> Iterator[Sorting]:
    """Yield the edges that sort a page's table by a column that they name."""
    for edge, page, old, new in _changes(atlas):
        columns = [bare(column) for column in new.columns]
        if edge.move.target is None or bare(edge.move.target.name) not in columns:
            continue
        column = columns.index(bare(edge.move.target.name))
        values, was = new.column(column), old.column(column)
        descending = _order(values)
        if descending is not None and _order(was) != descending and Counter(values) == Counter(was):
            yield Sorting(edge=edge, page=page, table=new, column=column, descending=descending)


def filterings(atlas: Atlas) -> Iterator[Filtering]:
    """Yield the edges that leave all rows with one value, and no others, of a table that shows all it has."""
    for edge, page, old, new in _changes(atlas):
        rows, was = _rows(new), _rows(old)
        if not 0 < len(rows) < len(was) or rows - was or is_part(atlas.graph.states[edge.source]):
            continue
        fits = [
            (column, values.pop())
            for column in range(len(new.columns))
            if len(values := set(new.column(column))) == 1 and column != new.key
        ]
        fits = [(c, v) for c, v in fits if v and set(rows.elements()) == {r for r in was.elements() if r[c] == v}]
        if len(fits) == 1 and is_name(fits[0][1]) and is_name(bare(new.columns[fits[0][0]])):
            yield Filtering(edge=edge, page=page, whole=old, table=new, column=fits[0][0], value=fits[0][1])


def _changes(atlas: Atlas) -> Iterator[tuple[Edge, str, Table, Table]]:
    """Yield the edges between two states of one page that show its only table otherwise, with the table of each."""
    for edge in (edge for edges in atlas.leaving.values() for edge in edges):
        before, after = atlas.graph.states[edge.source], atlas.graph.states[edge.target]
        pair = _same_table(atlas, before, after)
        page = atlas.names.get(before.id)
        if pair is not None and page is not None and place(before.url) == place(after.url):
            yield edge, page, *pair


def _same_table(atlas: Atlas, before: State, after: State) -> tuple[Table, Table] | None:
    """Return the only table of each of two states, if they have the same columns."""
    old, new = atlas.tables(before), atlas.tables(after)
    if len(old) != 1 or len(new) != 1 or before.id == after.id:
        return None
    if others_beside(before.observation, old):
        return None
    same = tuple(map(bare, old[0].columns)) == tuple(map(bare, new[0].columns))
    return (old[0], new[0]) if same and len(old[0].rows) >= MIN_ROWS else None


def _order(values: tuple[str, ...]) -> bool | None:
    """Return whether values go down; None where they are in none, in both, or cannot be compared."""
    keys: Sequence[object] = amounts(values)
    if not keys and (all(map(DATE.fullmatch, values)) or not any(map(DIGIT.search, values))):
        keys = [normalised_text(value) for value in values]
    if "" in values or len(set(keys)) < MIN_SORTED:
        return None
    up = sorted(keys)  # type: ignore[type-var]  # all are numbers or all are texts
    return keys != up if keys in (up, up[::-1]) else None


def _rows(table: Table) -> Counter[tuple[str, ...]]:
    return Counter(tuple(cell.text for cell in row.cells) for row in table.rows)


def _task(atlas: Atlas, edge: Edge, goal: str, wanted: VerifierSpec) -> Iterator[Candidate]:
    before, after = atlas.graph.states[edge.source], atlas.graph.states[edge.target]
    way = atlas.begin(before, FAMILY, goal)
    if way is None:
        return
    way = way.then(edge)
    yield Candidate(
        family=FAMILY,
        goal=goal,
        start=way.start,
        target=after.id,
        golden=way.moves,
        verifier=specs.every([anywhere(atlas, after.url), wanted]),
        near_misses=tuple(atlas.astray(way)),
        parts=1,
    )
