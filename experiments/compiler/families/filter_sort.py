"""Sort a table by a column, and reduce it to the rows with some value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.addresses import place
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.families.reach import anywhere
from experiments.compiler.goals import FILTER, SORT_DOWN, SORT_UP, say
from experiments.compiler.graph import Edge, State
from experiments.compiler.reading import goes_on
from experiments.compiler.tables import Table, others_beside
from experiments.compiler.texts import bare, is_name
from rewards.match import normalised_text
from rewards.tables import amounts

FAMILY = "filter-sort"
MIN_ROWS = 3
MIN_SORTED = 2  # values of a sorted column that differ
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DIGIT = re.compile(r"\d")


def filter_sort(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to bring a table into another order, or to fewer rows, by what was seen to do so."""
    for edge in (edge for edges in atlas.leaving.values() for edge in edges):
        before, after = atlas.graph.states[edge.source], atlas.graph.states[edge.target]
        pair = _same_table(atlas, before, after)
        page = atlas.names.get(before.id)
        if pair is None or page is None or place(before.url) != place(after.url):
            continue
        yield from _sorted(atlas, edge, page, *pair)
        yield from _filtered(atlas, edge, page, *pair)


def _same_table(atlas: Atlas, before: State, after: State) -> tuple[Table, Table] | None:
    """Return the only table of each of two states, if they have the same columns."""
    old, new = atlas.tables(before), atlas.tables(after)
    if len(old) != 1 or len(new) != 1 or before.id == after.id:
        return None
    if others_beside(before.observation, old):
        return None
    same = tuple(map(bare, old[0].columns)) == tuple(map(bare, new[0].columns))
    return (old[0], new[0]) if same and len(old[0].rows) >= MIN_ROWS else None


def _sorted(atlas: Atlas, edge: Edge, page: str, old: Table, new: Table) -> Iterator[Candidate]:
    target = edge.move.target
    columns = [bare(column) for column in new.columns]
    if target is None or bare(target.name) not in columns:
        return
    column = columns.index(bare(target.name))
    values, was = new.column(column), old.column(column)
    descending = _order(values)
    if descending is None or _order(was) == descending or Counter(values) != Counter(was):
        return
    wanted = VerifierSpec(
        name="sorted",
        params={"column": columns[column], "order": "descending" if descending else "ascending", "least": len(values)},
    )
    goal = say(SORT_DOWN if descending else SORT_UP, page=page, column=columns[column])
    yield from _task(atlas, edge, goal, wanted)


def _order(values: tuple[str, ...]) -> bool | None:
    """Return whether values go down; None where they are in none, in both, or cannot be compared."""
    keys: Sequence[object] = amounts(values)
    if not keys and (all(map(DATE.fullmatch, values)) or not any(map(DIGIT.search, values))):
        keys = [normalised_text(value) for value in values]
    if "" in values or len(set(keys)) < MIN_SORTED:
        return None
    up = sorted(keys)  # type: ignore[type-var]  # all are numbers or all are texts
    return keys != up if keys in (up, up[::-1]) else None


def _filtered(atlas: Atlas, edge: Edge, page: str, old: Table, new: Table) -> Iterator[Candidate]:
    rows, was = _rows(new), _rows(old)
    if not 0 < len(rows) < len(was) or rows - was:
        return
    fits = [
        (column, values.pop())
        for column in range(len(new.columns))
        if len(values := set(new.column(column))) == 1 and column != new.key
    ]
    fits = [(c, v) for c, v in fits if v and set(rows.elements()) == {r for r in was.elements() if r[c] == v}]
    if len(fits) != 1 or goes_on(atlas.graph.states[edge.source].observation):
        return
    column, value = fits[0]
    if not is_name(value) or not is_name(bare(new.columns[column])):
        return
    params = {"column": bare(new.columns[column]), "equals": value, "least": len(new.rows)}
    goal = say(FILTER, page=page, column=bare(new.columns[column]), value=value)
    yield from _task(atlas, edge, goal, VerifierSpec(name="rows", params=params))


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
