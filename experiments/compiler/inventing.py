"""Values that a control would take: by its type and constraints, or by what its label says."""

from __future__ import annotations

import re
import warnings
from datetime import date, timedelta
from decimal import Decimal

from experiments.compiler.graph import Control

BY_LABEL = (
    (r"e-?mail", ("anna.berg@example.com", "tom.lund@example.com", "maria.holt@example.com")),
    (r"phone|mobile|telephone|\btel\b", ("555 0142", "555 0187", "555 0116")),
    (r"first ?name|given ?name", ("Anna", "Tom", "Maria")),
    (r"last ?name|surname|family ?name", ("Berg", "Lund", "Holt")),
    (r"user ?name|login|nick", ("annaberg", "tomlund", "mariaholt")),
    (r"company|organi[sz]ation|employer", ("Harbour Works", "Maple Press", "North Mill")),
    (r"\bname\b", ("Anna Berg", "Tom Lund", "Maria Holt")),
    (r"zip|postal|post ?code", ("80331", "10115", "50667")),
    (r"city|town", ("Aarhus", "Ghent", "Porto")),
    (r"country", ("Denmark", "Belgium", "Portugal")),
    (r"street|address", ("12 Mill Lane", "7 Harbour Road", "31 Maple Street")),
    (r"subject|title|topic|summary", ("Spring meeting", "Weekly review", "New timetable")),
    (
        r"message|comment|description|note|text|body|feedback",
        ("The delivery came on time", "Please call in the morning"),
    ),
    (r"age\b", ("34", "41", "27")),
    (r"quantity|amount|count|number|limit|\bsize\b", ("3", "5", "7")),
    (r"\btags?\b|keyword|label", ("harvest", "granite", "lantern")),
)
WORDS = ("harvest", "granite", "lantern", "meadow", "copper", "orchard")
FIRST_DAY = date(2024, 3, 4)
ESCAPED = re.compile(r"\\.", re.DOTALL)
CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
OPENING = re.compile(r"\(\?(?:[:=!]|<[=!]|<\w+>)")  # of the groups that patterns of pages have
INNERMOST = re.compile(r"\(([^()]*)\)")
LOOSE = re.compile(r"[*+?]|\{\d*,\d*\}")  # repeats what is before it a number of times that is open
REPEATED = re.compile(r"\([^()]*[*+?{|][^()]*\)[*+{]")
MAX_PATTERN, MAX_LOOSE = 100, 5  # characters; repetitions
MAX_MATCHED = 60  # characters of a text that a page's pattern is tried on
MAX_DIGITS = 15  # of a number
TYPED = frozenset(("text", "search", "email", "tel", "number", "range", "date", "month", "time", "textarea"))


def invent(control: Control, draw: int, *, word: str = "") -> str | None:
    """Return a value for a control, or None where none is known; ``word`` is what its site would find."""
    match control.kind:
        case "number" | "range":
            return _number(control, draw)
        case "date":
            day = FIRST_DAY + timedelta(days=draw % 25)
            text = day.isoformat()
            return text if (control.min or text) <= text <= (control.max or text) else control.max or control.min
        case "month":
            return f"2024-{draw % 9 + 2:02d}"
        case "time":
            return f"{draw % 8 + 9:02d}:30"
        case "email":
            return _fitting(control, BY_LABEL[0][1], draw)
        case "tel":
            return _fitting(control, BY_LABEL[1][1], draw)
        case "search":
            return _fitting(control, (word,) if word else WORDS, draw)
        case "text" | "textarea":
            return _fitting(control, _texts(control, word), draw)
    return None


def _texts(control: Control, word: str) -> tuple[str, ...]:
    said = f"{control.label} {control.key}"
    suggested = tuple(value for value, _ in control.options)
    if suggested:
        return suggested
    for pattern, texts in BY_LABEL:
        if re.search(pattern, said, re.IGNORECASE):
            return texts
    return (word,) if word else WORDS


def _fitting(control: Control, texts: tuple[str, ...], draw: int) -> str | None:
    turned = texts[draw % len(texts) :] + texts[: draw % len(texts)]
    return next((text for text in turned if _fits(control, text)), None)


def _fits(control: Control, text: str) -> bool:
    if control.max_length is not None and len(text) > control.max_length:
        return False
    return not control.pattern or (len(text) <= MAX_MATCHED and _matches(control.pattern, text))


def _matches(pattern: str, text: str) -> bool:
    """Whether a text is what a page's pattern wants; a pattern that is none, or is not tame, wants nothing."""
    if not is_tame(pattern):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return re.fullmatch(pattern, text) is not None
        except (re.error, OverflowError, Warning):
            return False


def is_tame(pattern: str) -> bool:
    """Whether a pattern is soon done with any short text: nothing in it repeats what itself repeats or chooses."""
    plain = OPENING.sub("(", CLASS.sub("x", ESCAPED.sub("x", pattern)))
    if len(pattern) > MAX_PATTERN or "(?" in plain or len(LOOSE.findall(plain)) > MAX_LOOSE:
        return False
    while INNERMOST.search(plain):
        if REPEATED.search(plain):
            return False
        plain = INNERMOST.sub(lambda group: "x*" if LOOSE.search(group[1]) or "|" in group[1] else "x", plain)
    return True


def _number(control: Control, draw: int) -> str | None:
    try:
        low = Decimal(control.min or 1)
        step = Decimal(control.step if control.step not in ("", "any") else 1)
        high = Decimal(control.max) if control.max else low + 20 * step
    except ArithmeticError:  # no number, or one beyond all bounds
        return None
    if not all(number.is_finite() and abs(number.adjusted()) <= MAX_DIGITS for number in (low, step, high)):
        return None
    steps = int((high - low) / step) if step > 0 and high >= low else -1
    if steps < 0:
        return None
    return format((low + step * (draw % (min(steps, 40) + 1))).normalize(), "f")
