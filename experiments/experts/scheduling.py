"""Tasks in which an event is entered into a calendar."""

from __future__ import annotations

import re

from browser_env.action import Action, Drag, GiveUp, Scroll, Type
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, quoted

STRIP = 2.5  # from a half hour's right side to where no event covers it, in CSS px


def daily_calendar(observation: Observation) -> Action:
    """Scroll to free half hours between the goal's hours, drag over them, name the event, create it."""
    fields = of_role(observation, "textbox")
    if fields:
        name = quoted(observation)[0]
        return (
            Type(fields[0].id, name) if fields[0].value != name else click(named(observation, "Create", role="button"))
        )
    places = _places(observation)
    area = of_role(observation, "generic")[1]
    top, bottom = area.box[1], area.box[1] + area.box[3] - 4
    shown = [place for place in places if place[0].box[1] >= top and sum(place[-1].box[1::2]) <= bottom]
    if shown:
        return _drag_over(shown[0])
    if not places:
        return GiveUp("no time between these hours is free")
    return _scroll(observation, places[0][0].box[1] - top)


def _places(observation: Observation) -> list[list[Element]]:
    """Return the runs of free half hours of the right length between the goal's hours."""
    elements = of_role(observation, "generic")[2:]
    halves = [element for element in elements if not element.name]
    events = [element for element in elements if element.name and element.box[2] > 50]
    count = _half_hours(observation.goal)
    first, last = (
        int(hour) % 12 * 2 + 24 * (half == "P") for hour, half in re.findall(r"(\d+)([AP])M", observation.goal)
    )
    runs = [halves[start : start + count] for start in range(first, last - count + 1)]
    return [run for run in runs if not any(_overlap(half, event) for half in run for event in events)]


def _half_hours(goal: str) -> int:
    """Return how many half hours the goal's event takes."""
    match = re.search(r"Create an? ([\d.]+) (hour|min)", goal)
    amount, unit = (float(match[1]), match[2]) if match else (1.0, "hour")
    return round(amount * 2 if unit == "hour" else amount / 30)


def _overlap(half: Element, event: Element) -> bool:
    """Tell whether an event covers some of a half hour."""
    (_, y, _, height), (_, other, _, other_height) = half.box, event.box
    return y + 2 < other + other_height and other + 2 < y + height


def _drag_over(halves: list[Element]) -> Action:
    """Drag down beside where the event appears, and let go on it."""
    x, y, width, height = halves[0].box
    end = halves[-1].center
    strip = x + width - STRIP
    return Drag((Point(strip, y + height / 2 - 3), Point(strip, end[1]), Point(*end)))


def _scroll(observation: Observation, distance: float) -> Action:
    """Scroll the area in the middle of the page, at most by half of the page's height."""
    width, height = observation.viewport
    most = height // 2
    return Scroll(Point(width / 2, height / 2), 0.0, max(-most, min(most, round(distance))))


EXPERTS: dict[str, Expert] = {
    "daily-calendar": daily_calendar,
}
