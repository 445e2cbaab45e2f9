"""How an element is found again on another visit, and actions that are aimed so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from browser_env.action import Action, action_from_json
from browser_env.errors import DataError, DivergedError
from browser_env.observation import Element, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What distinguishes an element from the others of its page; ids do not survive a visit."""

    role: str
    name: str = ""
    headers: tuple[str, ...] = ()  # names of its row's and its column's header, inside a table
    nth: int = 0  # which of those that are alike, in document order

    @classmethod
    def of(cls, element: Element, observation: Observation) -> Self:
        """Return the target of one of the observation's elements."""
        alike = [other.id for other in observation.elements if _looks(other) == _looks(element)]
        role, name, headers = _looks(element)
        return cls(role=role, name=name, headers=headers, nth=alike.index(element.id))

    def find(self, observation: Observation) -> Element | None:
        """Return the element that this is now, or None."""
        wanted = (self.role, self.name, self.headers)
        alike = [element for element in observation.elements if _looks(element) == wanted]
        return alike[self.nth] if self.nth < len(alike) else None

    def to_json(self) -> dict[str, Any]:
        """Return the target as JSON-serialisable data."""
        return {"role": self.role, "name": self.name, "headers": list(self.headers), "nth": self.nth}


def _looks(element: Element) -> tuple[str, str, tuple[str, ...]]:
    return element.role, element.name, element.headers


def targets_of(observation: Observation) -> dict[str, Target]:
    """Return the targets of all elements by their ids."""
    seen: Counter[Hashable] = Counter()
    found = {}
    for element in observation.elements:
        role, name, headers = looks = _looks(element)
        found[element.id] = Target(role=role, name=name, headers=headers, nth=seen[looks])
        seen[looks] += 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An action, and what it is aimed at; the action itself holds the id that the element had when it was found."""

    action: Action
    target: Target | None = None  # None: an action without a target, or at a point

    @classmethod
    def at(cls, action: Action, observation: Observation) -> Self:
        """Return the move that an action with an element's id is on this observation."""
        element = observation.element(str(getattr(action, "target", "")))
        return cls(action=action, target=None if element is None else Target.of(element, observation))

    def on(self, observation: Observation) -> Action:
        """Return the action with the id that its target has now; raise :class:`DivergedError` where it is not there."""
        if self.target is None:
            return self.action
        element = self.target.find(observation)
        if element is None:
            raise DivergedError(f"the page has no {self.target.role} {self.target.name[:80]!r} any more")
        return replace(self.action, target=element.id)  # type: ignore[call-arg]  # only actions with one have a target

    def to_json(self) -> dict[str, Any]:
        """Return the move as JSON-serialisable data."""
        return {"action": self.action.to_json(), "target": None if self.target is None else self.target.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a move from :meth:`to_json`; raise :class:`DataError` on anything else."""
        try:
            target = data["target"]
            action = action_from_json(data["action"])
            if target is None:
                return cls(action=action)
            return cls(action=action, target=Target(**{**target, "headers": tuple(target["headers"])}))
        except (KeyError, TypeError) as error:
            raise DataError(f"not a move: {error}; write one with Move.to_json()") from error


def key_of(moves: Sequence[Move]) -> tuple[str, ...]:
    """Return what tells sequences of moves apart: actions without the ids, and targets."""
    return tuple(f"{_bare(move)} {move.target}" for move in moves)


def _bare(move: Move) -> str:
    return (move.action if move.target is None else replace(move.action, target="e0")).to_text()  # type: ignore[call-arg]
