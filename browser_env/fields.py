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
SHOWN_DATE = r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4,6})"
SHOWN_TIME = r"(?P<hour>0?[1-9]|1[0-2]):(?P<minute>\d\d)(?P<rest>:\d\d)? ?(?P<half>[AP]M)"
SHOWN = {  # as the field itself shows it
    "date": re.compile(SHOWN_DATE, re.ASCII),
    "time": re.compile(SHOWN_TIME, re.ASCII),
    "datetime-local": re.compile(f"{SHOWN_DATE},? {SHOWN_TIME}", re.ASCII),
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def same_moment(kind: str, one: str, other: str) -> bool:
    """Whether two values of a date or time field mean the same."""
    moments = [_moment(kind, in_iso_form(kind, text)) for text in (one, other)]
    return moments[0] is not None and moments[0] == moments[1]


def in_iso_form(kind: str, text: str) -> str:
    """Return a value that is written as its field shows it, e.g. 5/1/2024 or 1:45 PM, in ISO 8601; others unchanged."""
    found = SHOWN[kind].fullmatch(text) if kind in SHOWN else None
    if found is None:
        return text
    parts = found.groupdict()
    written = []
    if "year" in parts:
        written.append(f"{parts['year']}-{int(parts['month']):02d}-{int(parts['day']):02d}")
    if "hour" in parts:
        hour = int(parts["hour"]) % 12 + 12 * (parts["half"] == "PM")
        written.append(f"{hour:02d}:{parts['minute']}{parts['rest'] or ''}")
    return "T".join(written)


def moment_events(kind: str, text: str, *, precision: str) -> list[KeyEvent] | None:
    """Return the keys for a value in ISO 8601 or as the field shows it, or None for another text.

    ``precision`` says what the field shows beyond minutes: nothing, ``s`` or ``ms`` (seconds and thousandths).
    """
    found = FORMS[kind].fullmatch(in_iso_form(kind, text))
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
