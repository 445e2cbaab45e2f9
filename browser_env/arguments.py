"""What actions are given: targets, texts, numbers and lists, checked to the type, as source and as JSON."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from browser_env.errors import ActionError
from browser_env.keys import MODIFIERS

ELEMENT_ID = re.compile(r"e[1-9][0-9]{0,8}\Z")
MAX_SOURCE = 200_000  # characters in one action's text form
MAX_TEXT = 10_000  # characters in one argument
MAX_ITEMS = 1000  # in one list
MAX_TIMES = 1000  # presses of one key in one action


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the viewport, in CSS pixels from its top left corner."""

    x: float
    y: float


Target = str | Point  # an element id such as "e12", or a point


def check(verb: str, name: str, value: Any) -> Any:
    """Return a field's value in its exact type, or raise :class:`ActionError`."""
    if name == "target":
        return _check_target(verb, value)
    if name in ("path", "options", "names", "modifiers"):
        return _check_list(verb, name, value)
    if name in ("dx", "dy"):
        if type(value) in (int, float) and abs(value) <= 1e6:
            return float(value)
        raise ActionError(f"{verb} needs a number for {name}, not {_quote(value)}")
    if name in ("index", "ms", "times"):
        least, most = (1, MAX_TIMES) if name == "times" else (0, 1_000_000)
        if type(value) is int and least <= value <= most:
            return value
        raise ActionError(f"{verb} needs a whole number from {least} to {most} for {name}, not {_quote(value)}")
    expected = bool if name in ("checked", "clear", "accept") else str
    if type(value) is not expected:
        raise ActionError(f"{verb} needs a {expected.__name__} for {name}, not {_quote(value)}")
    return _check_length(verb, name, value) if isinstance(value, str) else value


def _check_list(verb: str, name: str, value: Any) -> tuple[Any, ...]:
    items = tuple(value) if isinstance(value, list | tuple) and len(value) <= MAX_ITEMS else None
    if name == "path":
        if items is None or len(items) < 2:
            raise ActionError(f"{verb} needs a path of at least two targets, e.g. drag([e1, (40, 50)])")
        return tuple(_check_target(verb, item) for item in items)
    if items is None or not all(type(item) is str for item in items):
        raise ActionError(f"{verb} needs a list of at most {MAX_ITEMS} texts for {name}")
    if name == "modifiers" and (len(set(items)) < len(items) or not set(items) <= set(MODIFIERS)):
        raise ActionError(f"{verb} knows the modifiers {', '.join(MODIFIERS)}, each once, e.g. click(e12, ['Shift'])")
    for item in items:
        _check_length(verb, name, item)
    return items


def _check_length(verb: str, name: str, text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ActionError(f"{verb} takes at most {MAX_TEXT} characters for {name}, this has {len(text)}")
    return text


def _check_target(verb: str, value: Any) -> Target:
    if isinstance(value, str) and ELEMENT_ID.match(value):
        return value
    if isinstance(value, Point):
        value = (value.x, value.y)
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    if is_pair and all(type(v) in (int, float) and abs(v) <= 1e6 for v in value):
        return Point(float(value[0]), float(value[1]))
    raise ActionError(f"{verb} needs an element id such as e12 or a point such as (40, 50), not {_quote(value)}")


def _quote(value: Any) -> str:
    """Return the beginning of a value as source, whatever it is."""
    try:
        return repr(value)[:80]
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list of lists of lists
        return f"that {type(value).__name__}"


def to_source(value: Any) -> str:
    """Return a checked value as it is written in an action's text form."""
    if isinstance(value, str):
        return value if ELEMENT_ID.match(value) and value.isascii() else repr(value)
    if isinstance(value, Point):
        return f"({to_source(value.x)}, {to_source(value.y)})"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(to_source(item) for item in value)}]"
    return repr(value)


def from_source(node: ast.expr) -> Any:
    """Return a parsed argument as a plain value; raise :class:`ActionError` for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.List | ast.Tuple):
        return [from_source(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ActionError("an action's arguments are plain values, such as e12, (40, 50) or 'text'") from error


def to_data(value: Any) -> Any:
    """Return a checked value as JSON-serialisable data."""
    if isinstance(value, Point):
        return [value.x, value.y]
    if isinstance(value, tuple):
        return [to_data(item) for item in value]
    return value
