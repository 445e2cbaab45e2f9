"""Find a value on a page: in a table, beside a label, or as a fact that the page states."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.questions import questions

FAMILY = "find-answer"


def find_answer(atlas: Atlas) -> Iterator[Candidate]:
    """Yield questions after values that their page gives once."""
    for state in atlas.pages:
        page = atlas.names.get(state.id)
        for question in questions(atlas, state, page) if page is not None else ():
            made = ask(atlas, state, question, family=FAMILY)
            if made is not None:
                yield made
