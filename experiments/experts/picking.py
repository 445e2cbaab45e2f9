"""Tasks in which a date or an entry is picked from what a field offers."""

from __future__ import annotations

import re

from browser_env.action import Action, Press, Type, Wait
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, quoted, submit

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


def choose_date(observation: Observation) -> Action:
    """Pick the date, then submit."""
    match = DATE.search(observation.goal)
    date = match[0] if match else ""
    field = of_role(observation, "textbox")[0]
    return submit(observation) if field.value == date else pick_date(observation, field, date)


def pick_date(observation: Observation, field: Element, date: str) -> Action:
    """Open the calendar of a field, turn it to the date's month and click the day."""
    month, day, _ = (int(part) for part in date.split("/"))
    shown = next((i for i, name in enumerate(MONTHS, start=1) if named(observation, name, role="generic")), None)
    if shown is None:
        return click(field)
    if shown == month:
        return click(named(observation, str(day), role="link"))
    return click(named(observation, "Next" if shown < month else "Prev", role="generic"))


def use_autocomplete(observation: Observation) -> Action:
    """Type the beginning, choose a suggestion with the right end, then submit; Tab leaves what is whole already."""
    beginning, *end = quoted(observation)
    ending = end[0] if end else ""
    field = of_role(observation, "textbox")[0]
    left = "focused" not in field.states
    fits = field.value.startswith(beginning) and field.value.endswith(ending)
    if fits and (field.value != beginning or left):
        return submit(observation)
    if field.value != beginning.strip():  # observed values have no space at their ends
        return Type(field.id, beginning)
    fitting = [e for e in suggestions(observation) if e.name.startswith(beginning) and e.name.endswith(ending)]
    if any(element.name == field.value for element in fitting):
        return Press("Tab")
    return click(fitting[0]) if fitting or suggestions(observation) else Wait()


def suggestions(observation: Observation) -> list[Element]:
    """Return what the list below a field offers."""
    lists = {element.id for element in of_role(observation, "list")}
    return [element for element in observation.elements if element.parent in lists]


def book_flight(observation: Observation) -> Action:
    """Fill in places and date, search, and book the cheapest or the shortest of the flights found."""
    match = re.fullmatch(r"Book the (\w+) one-way flight from: (.*) to: (.*) on (.*)\.", observation.goal)
    criterion, *places, date = match.groups() if match else ("", "", "", "")
    buttons = [e for e in of_role(observation, "button") if e.name.startswith("Book flight")]
    if buttons:
        return click(min(buttons, key=lambda button: _measure(observation, button, criterion)))
    *fields, date_field = of_role(observation, "textbox")
    for field, place in zip(fields, places, strict=True):
        if not _is_airport(field.value, place):
            return _choose_airport(observation, field, place)
    if date_field.value != date:
        return pick_date(observation, date_field, date)
    return click(named(observation, "Search", role="button"))


def _choose_airport(observation: Observation, field: Element, place: str) -> Action:
    fitting = [element for element in suggestions(observation) if _is_airport(element.name, place)]
    if field.value != place:
        return Type(field.id, place)
    return click(fitting[0]) if fitting or suggestions(observation) else Wait()


def _is_airport(text: str, place: str) -> bool:
    """Tell whether a text is a city with its airport's code, and one of both is the place."""
    return text.endswith(f" ({place})") or text.startswith(f"{place} (")


def _measure(observation: Observation, button: Element, criterion: str) -> int:
    """Return the price on a button, or the minutes of the duration above it."""
    if criterion == "cheapest":
        return int(button.name.rpartition("$")[2])
    above = observation.elements[: observation.elements.index(button)]
    times = [match for e in above if (match := re.fullmatch(r"(\d+)h (\d+)m", e.name))]
    return int(times[-1][1]) * 60 + int(times[-1][2])


EXPERTS: dict[str, Expert] = {
    "choose-date": choose_date,
    "choose-date-easy": choose_date,
    "choose-date-medium": choose_date,
    "choose-date-nodelay": choose_date,
    "use-autocomplete": use_autocomplete,
    "use-autocomplete-nodelay": use_autocomplete,
    "book-flight": book_flight,
    "book-flight-nodelay": book_flight,
}
