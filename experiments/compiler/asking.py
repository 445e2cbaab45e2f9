"""Tasks that are done by an answer."""

from __future__ import annotations

from collections.abc import Iterable

from browser_env.action import Answer
from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.atlas import Atlas, Way
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import State
from experiments.compiler.questions import Question
from experiments.compiler.target import Move
from experiments.compiler.texts import is_answer, says
from rewards.evidence import Evidence
from rewards.match import normalised_text
from rewards.verifier import verify

ALWAYS_WRONG = ("", "yes", "no", "0", "1")
MAX_DECOYS = 12


def ask(
    atlas: Atlas, state: State, question: Question, *, family: str, way: Way | None = None, checked: bool = True
) -> Candidate | None:
    """Return a task to answer a question after what a state shows; None where that cannot be asked for.

    With ``checked`` the answer must be a text that stays the same, as the page shows it.
    """
    goal, text = question.goal, question.text
    if says(goal, text) or (checked and not is_answer(text)):
        return None
    way = way or atlas.begin(state, family, goal)
    if way is None:
        return None
    verifier = specs.answer(text, is_exact=question.is_exact)
    return Candidate(
        family=family,
        goal=goal,
        start=way.start,
        target=state.id,
        golden=(*way.moves, Move(action=Answer(text))),
        verifier=verifier,
        decoys=wrong(verifier, text, question.decoys),
    )


def wrong(verifier: VerifierSpec, right: str, decoys: Iterable[str]) -> tuple[str, ...]:
    """Return the decoys that are other texts than the right one, and what is always tried and the verifier rejects.

    A decoy that the verifier accepts is kept: it shows that the task cannot tell what is right.
    """
    others = [text for text in dict.fromkeys(decoys) if normalised_text(text) != normalised_text(right)]
    always = [text for text in ALWAYS_WRONG if not _passes(verifier, text)]
    return tuple(dict.fromkeys([*others[:MAX_DECOYS], *always]))


def _passes(verifier: VerifierSpec, text: str) -> bool:
    return verify(verifier.name, verifier.params, Evidence(url="about:blank", answer=text)).success
