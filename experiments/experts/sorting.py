"""Tasks in which the entries of a list or a grid are dragged to other places in it."""

from __future__ import annotations

from browser_env.action import Action, Drag
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, of_role, ordinal, submit

BEYOND = 5  # past the middle of the entry whose place is taken, in CSS px
LOWER = 13  # from the middle of an entry's text to its own, in a grid, in CSS px
ROWS = ("top", "center", "bottom")
COLUMNS = ("left", "center", "right")


def drag_sort_numbers(observation: Observation) -> Action:
    """Drag the lowest number that is not in its place up to that, then submit."""
    entries = _entries(observation)
    ordered = sorted(entries, key=lambda entry: int(entry.name))
    for entry, wanted in zip(entries, ordered, strict=True):
        if entry.name != wanted.name:
            return _drag_to(wanted, entry)
    return submit(observation)


def drag_items(observation: Observation) -> Action:
    """Drag the named entry to its place in the list."""
    entries = _entries(observation)
    place, way = _asked(observation, entries)
    ends = {
        "to the top": 0,
        "to the bottom": -1,
        "down by one position": place + 1,
        "up by one position": place - 1,
    }
    return _drag_to(entries[place], entries[ends.get(way, ordinal(observation))])


def drag_items_grid(observation: Observation) -> Action:
    """Drag the named entry to its place in the grid."""
    entries = _entries(observation)
    place, way = _asked(observation, entries)
    steps = {"up by one": -3, "down by one": 3, "left by one": -1, "right by one": 1}
    if way in steps:
        return _drag_to(entries[place], entries[place + steps[way]], lower=LOWER)
    words = way.removeprefix("to the ").split()
    return _drag_to(entries[place], entries[ROWS.index(words[0]) * 3 + COLUMNS.index(words[-1])], lower=LOWER)


def _entries(observation: Observation) -> list[Element]:
    """Return what is listed after the goal."""
    return [element for element in of_role(observation, "generic")[1:] if element.name]


def _asked(observation: Observation, entries: list[Element]) -> tuple[int, str]:
    """Return the place of the entry that the goal names, and where the goal says it belongs."""
    place = next(i for i, entry in enumerate(entries) if f"Drag {entry.name} " in observation.goal)
    return place, observation.goal.partition(f"Drag {entries[place].name} ")[2].rstrip(".")


def _drag_to(entry: Element, other: Element, *, lower: float = 0.0) -> Action:
    """Drag an entry a little past the middle of another, which downwards is so much lower than its text.

    What goes up and to the right comes from the right at last, as that puts it before the other.
    """
    x, (there_x, there_y) = entry.center[0], other.center
    beyond_x = BEYOND * ((there_x > x) - (there_x < x))
    down = other.box[1] - entry.box[1]
    beyond_y = BEYOND + lower if down > 0 else -BEYOND if down < 0 else 0.0
    if beyond_x > 0 > beyond_y:
        turn, end = (Point(there_x + side * beyond_x, there_y + beyond_y) for side in (2, -1))
        return Drag((entry.id, turn, end))
    return Drag((entry.id, Point(there_x + beyond_x, there_y + beyond_y)))


EXPERTS: dict[str, Expert] = {
    "drag-sort-numbers": drag_sort_numbers,
    "drag-items": drag_items,
    "drag-items-grid": drag_items_grid,
}
