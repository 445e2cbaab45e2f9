"""Compare: another column of the row with the highest value, differences of two rows, and of two pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.facts import stated
from experiments.compiler.families.aggregate import (
    MAX_ROWS,
    MIN_ROWS,
    extremes,
    has_totals,
    is_measure,
    is_whole,
    named,
    numbers,
    whole_lists,
)
from experiments.compiler.goals import DIFFERENCE, MORE_ENTRIES, OTHER_OF_HIGHEST, OTHER_OF_LOWEST, TWO_PAGES, say
from experiments.compiler.graph import State
from experiments.compiler.quantities import MULTIPLES, is_called_by, quantity
from experiments.compiler.questions import Question
from experiments.compiler.reading import labelled
from experiments.compiler.tables import Table
from experiments.compiler.texts import bare, is_name

FAMILY = "compare"
MAX_PAIRS = 3  # of the rows of one column
MAX_PAGES = 40  # pairs of pages


def compare(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions that take two values."""
    for state in atlas.pages:
        page = atlas.names.get(state.id)
        for table in atlas.shared(state) if page is not None else ():
            title = named(atlas, state, table, page or "")
            if (
                state.observation.truncated
                or (page is not None and atlas.meant(page).id != state.id)
                or title is None
                or page is None
                or not table.has_keys
                or len(table.rows) > MAX_ROWS
                or has_totals(table)
            ):
                continue
            found = list(_differences(atlas, state, page, table, title))
            if len(table.rows) >= MIN_ROWS and is_whole(atlas, state, page):
                found += _others(page, table, title)
            for question, checked in found:
                made = ask(atlas, state, question, family=FAMILY, checked=checked)
                if made is not None:
                    yield made
        yield from _lists(atlas, state, page) if page is not None else ()
    yield from _two_pages(atlas)


def _lists(atlas: Atlas, state: State, page: str) -> Iterator[Candidate]:
    """Yield by how many entries a list is longer than the next on its page."""
    for one, other in pairwise(whole_lists(atlas, state, page)):
        more, less = (one, other) if len(one.entries) > len(other.entries) else (other, one)
        if len(more.entries) > len(less.entries):
            goal = say(MORE_ENTRIES, page=page, more=more.section, less=less.section)
            question = _difference(goal, Decimal(len(more.entries)), Decimal(len(less.entries)))
            made = ask(atlas, state, question, family=FAMILY, checked=False)
            if made is not None:
                yield made


def _others(page: str, table: Table, title: str) -> Iterator[tuple[Question, bool]]:
    for found in extremes(table):
        phrasings, by = OTHER_OF_HIGHEST if found.is_highest else OTHER_OF_LOWEST, bare(table.columns[found.column])
        row = table.rows[found.row]
        for column, other in enumerate(table.columns):
            if column in (found.column, table.key) or not is_name(bare(other)):
                continue
            goal = say(phrasings, page=page, table=title, column=bare(other), by=by)
            decoys = (*(cell.text for cell in row.cells), *table.column(column))
            exact = is_called_by(bare(other))
            text, among = row.cells[column].text, tuple(table.column(column))
            yield Question(goal=goal, text=text, decoys=decoys, among=among, is_exact=exact), True


def _differences(atlas: Atlas, state: State, page: str, table: Table, title: str) -> Iterator[tuple[Question, bool]]:
    for column, header in enumerate(table.columns):
        values = numbers(table, column)
        if values is None or column == table.key or not is_measure(header) or len(set(values)) < 2:
            continue
        if any(read.unit in MULTIPLES for text in table.column(column) if (read := quantity(text)) is not None):
            continue  # 12.3k less 4.1k is not 8.2
        for pair in range(MAX_PAIRS):
            draw = atlas.draw(state.id, header, str(pair))
            a, b = draw % len(values), draw // 1009 % len(values)
            if values[a] == values[b]:
                continue
            more, less = (a, b) if values[a] > values[b] else (b, a)
            goal = say(
                DIFFERENCE,
                page=page,
                table=title,
                column=bare(header),
                more=table.rows[more].key,
                less=table.rows[less].key,
            )
            yield _difference(goal, values[more], values[less]), False


def _difference(goal: str, more: Decimal, less: Decimal) -> Question:
    texts = (more, less, more + less, more - less + 1)
    return Question(goal=goal, text=plain(more - less), decoys=tuple(map(plain, texts)))


def plain(number: Decimal) -> str:
    """Return a number in digits, without an exponent."""
    return format(number.normalize(), "f")


def _two_pages(atlas: Atlas) -> Iterator[Candidate]:
    """Yield differences of what two pages of one template say beside the same label."""
    groups: defaultdict[tuple[str, str, str], list[tuple[State, Decimal]]] = defaultdict(list)
    for state in atlas.pages:
        name = atlas.names.get(state.id)
        if name is not None and atlas.meant(name).id == state.id:
            for label, text in _values(atlas, state).items():
                read = quantity(text)
                if read is not None and read.unit not in MULTIPLES:
                    groups[state.template, label, read.unit].append((state, read.number))
    found = 0
    for (_, label, _), values in groups.items():
        ordered = sorted(values, key=lambda item: atlas.draw(label, item[0].id))
        for (a, x), (b, y) in zip(ordered[::2], ordered[1::2], strict=False):
            if x == y or not is_measure(label) or found == MAX_PAGES:
                continue
            (more, most), (less, least) = ((a, x), (b, y)) if x > y else ((b, y), (a, x))
            goal = say(TWO_PAGES, label=label, more=atlas.names[more.id], less=atlas.names[less.id])
            made = ask(atlas, less, _difference(goal, most, least), family=FAMILY, checked=False)
            if made is not None:
                found += 1
                yield made


def _values(atlas: Atlas, state: State) -> dict[str, str]:
    """Return the values that a page gives beside labels which it has once."""
    pairs = [(bare(item.label), item.value) for item in labelled(state.observation)]
    pairs += [(label, text) for subject, label, text in stated(atlas, state) if not subject]
    said: defaultdict[str, set[str]] = defaultdict(set)
    for label, value in pairs:
        said[label].add(value)
    return {label: next(iter(values)) for label, values in said.items() if len(values) == 1}
