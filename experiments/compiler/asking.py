"""Tasks that are done by an answer."""

from __future__ import annotations

from collections.abc import Iterable

from browser_env.action import Answer
from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.atlas import Atlas, Way
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import State
from experiments.compiler.judging import IDLE_ANSWERS
from experiments.compiler.questions import Question
from experiments.compiler.target import Move
from experiments.compiler.texts import is_answer, says
from rewards.evidence import Evidence
from rewards.match import normalised_text
from rewards.verifier import verify

MIN_PLAUSIBLE = 4  # different values of a column, of which one is the answer
MAX_DECOYS = 12


def ask(
    atlas: Atlas, state: State, question: Question, *, family: str, way: Way | None = None, checked: bool = True
) -> Candidate | None:
    """Return a task to answer a question after what a state shows; None where that cannot be asked for.

    With ``checked`` the answer must be a text that stays the same, as the page shows it. What is easily guessed is not
    asked for.
    """
    goal, text = question.goal, question.text
    if says(goal, text) or (checked and not is_answer(text)):
        return None
    way = way or atlas.begin(state, family, goal)
    verifier = specs.answer(text, is_exact=question.is_exact)
    if way is None or _is_guessed(question, verifier):
        return None
    return Candidate(
        family=family,
        goal=goal,
        start=way.start,
        target=state.id,
        golden=(*way.moves, Move(action=Answer(text))),
        verifier=verifier,
        decoys=wrong(text, question.decoys),
    )


def wrong(right: str, decoys: Iterable[str]) -> tuple[str, ...]:
    """Return the decoys that are other texts than the right one.

    A decoy that the verifier accepts is kept: it shows that the task cannot tell what is right.
    """
    others = [text for text in dict.fromkeys(decoys) if normalised_text(text) != normalised_text(right)]
    return tuple(others[:MAX_DECOYS])


def _is_guessed(question: Question, verifier: VerifierSpec) -> bool:
    """Whether somebody who has not looked may well be right: of few values, or with what is always said."""
    plausible = {normalised_text(text) for text in question.among if text}
    few = bool(question.among) and len(plausible) < MIN_PLAUSIBLE
    return few or any(_passes(verifier, text) for text in IDLE_ANSWERS)


def _passes(verifier: VerifierSpec, text: str) -> bool:
    return verify(verifier.name, verifier.params, Evidence(url="about:blank", answer=text)).success
