"""Search, and open what a search finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from browser_env.action import Click, Type
from browser_env.task import VerifierSpec
from experiments.compiler.addresses import query
from experiments.compiler.atlas import Atlas, Way
from experiments.compiler.candidate import Candidate, NearMiss
from experiments.compiler.families.reach import anywhere, located
from experiments.compiler.goals import SEARCH, SEARCH_IN, SEARCH_OPEN, say
from experiments.compiler.graph import Edge, State
from experiments.compiler.offering import is_search as is_search_box
from experiments.compiler.target import Move, Target
from experiments.compiler.texts import bare, is_name, is_plain, says

SAYS_SEARCH = re.compile(r"\bsearch|\bfind\b|\blook up\b|\bquery\b", re.IGNORECASE)
SEARCH_KEYS = frozenset(("q", "s", "query", "search", "term", "keyword", "keywords"))
FAMILY = "search-open"
MAX_OPENED = 4  # results of one search


def searches(atlas: Atlas) -> Iterator[tuple[Edge, Edge, str]]:
    """Yield a text that was typed on a page, the move that sent it, and the text."""
    for typing in (edge for edges in atlas.leaving.values() for edge in edges):
        action = typing.move.action
        if not isinstance(action, Type) or not atlas.graph.states[typing.source].is_page or not is_plain(action.text):
            continue
        for sending in atlas.leaving.get(typing.target, ()):
            found = atlas.graph.states[sending.target]
            if typing.move.target is None or not is_search(typing.move.target, found, action.text):
                continue
            if sending.source != sending.target and action.text in query(found.url).values():
                yield typing, sending, action.text


def is_search(target: Target, found: State, text: str) -> bool:
    """Whether what was typed into is there to search with."""
    keys = {name for name, value in query(found.url).items() if value == text}
    return target.role == "searchbox" or SAYS_SEARCH.search(target.name) is not None or bool(keys & SEARCH_KEYS)


def search_open(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to search for something, and to open what is found."""
    for typing, sending, text in searches(atlas):
        state, found = atlas.graph.states[typing.source], atlas.graph.states[sending.target]
        way = atlas.begin(state, FAMILY, text)
        page = atlas.names.get(state.id)
        if way is None:
            continue
        way = way.then(typing).then(sending)
        goal = None if page is None else _asking(state, typing, page, text)
        if goal is not None:
            yield _search(goal, way, atlas, text, found)
        for edge, opened in results(atlas, found, text):
            yield from _open(way.then(edge), atlas, opened, text)


def _asking(state: State, typing: Edge, page: str, text: str) -> str | None:
    """Return how a search on a page is asked for: by its box, where there are several; None where that is not plain."""
    boxes = [(control, form.action) for form in state.forms if form.on_enter for control in form.controls]
    boxes = [(control, action) for control, action in boxes if is_search_box(control)]
    if len({(control.key, action) for control, action in boxes}) <= 1:
        return say(SEARCH, page=page, query=text)
    box = "" if typing.move.target is None else bare(typing.move.target.name)
    alike = [control for control, _ in boxes if bare(control.label).casefold() == box.casefold()]
    return say(SEARCH_IN, page=page, query=text, box=box) if is_name(box) and len(alike) == 1 else None


def _search(goal: str, way: Way, atlas: Atlas, text: str, results: State) -> Candidate:
    asked = {name: value for name, value in query(results.url).items() if value == text}
    there = anywhere(atlas, results.url.partition("#")[0]).params
    other = [replace_text(move, text, f"{text} {text}") for move in way.moves]
    return Candidate(
        family=FAMILY,
        goal=goal,
        start=way.start,
        target=results.id,
        golden=way.moves,
        verifier=VerifierSpec(name="url", params={**there, "query": asked}),
        near_misses=(NearMiss(why="another text", moves=tuple(other)),),
    )


def replace_text(move: Move, text: str, other: str) -> Move:
    """Return the move with another text typed, where it types this one."""
    action = move.action
    return (
        replace(move, action=replace(action, text=other)) if isinstance(action, Type) and action.text == text else move
    )


def results(atlas: Atlas, listed: State, text: str) -> list[tuple[Edge, State]]:
    """Return the links of a list of results whose names, or whose pages, have the text."""
    found = []
    everywhere = {(element.role, element.name) for element in atlas.graph.home.observation.elements}
    walked = list(atlas.leaving.get(listed.id, ()))
    for edge in [*walked, *_implied(atlas, listed, {edge.target for edge in walked})]:
        opened = atlas.graph.states[edge.target]
        name = atlas.names.get(opened.id)
        target = edge.move.target
        if name is None or target is None or name == atlas.names.get(listed.id) or not opened.is_page:
            continue  # the list itself is named as it is, whatever is searched for
        is_found = (target.role, target.name) not in everywhere and says(opened.evidence.text, text)
        if says(target.name, text) or says(name, text) or is_found:
            found.append((edge, opened))
    found.sort(key=lambda item: atlas.draw(listed.id, item[1].id))
    return found[:MAX_OPENED]


def _implied(atlas: Atlas, listed: State, known: set[str]) -> Iterator[Edge]:
    """Yield clicks on links that are called as a page is: nobody walked them, but where they lead is plain."""
    pages = {atlas.names[page.id].casefold(): page for page in reversed(atlas.pages) if page.id in atlas.names}
    for element in listed.observation.elements:
        page = pages.get(element.name.casefold())
        if element.role == "link" and page is not None and page.id not in known | {listed.id}:
            yield Edge(source=listed.id, move=Move.at(Click(element.id), listed.observation), target=page.id)


def _open(way: Way, atlas: Atlas, opened: State, text: str) -> Iterator[Candidate]:
    wanted = located(atlas, opened)
    name = atlas.names[opened.id]
    if wanted is None:
        return
    yield Candidate(
        family=FAMILY,
        goal=say(SEARCH_OPEN, target=name, query=text),
        start=way.start,
        target=opened.id,
        golden=way.moves,
        verifier=wanted,
        near_misses=tuple(atlas.astray(way)),
        parts=2,
    )
