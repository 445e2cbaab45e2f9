"""Makes candidates of everything that a graph offers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate
from experiments.compiler.families.aggregate import aggregate
from experiments.compiler.families.compare import compare
from experiments.compiler.families.compose import compose
from experiments.compiler.families.expand_read import expand_read
from experiments.compiler.families.fill_form import fill_form
from experiments.compiler.families.filter_sort import filter_sort
from experiments.compiler.families.find_answer import find_answer
from experiments.compiler.families.reach import reach
from experiments.compiler.families.search_open import search_open
from experiments.compiler.families.set_control import set_control
from experiments.compiler.families.write_object import write_object
from experiments.compiler.graph import SiteGraph
from experiments.compiler.texts import gives_away
from rewards.verifier import VerifierError, verify

Family = Callable[[Atlas], Iterator[Candidate]]

FAMILIES: tuple[Family, ...] = (
    reach,
    find_answer,
    aggregate,
    compare,
    search_open,
    filter_sort,
    fill_form,
    set_control,
    expand_read,
    write_object,
    compose,
)
MAX_MADE = 2_000  # candidates of one family that are chosen from


def generate(graph: SiteGraph, *, allow_writes: bool = False, seed: int = 0, per_family: int = 60) -> list[Candidate]:
    """Return candidates of all families, none twice, spread over templates and pages."""
    if not graph.states:
        return []
    atlas = Atlas(graph=graph, allow_writes=allow_writes, seed=seed)
    chosen: list[Candidate] = []
    for family in FAMILIES:
        made = (candidate for candidate in family(atlas) if is_fair(atlas, candidate))
        chosen += spread(atlas, distinct(islice(made, MAX_MADE)), per_family)
    return distinct(chosen)


def is_fair(atlas: Atlas, candidate: Candidate) -> bool:
    """Whether a task is not done where it starts, and its goal says neither an address nor an element's id."""
    if not candidate.golden or gives_away(candidate.goal, atlas.paths):
        return False
    spec = candidate.verifier
    try:
        return not verify(spec.name, spec.params, atlas.graph.states[candidate.start].evidence).success
    except VerifierError:  # it needs more of the page than was recorded; proving will say
        return True


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return a candidate for each goal; none where a goal was said of two different things."""
    made: dict[str, Candidate] = {}
    ambiguous = set()
    for candidate in candidates:
        first = made.setdefault(candidate.goal, candidate)
        if first.verifier != candidate.verifier:
            ambiguous.add(candidate.goal)
    return [candidate for goal, candidate in made.items() if goal not in ambiguous]


def spread(atlas: Atlas, candidates: Iterable[Candidate], at_most: int) -> list[Candidate]:
    """Choose candidates in turn: each time from the template, then the page, that has been chosen from least."""
    waiting: defaultdict[str, defaultdict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in sorted(candidates, key=lambda item: atlas.draw(item.family, item.goal, item.start)):
        waiting[atlas.graph.states[candidate.target].template][candidate.target].append(candidate)
    chosen: list[Candidate] = []
    while waiting and len(chosen) < at_most:
        for template in list(waiting):
            page = min(waiting[template], key=lambda target: sum(item.target == target for item in chosen))
            chosen.append(waiting[template][page].pop())
            if not waiting[template][page]:
                del waiting[template][page]
            if not waiting[template]:
                del waiting[template]
    return chosen[:at_most]
