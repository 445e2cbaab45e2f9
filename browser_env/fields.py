"""How dates and times are typed into their fields, part by part as these show them in American English."""

from __future__ import annotations

import re

from browser_env.keys import KeyEvent, press_events, type_events

PARTS_AT_MOST = 8  # of one field: month, day, year, hour, minute, second, thousandths, AM or PM
DATE = r"(?P<year>\d{4,6})-(?P<month>\d\d)-(?P<day>\d\d)"
TIME = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,3}))?)?"
FORMS = {  # by the field's type: its value in ISO 8601
    "date": re.compile(DATE, re.ASCII),
    "time": re.compile(TIME, re.ASCII),
    "datetime-local": re.compile(f"{DATE}[T ]{TIME}", re.ASCII),
    "month": re.compile(r"(?P<year>\d{4,6})-(?P<month>\d\d)", re.ASCII),
    "week": re.compile(r"(?P<year>\d{4,6})-W(?P<week>\d\d)", re.ASCII),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def same_moment(kind: str, one: str, other: str) -> bool:
    """Whether two values of a date or time field mean the same."""
    moments = [_moment(kind, text) for text in (one, other)]
    return moments[0] is not None and moments[0] == moments[1]


def moment_events(kind: str, text: str, *, precision: str) -> list[KeyEvent] | None:
    """Return the keys for a value in ISO 8601, or None for another text.

    ``precision`` says what the field shows beyond minutes: nothing, ``s`` or ``ms`` (seconds and thousandths).
    """
    found = FORMS[kind].fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    keys = press_events("ArrowLeft") * PARTS_AT_MOST
    if kind == "month":
        name = MONTHS[(int(parts["month"]) - 1) % 12]
        return [*keys, *type_events(name), *press_events("ArrowRight"), *type_events(parts["year"])]
    if kind == "week":
        return [*keys, *type_events(parts["week"] + parts["year"])]
    if "year" in parts:
        keys += type_events(parts["month"] + parts["day"] + parts["year"])
    if kind == "datetime-local":
        keys += press_events("ArrowRight")
    if "hour" in parts:
        keys += type_events(_clock(parts, precision))
    return keys


def _clock(parts: dict[str, str | None], precision: str) -> str:
    hour = int(parts["hour"] or 0)
    digits = f"{(hour - 1) % 12 + 1:02d}{parts['minute']}"
    if precision or parts["second"] is not None:
        digits += parts["second"] or "00"
    if precision == "ms" or parts["fraction"] is not None:
        digits += (parts["fraction"] or "").ljust(3, "0")
    return digits + ("PM" if hour >= 12 else "AM")


def _moment(kind: str, text: str) -> dict[str, int] | None:
    found = FORMS[kind].fullmatch(text)
    if found is None:
        return None
    parts = {name: part or "0" for name, part in found.groupdict().items()}
    return {name: int(part.ljust(3, "0") if name == "fraction" else part) for name, part in parts.items()}
