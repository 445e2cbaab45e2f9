"""Two or three simple tasks in one: all of it has to hold at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.families.aggregate import extremes, has_totals, numbers
from experiments.compiler.families.filter_sort import filterings, sortings
from experiments.compiler.families.search_open import results, searches
from experiments.compiler.families.set_control import set_several
from experiments.compiler.goals import FILTER_ASK, SEARCH_ASK, SORT_ASK, say
from experiments.compiler.graph import Edge
from experiments.compiler.questions import Question, questions
from experiments.compiler.tables import Table
from experiments.compiler.texts import bare, is_name
from rewards.match import normalised_text
from rewards.tables import amounts

FAMILY = "compose"
MAX_ASKED = 2  # questions after one result of a search
MIN_LEFT = 2  # rows that a filter leaves, of which one is asked for
PLACES = ("first", "second", "third")


def compose(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks that are put together of others."""
    yield from set_several(atlas)
    yield from _search_and_read(atlas)
    yield from _sort_and_read(atlas)
    yield from _filter_and_read(atlas)


def _search_and_read(atlas: Atlas) -> Iterator[Candidate]:
    for typing, sending, text in searches(atlas):
        state, found = atlas.graph.states[typing.source], atlas.graph.states[sending.target]
        way = atlas.begin(state, FAMILY, text)
        for edge, opened in results(atlas, found, text) if way is not None else ():
            asked = questions(atlas, opened, atlas.names[opened.id])
            for question in islice(asked, MAX_ASKED):
                goal = say(SEARCH_ASK, query=text, question=question.goal)
                assert way is not None
                whole = way.then(typing).then(sending).then(edge)
                made = ask(atlas, opened, replace(question, goal=goal), family=FAMILY, way=whole)
                if made is not None:
                    yield replace(made, parts=2)


def _sort_and_read(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions after a row that sorting brings to another place."""
    for sort in sortings(atlas):
        table, values = sort.table, sort.table.column(sort.column)
        compared: list[object] = [*amounts(values)] or [*map(normalised_text, values)]
        if not _names_rows(table) or len(set(compared)) < len(values):
            continue
        keys = [row.key for row in table.rows]
        place = atlas.draw(sort.edge.target, "row") % min(len(keys), len(PLACES))
        said = {"page": sort.page, "noun": bare(table.noun), "column": sort.name, "order": sort.order}
        goal = say(SORT_ASK, which=PLACES[place], **said)
        question = Question(goal=goal, text=keys[place], decoys=(keys[-1 - place], *keys), among=tuple(keys))
        yield from _asked(atlas, sort.edge, question)


def _filter_and_read(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions after the extreme among the rows that filtering leaves, where it is none among all."""
    for found in filterings(atlas):
        if not _names_rows(found.table) or has_totals(found.whole) or len(found.table.rows) < MIN_LEFT:
            continue
        keys, said = [row.key for row in found.table.rows], {"page": found.page, "column": found.name}
        for extreme in extremes(found.table):
            values = numbers(found.whole, extreme.column)
            if values is None or (overall := max(values) if extreme.is_highest else min(values)) == extreme.value:
                continue
            goal = say(
                FILTER_ASK,
                value=found.value,
                most="highest" if extreme.is_highest else "lowest",
                by=bare(found.table.columns[extreme.column]),
                noun=bare(found.table.noun),
                **said,
            )
            decoys = (found.whole.rows[values.index(overall)].key, *keys)
            among = tuple(row.key for row in found.whole.rows)
            question = Question(goal=goal, text=keys[extreme.row], decoys=decoys, among=among)
            yield from _asked(atlas, found.edge, question)


def _names_rows(table: Table) -> bool:
    return table.has_keys and is_name(bare(table.noun))


def _asked(atlas: Atlas, edge: Edge, question: Question) -> Iterator[Candidate]:
    """Yield the task to go along an edge and answer a question after what it leads to."""
    before, after = atlas.graph.states[edge.source], atlas.graph.states[edge.target]
    way = atlas.begin(before, FAMILY, question.goal)
    made = None if way is None else ask(atlas, after, question, family=FAMILY, way=way.then(edge))
    if made is not None:
        yield replace(made, parts=2)
