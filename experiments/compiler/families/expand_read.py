"""Open what is closed on a page, and read what is written in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from browser_env.action import Click
from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.asking import ask
from experiments.compiler.atlas import Atlas, Way
from experiments.compiler.candidate import Candidate, NearMiss
from experiments.compiler.consequences import is_grave
from experiments.compiler.families.reach import located
from experiments.compiler.goals import APPEARS, ENTRIES, EXPAND, INSIDE, TAB, say
from experiments.compiler.graph import Edge, State
from experiments.compiler.questions import Question, questions
from experiments.compiler.target import Move, Target
from experiments.compiler.texts import bare, is_name
from rewards.evidence import ElementState

FAMILY = "expand-read"
OPEN = frozenset(("expanded", "selected", "pressed", "checked"))
APPEARING = frozenset(("dialog", "alertdialog", "heading", "menuitem"))
TEXTS = frozenset(
    ("generic", "paragraph", "listitem", "definition", "tabpanel", "region", "note", "strong", "emphasis")
)
MAX_ALIKE = 6  # pages on which what looks alike is opened
MIN_ENTRIES = 2
PRESSED = frozenset(("tab", "button", "link", "menuitem", "treeitem", "generic", "row", "listitem"))


def expand_read(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to open a section, a tab or a menu, and questions after what it then shows."""
    asked: Counter[tuple[str, str]] = Counter()
    for edge in (edge for edges in atlas.leaving.values() for edge in edges):
        state, opened = atlas.graph.states[edge.source], atlas.graph.states[edge.target]
        page, target = atlas.names.get(state.id), edge.move.target
        if not state.is_page or page is None or target is None or not isinstance(edge.move.action, Click):
            continue
        if opened.is_page or opened.id == state.id or target.role not in PRESSED or not is_name(bare(target.name)):
            continue
        asked[target.role, target.name] += 1
        if asked[target.role, target.name] > MAX_ALIKE:
            continue
        yield from _open(atlas, edge, page)
        yield from _read(atlas, edge, page)


def _open(atlas: Atlas, edge: Edge, page: str) -> Iterator[Candidate]:
    state, opened, target = atlas.graph.states[edge.source], atlas.graph.states[edge.target], edge.move.target
    assert target is not None  # expand_read has seen to it
    here = located(atlas, state)
    way = atlas.begin(state, FAMILY, target.name)
    shows = _sign(state, opened, target)
    if shows is None or here is None or way is None:
        return
    what = bare(target.name)
    yield Candidate(
        family=FAMILY,
        goal=say(TAB if target.role == "tab" else EXPAND, page=page, what=what),
        start=way.start,
        target=opened.id,
        golden=(*way.moves, edge.move),
        verifier=specs.every([here, shows]),
        near_misses=_others(state, edge.move, way),
        unique=(target.name,),
    )


def _sign(state: State, opened: State, target: Target) -> VerifierSpec | None:
    """Return a verifier of what shows that something was opened: the state of what was pressed, or what appeared."""
    before, then = _counterpart(state, target.role, target.name), _counterpart(opened, target.role, target.name)
    if before is None:
        return None
    gained = sorted(OPEN & (set(then.states) - set(before.states))) if then is not None else []
    if gained:
        return specs.element(role=target.role, name=target.name, states=gained)
    known = {(element.role, element.name) for element in state.evidence.elements}
    new = [e for e in opened.evidence.elements if e.role in APPEARING and (e.role, e.name) not in known]
    named = [element for element in new if is_name(element.name)]
    return specs.element(role=named[0].role, name=named[0].name) if named else None


def _counterpart(state: State, role: str, name: str) -> ElementState | None:
    """Return the only element of this role and name; None where there is none or several."""
    found = [element for element in state.evidence.elements if (element.role, element.name) == (role, name)]
    return found[0] if len(found) == 1 else None


def _others(state: State, move: Move, way: Way) -> tuple[NearMiss, ...]:
    """Return the presses of elements beside that are of the same role."""
    target = move.target
    assert target is not None
    alike = [e for e in state.observation.elements if e.role == target.role and e.name and e.name != target.name]
    usable = [e for e in alike if not {"disabled", "covered"} & set(e.states) and "clickable" in e.states]
    sends = {id_ for form in state.forms for id_ in form.submits}  # elsewhere, which is no near miss
    usable = [e for e in usable if not is_grave(e.name) and e.id not in sends]
    if target.role == "link":
        return ()
    return tuple(
        NearMiss(why="what is beside", moves=(*way.moves, Move.at(Click(e.id), state.observation))) for e in usable[:2]
    )


def _appearing(state: State, opened: State) -> Iterator[Question]:
    """Yield questions after the only text, or the number of entries, that a state shows and its page does not."""
    before = Counter((element.role, element.name) for element in state.observation.elements)
    after = Counter((element.role, element.name) for element in opened.observation.elements)
    new = [looks for looks in (after - before).elements() if looks[1]]
    entries = [name for role, name in new if role == "listitem"]
    if len(new) == 1 and new[0][0] in TEXTS:
        yield Question(goal=say(APPEARS), text=new[0][1], decoys=tuple(name for _, name in before))
    if len(entries) >= MIN_ENTRIES and len(entries) == len(new):
        around = (len(entries) - 1, len(entries) + 1)
        yield Question(goal=say(ENTRIES), text=str(len(entries)), decoys=(*map(str, around), *entries))


def _read(atlas: Atlas, edge: Edge, page: str) -> Iterator[Candidate]:
    """Yield questions after what is shown only once it is open."""
    state, opened, target = atlas.graph.states[edge.source], atlas.graph.states[edge.target], edge.move.target
    assert target is not None
    before = {element.name for element in state.observation.elements}
    what = bare(target.name)
    way = atlas.begin(state, FAMILY, "read", target.name)
    found = [*questions(atlas, opened, page), *_appearing(state, opened)]
    for question in found if way is not None else ():
        if way is not None and question.text not in before:
            asked = replace(question, goal=say(INSIDE, page=page, what=what, question=question.goal))
            counted = question.text.isdecimal()
            made = ask(atlas, opened, asked, family=FAMILY, way=way.then(edge), checked=not counted)
            if made is not None:
                yield made
