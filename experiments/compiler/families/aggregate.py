"""Count rows, and find the row with the highest or lowest value, in tables that show all they have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.goals import COUNT_ENTRIES, COUNT_EQUAL, COUNT_ROWS, HIGHEST, LOWEST, in_table, say
from experiments.compiler.graph import State
from experiments.compiler.lists import Listing
from experiments.compiler.quantities import is_called_by, quantity
from experiments.compiler.questions import Question
from experiments.compiler.reading import goes_on
from experiments.compiler.tables import Row, Table, others_beside
from experiments.compiler.texts import bare, is_answer, is_name

FAMILY = "aggregate"
TOTAL = re.compile(
    r"((grand|sub|over)[\s-]?)?(totals?|sum|average|avg|mean|median|all|overall|gesamt|summe)\b.*", re.IGNORECASE
)
MIN_ROWS = 4
MAX_ROWS = 60  # more are nothing that one counts
MAX_VALUES = 3  # of a column, that are counted


def aggregate(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions over all rows of the tables that are on one page and on no other page of its name."""
    for state in atlas.pages:
        page = atlas.names.get(state.id)
        if page is None:
            continue
        yield from _entries(atlas, state, page)
        if not is_whole(atlas, state, page):
            continue
        for table in atlas.shared(state):
            if MIN_ROWS <= len(table.rows) <= MAX_ROWS and not has_totals(table):
                yield from _extremes(atlas, state, page, table)
                yield from _counts(atlas, state, page, table)


def _entries(atlas: Atlas, state: State, page: str) -> Iterator[Candidate]:
    for listing in whole_lists(atlas, state, page):
        count = len(listing.entries)
        goal = say(COUNT_ENTRIES, page=page, section=listing.section)
        made = _count(atlas, state, goal, count, [str(count + 1), str(count - 1), str(count + 2)])
        if made is not None:
            yield made


def whole_lists(atlas: Atlas, state: State, page: str) -> list[Listing]:
    """Return the lists of a page that show all they have; of a page that goes on, none is known to."""
    if atlas.meant(page).id != state.id or is_part(state):
        return []
    return [found for found in atlas.lists(state) if len(found.entries) <= MAX_ROWS]


def is_part(state: State) -> bool:
    """Whether a page has more to show than it does, as far as it says so or was seen to grow."""
    return state.goes_on or goes_on(state.observation)


def is_whole(atlas: Atlas, state: State, page: str) -> bool:
    """Whether a page shows all rows it has, and all states of its name the same ones in whatever order."""
    if is_part(state):
        return False
    here = _content(atlas, state)
    return all(_content(atlas, other) == here for other in atlas.called(page).values() if other.id != state.id)


def _content(atlas: Atlas, state: State) -> list[object]:
    return [(table.title, table.columns, sorted(_texts(table))) for table in atlas.tables(state)]


def _texts(table: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row.cells) for row in table.rows]


def named(atlas: Atlas, state: State, table: Table, page: str) -> str | None:
    """Return how the table is named on its page; None where its name is not its own."""
    titles = Counter(other.title.casefold() for other in atlas.tables(state))
    if len(atlas.tables(state)) == 1 and not others_beside(state.observation, atlas.tables(state)):
        return ""
    return in_table(table.title) if titles[table.title.casefold()] == 1 and is_name(table.title) else None


def is_measure(header: str) -> bool:
    """Whether the numbers under a header are amounts, and not numbers that things are called by."""
    return is_name(bare(header)) and not is_called_by(bare(header))


def numbers(table: Table, column: int) -> list[Decimal] | None:
    """Return the numbers in a column; None where some cells hold none, or hold other units."""
    read = [quantity(text) for text in table.column(column)]
    units = {item.unit for item in read if item is not None}
    return None if None in read or len(units) != 1 else [item.number for item in read if item is not None]


def has_totals(table: Table) -> bool:
    """Whether a row sums up others: by what it is called, or because it is last and the sum of those above."""
    named = any(TOTAL.fullmatch(row.key or row.cells[0].text) for row in table.rows)
    columns = [numbers(table, column) for column in range(len(table.columns))] if len(table.rows) >= MIN_ROWS else []
    sums = [values[-1] == sum(values[:-1]) for values in columns if values is not None and any(values[:-1])]
    return named or any(sums)


class Extreme(NamedTuple):
    """The only highest or only lowest number in a column."""

    column: int
    row: int
    value: Decimal
    is_highest: bool


def extremes(table: Table) -> Iterator[Extreme]:
    """Yield the only highest and the only lowest number of each column of amounts."""
    for column, header in enumerate(table.columns):
        values = numbers(table, column)
        if values is None or column == table.key or not is_measure(header):
            continue
        for value, is_highest in ((max(values), True), (min(values), False)):
            if values.count(value) == 1:
                yield Extreme(column=column, row=values.index(value), value=value, is_highest=is_highest)


def _extremes(atlas: Atlas, state: State, page: str, table: Table) -> Iterator[Candidate]:
    title = named(atlas, state, table, page)
    if title is None or not table.has_keys or not is_name(bare(table.noun)):
        return
    keys = [row.key for row in table.rows]
    for found in extremes(table):
        phrasings, column = HIGHEST if found.is_highest else LOWEST, bare(table.columns[found.column])
        goal = say(phrasings, page=page, table=title, noun=bare(table.noun), column=column)
        question = Question(goal=goal, text=keys[found.row], decoys=(keys[0], keys[-1], *keys), among=tuple(keys))
        made = ask(atlas, state, question, family=FAMILY)
        if made is not None:
            yield made


def _is_row(row: Row) -> bool:
    """Whether a row says something in several columns, and so heads no group of rows."""
    return any(cell.text for cell in row.cells) and sum(bool(cell.elements) for cell in row.cells) > 1


def _counts(atlas: Atlas, state: State, page: str, table: Table) -> Iterator[Candidate]:
    title = named(atlas, state, table, page)
    if title is None or not all(_is_row(row) for row in table.rows):
        return
    count = len(table.rows)
    around = [str(count + 1), str(count - 1), str(count + 2), str(len(table.columns))]
    candidates = [_count(atlas, state, say(COUNT_ROWS, page=page, table=title or " in the table"), count, around)]
    for column, header in enumerate(table.columns):
        values = Counter(table.column(column))
        if column == table.key or not is_name(header) or len({value.casefold() for value in values}) < len(values):
            continue
        several = [(value, n) for value, n in values.items() if 1 < n < count and is_answer(value) and is_name(value)]
        if "" in values or any(value in other for value in values for other in values if value != other):
            continue
        for value, n in several[:MAX_VALUES]:
            goal = say(COUNT_EQUAL, page=page, table=title, column=bare(header), value=value)
            candidates.append(_count(atlas, state, goal, n, [str(n + 1), str(n - 1), str(count)]))
    yield from (candidate for candidate in candidates if candidate is not None)


def _count(atlas: Atlas, state: State, goal: str, count: int, around: list[str]) -> Candidate | None:
    return ask(atlas, state, Question(goal=goal, text=str(count), decoys=tuple(around)), family=FAMILY, checked=False)
