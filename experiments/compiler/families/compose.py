"""Two or three simple tasks in one: all of it has to hold at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.families.search_open import results, searches
from experiments.compiler.families.set_control import set_several
from experiments.compiler.goals import SEARCH_ASK, say
from experiments.compiler.questions import questions

FAMILY = "compose"
MAX_ASKED = 2  # questions after one result of a search


def compose(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks that are put together of others."""
    yield from set_several(atlas)
    yield from _search_and_read(atlas)


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
