"""What is known of a site: states, what leads from one to another, and what the pages hold."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from browser_env.action import Type
from browser_env.observation import Observation
from experiments.compiler.target import Move
from rewards.evidence import Evidence, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A field of a form, with what the page says of its values."""

    id: str  # of its element in the state's observation
    kind: str  # the type of an input ("text", "email", "date", ...), "select" or "textarea"
    key: str  # as in Evidence.form_values: its name, id or label
    named: bool = True  # whether a form sends it
    label: str = ""  # its accessible name
    required: bool = False
    pattern: str = ""
    min: str = ""
    max: str = ""
    step: str = ""
    max_length: int | None = None
    options: tuple[tuple[str, str], ...] = ()  # value, label: of a list, of a group of radio buttons, of a box


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of a page, as some of its buttons send it; others may send the same controls elsewhere."""

    method: str  # "get", "post" or "dialog"; "get" where a page leaves it out
    action: str  # absolute address
    controls: tuple[Control, ...]
    submits: tuple[str, ...] = ()  # ids of the buttons that send it so
    named: tuple[tuple[str, str, str], ...] = ()  # ids of those that send a field of their own, its name and value
    on_enter: bool = True  # pressing Enter in a field sends it so; of the ways to send the same controls, it is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A value that a page states in a form for machines (JSON-LD, microdata) or in a list of terms."""

    subject: str  # what it is said of, as the page names it; empty: the page
    label: str  # e.g. "price"
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of the site as it was first seen."""

    id: str  # fingerprint in hex; see experiments/compiler/states.py
    url: str
    title: str
    template: str  # states of one template differ in their content, not in their kind
    observation: Observation  # without a picture
    evidence: Evidence
    path: tuple[Move, ...]  # from the page at ``start``
    start: str  # the address that the path begins at
    forms: tuple[Form, ...] = ()
    facts: tuple[Fact, ...] = ()
    goes_on: bool = False  # it has more to show than it does: by what it says, or because it grows at its end

    @property
    def is_page(self) -> bool:
        """Whether opening an address leads here."""
        return not self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A move that led from one state to another, or to the same."""

    source: str
    move: Move
    target: str
    sent: tuple[Sent, ...] = field(default=(), hash=False)  # what it had the page send that may change the site
    writes: bool = False  # such a request was sent, or refused
    walked: bool = True  # it was made; else it is believed to do what its like did


@dataclass(frozen=True, kw_only=True)  # without slots, which leave no place for what is computed once
class SiteGraph:
    """A site as far as it was explored."""

    url: str  # where exploration began
    states: Mapping[str, State]
    edges: tuple[Edge, ...]
    refused: Mapping[str, int] = field(default_factory=dict)  # why something was not followed -> how often
    minutes: float = 0.0
    cpu_s: float = 0.0

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges that leave each state."""
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            found[edge.source].append(edge)
        return {state: tuple(edges) for state, edges in found.items()}

    @cached_property
    def typed(self) -> frozenset[str]:
        """The texts that were typed while exploring; an address that repeats one says how its page was found."""
        actions = (edge.move.action for edge in self.edges)
        return frozenset(action.text.casefold() for action in actions if isinstance(action, Type))

    @property
    def home(self) -> State:
        """The state that exploration began at."""
        return next(iter(self.states.values()))

    def routes(self, source: str, target: str, *, longest: int = 4, at_most: int = 2) -> Iterator[tuple[Move, ...]]:
        """Yield routes from one state to another that do not write and visit no state twice, the shortest first."""
        away = self._away_from(target, at_most=longest)
        waiting: deque[tuple[str, tuple[Move, ...], frozenset[str]]] = deque([(source, (), frozenset([source]))])
        found = looked = 0
        while waiting and found < at_most and looked < MAX_LOOKED:
            here, moves, seen = waiting.popleft()
            looked += 1
            if here == target:
                found += 1
                yield moves
                continue
            for edge in self.outgoing.get(here, ()):
                far = away.get(edge.target, longest)
                if edge.target not in seen and not edge.writes and len(moves) + 1 + far <= longest:
                    waiting.append((edge.target, (*moves, edge.move), seen | {edge.target}))

    @cached_property
    def _sources(self) -> Mapping[str, frozenset[str]]:
        """The states from which a move that does not write leads to each state."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for edge in self.edges:
            if not edge.writes:
                found[edge.target].add(edge.source)
        return {state: frozenset(sources) for state, sources in found.items()}

    def _away_from(self, target: str, *, at_most: int) -> Mapping[str, int]:
        """Return how many moves states are away from one, at least, as far as they are not too far."""
        away, border = {target: 0}, [target]
        for moves in range(1, at_most):
            border = [s for state in border for s in self._sources.get(state, ()) if s not in away]
            away |= dict.fromkeys(border, moves)
        return away


MAX_LOOKED = 20_000  # partial routes


def summary(graph: SiteGraph) -> dict[str, Any]:
    """Return the size of a graph as JSON-serialisable data."""
    return {
        "url": graph.url,
        "states": len(graph.states),
        "pages": sum(state.is_page for state in graph.states.values()),
        "templates": len({state.template for state in graph.states.values()}),
        "edges": len(graph.edges),
        "refused": dict(graph.refused),
        "minutes": graph.minutes,
        "cpu_s": graph.cpu_s,
    }
