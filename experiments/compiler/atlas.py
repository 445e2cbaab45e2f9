"""A graph with what families ask of it again and again: names of pages, their tables, and ways to them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from urllib.parse import urlsplit

from experiments.compiler.addresses import place
from experiments.compiler.candidate import NearMiss
from experiments.compiler.graph import Control, Edge, Form, SiteGraph, State
from experiments.compiler.lists import Listing, lists, successions
from experiments.compiler.page_names import page_names
from experiments.compiler.tables import Table, tables
from experiments.compiler.target import Move

WORD = re.compile(r"[^\W\d_]{4,16}")
CONTENT = frozenset(("cell", "gridcell", "listitem", "link", "heading", "rowheader"))
EVERYWHERE = 0.5  # share of the pages above which something is part of their frame
FEW = 4
MIN_PATH = 4  # characters of a path that would be noticed in a goal
MAX_ASTRAY = 3
LONGEST = 6  # moves on the way to where a task is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Moves from a page to a state."""

    start: str  # id of the page's state
    moves: tuple[Move, ...] = ()
    last: Edge | None = None  # what the last move went along

    def then(self, edge: Edge) -> Way:
        """Return the way that goes on along an edge."""
        return Way(start=self.start, moves=(*self.moves, edge.move), last=edge)


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """A site as families see it; everything is worked out once, when it is first asked for."""

    graph: SiteGraph
    allow_writes: bool = False
    seed: int = 0
    _tables: dict[str, list[Table]] = field(default_factory=dict)

    @cached_property
    def pages(self) -> tuple[State, ...]:
        """The states that opening an address leads to."""
        return tuple(state for state in self.graph.states.values() if state.is_page)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of states that are called otherwise than all other pages, by the states' ids."""
        return page_names(self.graph)

    def called(self, name: str) -> dict[str, State]:
        """Return the states of this name by their ids."""
        return {id_: self.graph.states[id_] for id_ in self._called.get(name, ())}

    def meant(self, name: str) -> State:
        """Return the page that is meant by a name that several addresses of one place have: the shortest's."""
        pages = [state for state in self.called(name).values() if state.is_page] or list(self.called(name).values())
        return min(pages, key=lambda state: (len(state.url), state.url))

    @cached_property
    def _called(self) -> Mapping[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for id_, name in self.names.items():
            found[name].append(id_)
        return found

    @cached_property
    def at_place(self) -> Mapping[str, tuple[State, ...]]:
        """The pages at each address without its parameters."""
        found: defaultdict[str, list[State]] = defaultdict(list)
        for state in self.pages:
            found[place(state.url)].append(state)
        return {here: tuple(states) for here, states in found.items()}

    def forms(self, state: State) -> list[Form]:
        """Return the forms of a page that its name leads to; one that many pages have only for a few of them."""
        if state.id not in self.names:
            return []
        there = {_fields(form) for form in self.meant(self.names[state.id]).forms}
        return [form for form in state.forms if _fields(form) in there and state.id in self._holders[_fields(form)]]

    @cached_property
    def _holders(self) -> Mapping[tuple[str, ...], list[str]]:
        found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for state in self.pages:
            for form in state.forms:
                found[_fields(form)].append(state.id)
        return {
            fields: ids if len(ids) <= EVERYWHERE * len(self.pages) else self._few(ids, *fields)
            for fields, ids in found.items()
        }

    def offers(self, state: State, control: Control) -> bool:
        """Whether a control is asked for on this page: one that many pages have is only on a few of them."""
        ids = self._offered[control.kind, control.key, control.label]
        return len(ids) <= EVERYWHERE * len(self.pages) or state.id in self._few(ids, control.key, control.label)

    @cached_property
    def _offered(self) -> Mapping[tuple[str, str, str], list[str]]:
        found: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for state in self.pages:
            for control in (control for form in state.forms if form.on_enter for control in form.controls):
                found[control.kind, control.key, control.label].append(state.id)
        return found

    def _few(self, ids: list[str], *salt: str) -> list[str]:
        return sorted(ids, key=lambda id_: self.draw(id_, *salt))[:FEW]

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all pages that are longer than a word."""
        paths = (urlsplit(state.url).path.rstrip("/") for state in self.graph.states.values())
        return frozenset(path for path in paths if len(path) >= MIN_PATH)

    @cached_property
    def leaving(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that leave each state and do not write."""
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.graph.edges:
            if not edge.writes:
                found[edge.source].append(edge)
        return {state: tuple(edges) for state, edges in found.items()}

    @cached_property
    def entering(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that enter each state and do not write."""
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edges in self.leaving.values():
            for edge in edges:
                if edge.source != edge.target:
                    found[edge.target].append(edge)
        return {state: tuple(edges) for state, edges in found.items()}

    @cached_property
    def from_home(self) -> Mapping[str, Way]:
        """The shortest way from home to every state that has one."""
        home = self.graph.home.id
        ways = {home: Way(start=home)}
        waiting = deque([home])
        while waiting:
            here = waiting.popleft()
            for edge in self.leaving.get(here, ()) if len(ways[here].moves) < LONGEST else ():
                if edge.target not in ways:
                    ways[edge.target] = ways[here].then(edge)
                    waiting.append(edge.target)
        return ways

    def tables(self, state: State) -> list[Table]:
        """Return the tables of a state's page."""
        if state.id not in self._tables:
            self._tables[state.id] = tables(state.observation)
        return self._tables[state.id]

    def lists(self, state: State) -> list[Listing]:
        """Return the lists of a state's page, without those that many pages have."""
        return [listing for listing in lists(state.observation) if self._listed[listing] <= FEW]

    @cached_property
    def _listed(self) -> Counter[Listing]:
        return Counter(listing for state in self.pages for listing in lists(state.observation))

    def successions(self, state: State) -> list[tuple[str, str]]:
        """Return headings next to each other on a state's page, without those that are so on many pages."""
        return [pair for pair in successions(state.observation) if self._successions[pair] <= FEW]

    @cached_property
    def _successions(self) -> Counter[tuple[str, str]]:
        return Counter(pair for state in self.pages for pair in successions(state.observation))

    def begin(self, state: State, *salt: str, at_page: bool = True) -> Way | None:
        """Choose where a task that is done in a state starts, and the way there; None where nothing leads there.

        Mostly it is home; else the page itself (with ``at_page``), or a page next to it.
        """
        draw = self.draw(state.id, *salt)
        home = self.from_home.get(state.id)
        if state.is_page and at_page and (draw % 4 == 0 or home is None):
            return Way(start=state.id)
        if home and home.moves and draw % 4 != 1:
            return home
        beside = [edge for edge in self.entering.get(state.id, ()) if self.graph.states[edge.source].is_page]
        if beside:
            edge = beside[draw // 4 % len(beside)]
            return Way(start=edge.source).then(edge)
        return home if home and (at_page or home.moves) else None

    def astray(self, way: Way) -> Iterator[NearMiss]:
        """Yield the way's moves with another last one, which leads to another page."""
        if way.last is None:
            return
        beside = [
            edge for edge in self.leaving.get(way.last.source, ()) if edge.target not in (way.last.target, edge.source)
        ]
        named = {self.names.get(way.last.target), None}
        others = [edge for edge in beside if self.names.get(edge.target) not in named]
        for edge in others[:MAX_ASTRAY]:
            yield NearMiss(why="another page", moves=(*way.moves[:-1], edge.move))

    def word(self, state: State, *salt: str) -> str:
        """Return a word of the site's content that a search would find, or nothing."""
        if not self._words:
            return ""
        return self._words[self.draw(state.id, *salt) % len(self._words)]

    @cached_property
    def _words(self) -> list[str]:
        found = {
            word
            for state in self.pages
            for element in state.observation.elements
            if element.role in CONTENT
            for word in WORD.findall(element.name)
        }
        return sorted(found)

    def shared(self, state: State) -> list[Table]:
        """Return the tables of a page that, by their columns, the page that its name means has too."""
        name = self.names.get(state.id)
        there = {table.columns for table in self.tables(state if name is None else self.meant(name))}
        return [table for table in self.tables(state) if state.path or table.columns in there]

    def draw(self, *salt: str) -> int:
        """Return a large number that depends on the seed and these texts alone."""
        return int.from_bytes(sha256("\0".join((str(self.seed), *salt)).encode()).digest()[:8])


def _fields(form: Form) -> tuple[str, ...]:
    return form.method, form.action, *(control.key for control in form.controls)
