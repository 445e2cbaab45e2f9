"""Golden moves with one mistake in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from browser_env.action import Check, Select, Type, Upload
from browser_env.observation import Element, Observation
from experiments.compiler.runs import acted
from experiments.compiler.target import Move, targets_of
from rewards.match import normalised_text

SETTING_ROLES = ("checkbox", "radio", "switch", "option", "menuitemcheckbox", "menuitemradio", "slider", "spinbutton")
MOST_SWAPS = 3  # of a run, from its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Moves with a mistake; unless they must fail, they may lead to the very same page by another way."""

    why: str
    moves: tuple[Move, ...]
    must_fail: bool
    left_out: bool = False  # a step, and nothing else was changed


def mutants(golden: Sequence[Move], observations: Sequence[Observation], *, goal: str) -> Iterator[Mutant]:
    """Yield the moves with each step but the last left out, and with a neighbour in place of each target.

    A value that the goal names has to be set.
    """
    moves = acted(golden)
    for index in range(len(moves) - 1):
        left = (*moves[:index], *moves[index + 1 :])
        told = sets_value(moves[index]) and _is_told(moves[index], goal)
        yield Mutant(why="a step left out", moves=left, must_fail=told, left_out=True)
    for index in range(len(moves) - 1, max(len(moves) - 1 - MOST_SWAPS, -1), -1):
        swapped = neighbour(moves[index], observations[index])
        if swapped is not None:
            changed = (*moves[:index], swapped, *moves[index + 1 :])
            yield Mutant(why="a neighbour in its place", moves=changed, must_fail=sets_value(moves[index]))


def sets_value(move: Move) -> bool:
    """Whether a move decides what a control holds."""
    if isinstance(move.action, Type | Select | Check | Upload):
        return True
    return move.target is not None and move.target.role in SETTING_ROLES


def _is_told(move: Move, goal: str) -> bool:
    action, name = move.action, "" if move.target is None else move.target.name
    values = [action.text] if isinstance(action, Type) else action.options if isinstance(action, Select) else [name]
    return any(value and normalised_text(value) in normalised_text(goal) for value in values)


def neighbour(move: Move, observation: Observation) -> Move | None:
    """Return the move aimed at the next element of the same role and another name, None where there is none."""
    if move.target is None:
        return None
    hit = move.target.find(observation)
    if hit is None:
        return None
    near = [element for element in observation.elements if element.role == hit.role and _is_other(element, hit)]
    if not near:
        return None
    places = {element.id: place for place, element in enumerate(observation.elements)}
    nearest = min(near, key=lambda element: abs(places[element.id] - places[hit.id]))
    action = replace(move.action, target=nearest.id)  # type: ignore[call-arg]  # it has a target
    return Move(action=action, target=targets_of(observation)[nearest.id])


def _is_other(element: Element, hit: Element) -> bool:
    return element.id != hit.id and (element.name, element.headers) != (hit.name, hit.headers) and element.visible
