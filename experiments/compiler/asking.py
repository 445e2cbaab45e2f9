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
    verifier = specs.answer(text)
    return Candidate(
        family=family,
        goal=goal,
        start=way.start,
        target=state.id,
        golden=(*way.moves, Move(action=Answer(text))),
        verifier=verifier,
        decoys=wrong(verifier, question.decoys),
    )


def wrong(verifier: VerifierSpec, decoys: Iterable[str]) -> tuple[str, ...]:
    """Return the answers among these, and among those that are always tried, that the verifier rejects."""
    tried = [*list(dict.fromkeys(decoys))[:MAX_DECOYS], *ALWAYS_WRONG]
    return tuple(text for text in dict.fromkeys(tried) if not _passes(verifier, text))


def _passes(verifier: VerifierSpec, text: str) -> bool:
    return verify(verifier.name, verifier.params, Evidence(url="about:blank", answer=text)).success
