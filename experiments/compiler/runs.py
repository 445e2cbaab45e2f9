"""Runs that proofs share: what moves led to, step by step, whoever asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from browser_env.action import Answer, GiveUp
from browser_env.errors import DivergedError, WebdualError
from browser_env.observation import Element, Observation
from experiments.compiler.leave import Leave
from experiments.compiler.target import Move, key_of
from experiments.compiler.visiting import Visit, Visitor
from rewards.evidence import ElementState, Evidence

Key = tuple[str, ...]  # an address, and what tells its moves apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A page, and moves from there; an answer or giving up is left out, as it changes no page."""

    url: str
    moves: tuple[Move, ...]

    @classmethod
    def of(cls, url: str, moves: Sequence[Move]) -> Route:
        """Return the part of some moves that a browser has to make."""
        return cls(url=url, moves=acted(moves))

    @property
    def key(self) -> Key:
        """What tells routes apart; that of a beginning is a beginning of it."""
        return (self.url, *key_of(self.moves))


def acted(moves: Sequence[Move]) -> tuple[Move, ...]:
    """Return the moves before the answer."""
    last = next((index for index, move in enumerate(moves) if isinstance(move.action, Answer | GiveUp)), len(moves))
    return tuple(moves[:last])


def spoken(moves: Sequence[Move], evidence: Evidence) -> Evidence:
    """Return the evidence with the answer that the moves end with, if they do."""
    said = next((move.action for move in moves if isinstance(move.action, Answer | GiveUp)), None)
    if isinstance(said, Answer):
        return replace(evidence, answer=said.text)
    return replace(evidence, gave_up=True) if said is not None else evidence


def leaves(routes: Iterable[Route]) -> list[Route]:
    """Return the routes that are no beginning of another, in the order given."""
    by_key = {route.key: route for route in routes}
    inner = {key[:length] for key in by_key for length in range(1, len(key))}
    return [route for key, route in by_key.items() if key not in inner]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a route led to from a fresh reset, at every step that could be made."""

    evidence: tuple[Evidence, ...]  # T + 1
    observations: tuple[Observation, ...] = ()  # T + 1; left out where nobody asks for them
    actions: tuple[str, ...] = ()  # T, in text form
    problem: str = ""  # why it ended before its last move
    sound: int = 0  # moves that were carried out without an error
    seconds: float = 0.0  # that all of it took

    @property
    def final(self) -> Observation | None:
        """What was seen at its end, where observations were kept."""
        return self.observations[-1] if self.observations else None


@dataclass(slots=True)
class Runs:
    """All runs with one seed, by their routes; a run holds all its beginnings."""

    seed: int
    keep_observations: bool = False
    seconds: float = 0.0  # spent in browsers
    played: int = 0
    _runs: dict[Key, tuple[Run, int]] = field(default_factory=dict)  # with the number of steps that count
    _texts: dict[str, str] = field(default_factory=dict)
    _elements: dict[tuple[ElementState, ...], tuple[ElementState, ...]] = field(default_factory=dict)
    _pages: dict[tuple[Element, ...], tuple[Element, ...]] = field(default_factory=dict)

    def missing(self, routes: Iterable[Route]) -> list[Route]:
        """Return what has to be played, so that every route is known."""
        return leaves(route for route in routes if route.key not in self._runs)

    async def play(self, visitor: Visitor, route: Route, *, leave: Leave | None = None) -> None:
        """Play a route and keep what it shows; a page that cannot be opened, or may not be, is a run with a problem."""
        try:
            visit = await visitor.play(route.url, route.moves, seed=self.seed, leave=leave)
        except WebdualError as error:
            visit = Visit(actions=(), observations=(), evidence=(Evidence(),), problem=str(error))
        self.add(route, visit)

    def add(self, route: Route, visit: Visit) -> None:
        """Keep a visit as the run of a route and of all its beginnings."""
        self.seconds += visit.seconds
        self.played += 1
        run = Run(
            evidence=tuple(self._shared(evidence) for evidence in visit.evidence),
            observations=tuple(map(self._seen, visit.observations)) if self.keep_observations else (),
            actions=tuple(action.to_text() for action in visit.actions),
            problem=visit.problem,
            sound=_sound(route, visit),
            seconds=visit.seconds,
        )
        for steps in range(len(route.moves) + 1):
            self._runs.setdefault(route.key[: steps + 1], (run, steps))

    def get(self, route: Route) -> Run | None:
        """Return the run of a route, cut to its steps; None where it was not played."""
        if route.key not in self._runs:
            return None
        run, steps = self._runs[route.key]
        return replace(
            run,
            evidence=run.evidence[: steps + 1],
            observations=run.observations[: steps + 1],
            actions=run.actions[:steps],
            problem="" if steps <= run.sound else run.problem,
        )

    def _shared(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the text and the elements of an equal one, so that memory holds them once."""
        text = self._texts.setdefault(evidence.text, evidence.text)
        elements = self._elements.setdefault(evidence.elements, evidence.elements)
        return replace(evidence, text=text, elements=elements)

    def _seen(self, observation: Observation) -> Observation:
        return replace(observation, elements=self._pages.setdefault(observation.elements, observation.elements))


def _sound(route: Route, visit: Visit) -> int:
    """Return how many moves went well: all that were made, but for the last where it is the problem."""
    made = len(visit.actions)
    if not visit.problem or not visit.observations:
        return made if not visit.problem else -1
    if made < len(route.moves):
        try:
            route.moves[made].on(visit.observations[-1])
        except DivergedError:  # the next move found no target
            return made
    return made - 1
