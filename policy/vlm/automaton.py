"""Automata over bytes, built from parts like regular expressions, with holes that are filled for each page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

Part = Callable[["Builder", int], int]  # adds itself after a state and returns the state after it
Spelled = tuple[int, bytes]  # in a hole: the state after it, and what of a word is written
State = int | Spelled
States = frozenset[State]
FAR = 1 << 30  # bytes to an end that cannot be reached


@dataclass(slots=True, eq=False)
class Builder:
    """States with their edges; state 0 is the first."""

    edges: list[list[tuple[int, int, int]]] = field(default_factory=lambda: [[]])  # first and last byte, next state
    skips: list[list[int]] = field(default_factory=lambda: [[]])  # states that are reached by nothing
    holes: dict[int, int] = field(default_factory=dict)  # state before a hole -> state after it
    steps: dict[tuple[States, int], States] = field(default_factory=dict)  # known steps from outside of holes

    def state(self) -> int:
        """Return a new state."""
        self.edges.append([])
        self.skips.append([])
        return len(self.edges) - 1

    def skip(self, start: int, end: int) -> None:
        """Let a state lead to another by nothing."""
        self.skips[start].append(end)


def byte(first: int, last: int) -> Part:
    """Any byte of a range."""

    def add(builder: Builder, start: int) -> int:
        end = builder.state()
        builder.edges[start].append((first, last, end))
        return end

    return add


def text(words: str) -> Part:
    """Exactly these words."""
    return sequence(*(byte(code, code) for code in words.encode()))


def sequence(*parts: Part) -> Part:
    """One part after another."""

    def add(builder: Builder, start: int) -> int:
        for part in parts:
            start = part(builder, start)
        return start

    return add


def choice(*parts: Part) -> Part:
    """One of these parts."""

    def add(builder: Builder, start: int) -> int:
        end = builder.state()
        for part in parts:
            branch = builder.state()
            builder.skip(start, branch)
            builder.skip(part(builder, branch), end)
        return end

    return add


def repeat(part: Part) -> Part:
    """Any number of times, none too."""

    def add(builder: Builder, start: int) -> int:
        loop, end = builder.state(), builder.state()
        builder.skip(start, loop)
        builder.skip(part(builder, loop), loop)
        builder.skip(loop, end)
        return end

    return add


def maybe(part: Part) -> Part:
    """Once or not at all."""
    return choice(part, sequence())


def hole() -> Part:
    """One of the words that are known only later."""

    def add(builder: Builder, start: int) -> int:
        before, after = builder.state(), builder.state()
        builder.skip(start, before)
        builder.holes[before] = after
        return after

    return add


class Automaton:
    """What may be written, byte after byte, once its holes are filled with words."""

    def __init__(self, builder: Builder, end: int, words: Iterable[bytes]) -> None:
        self.language = builder  # the same for all pages that differ only in their words
        self._end = end
        self._words = frozenset(words)
        self._steps: dict[tuple[States, int], States] = {}  # known ones, from within holes
        self._begun = {word[:length] for word in self._words for length in range(len(word) + 1)}

    @cached_property
    def start(self) -> States:
        """The states before anything is written."""
        return self._closure([0])

    def step(self, states: States, code: int) -> States:
        """Return the states after one more byte; none where it may not be written."""
        known = self._steps if self.has_hole(states) else self.language.steps
        if (states, code) not in known:
            known[states, code] = self._closure(end for state in states for end in self._next(state, code))
        return known[states, code]

    def read(self, states: States, data: bytes) -> States:
        """Return the states after some bytes."""
        for code in data:
            states = self.step(states, code)
        return states

    def accepts(self, states: States) -> bool:
        """Tell whether what is written is whole."""
        return self._end in states

    def left(self, states: States) -> int:
        """Return how many bytes are at least missing."""
        return min((self._left(state) for state in states), default=FAR)

    @cached_property
    def longest(self) -> int:
        """How many bytes are at most missing anywhere."""
        reached = [distance for distance in self._distances if distance < FAR]
        return max(reached) + max(map(len, self._words), default=0)

    def has_hole(self, states: States) -> bool:
        """Tell whether what may follow depends on the words."""
        return any(isinstance(state, tuple) for state in states)

    def _next(self, state: State, code: int) -> Iterable[State]:
        if isinstance(state, tuple):
            after, written = state
            longer = written + bytes([code])
            return [(after, longer)] if longer in self._begun else []
        return [end for first, last, end in self.language.edges[state] if first <= code <= last]

    def _closure(self, states: Iterable[State]) -> States:
        found: set[State] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found.add(state)
            if isinstance(state, tuple):
                waiting += [state[0]] if state[1] in self._words else []
                continue
            waiting += self.language.skips[state]
            if state in self.language.holes:
                waiting.append((self.language.holes[state], b""))
        return frozenset(found)

    def _left(self, state: State) -> int:
        if isinstance(state, tuple):
            after, written = state
            rests = [len(word) - len(written) for word in self._words if word.startswith(written)]
            return min(rests, default=FAR) + self._distances[after]
        return self._distances[state]

    @cached_property
    def _distances(self) -> list[int]:
        """Bytes from each state to the end, by relaxation until nothing changes."""
        builder, shortest = self.language, min(map(len, self._words), default=FAR)
        distances = [FAR] * len(builder.edges)
        distances[self._end] = 0
        changed = True
        while changed:
            changed = False
            for state in range(len(distances) - 1, -1, -1):
                ways = [distances[end] + 1 for _, _, end in builder.edges[state]]
                ways += [distances[end] for end in builder.skips[state]]
                ways += [distances[builder.holes[state]] + shortest] if state in builder.holes else []
                best = min(ways, default=FAR)
                if best < distances[state]:
                    distances[state], changed = best, True
        return distances
