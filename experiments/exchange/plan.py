"""What a recorder's file asks for: moves on elements that selectors name. Files are read with distrust, never run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser_env.errors import DataError, UsageError
from browser_env.finding import Query

MAX_BYTES = 8 << 20  # of one file
MAX_MOVES = 2000
MAX_QUERIES = 50  # selectors of one step, and of one chain
MAX_TEXT = 10_000  # characters of one text
Chain = tuple[Query, ...]


class PlanError(DataError):
    """The file is no recording that can be replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing to do."""

    verb: str  # of an action, or fill, check, uncheck, wait_for
    chains: tuple[Chain, ...] = ()  # alternatives that lead to the same element
    frame: tuple[int, ...] = ()  # places of frames, from the page inwards
    text: str = ""  # to be filled in, a key, an address
    options: tuple[str, ...] = ()
    offset: tuple[float, float] | None = None  # from the element's top left corner, in CSS px
    scroll_to: tuple[float | None, float | None] = (None, None)
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A recording as moves."""

    title: str
    url: str | None  # where it starts
    viewport: tuple[int, int] | None
    moves: tuple[Move, ...]
    left_out: Counter[str] = field(default_factory=Counter)  # what has no counterpart, or is never run


def read_text(path: Path) -> str:
    """Return a file's text; raise :class:`UsageError` or :class:`PlanError`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name the file that the recorder wrote") from error
    if len(data) > MAX_BYTES:
        raise PlanError(f"the file has more than {MAX_BYTES >> 20} MiB; a recording is far smaller")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlanError("the file is not text in UTF-8") from error


def parse_json(text: str) -> Any:
    """Return what JSON says; raise :class:`PlanError` for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"the file is not JSON: {error!s:.100}") from error


def table(data: Any, what: str) -> Mapping[str, Any]:
    """Return an object of the file."""
    if not isinstance(data, dict):
        raise PlanError(f"{what} is not an object")
    return data


def text_of(data: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """Return a text of an object."""
    value = data.get(name, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise PlanError(f"{name} needs a text of at most {MAX_TEXT} characters")
    return value.encode("utf-8", "replace").decode("utf-8")


def number_of(data: Mapping[str, Any], name: str) -> float | None:
    """Return a number of an object, None where it has none."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e6 <= value <= 1e6:
        raise PlanError(f"{name} needs a number between -1000000 and 1000000")
    return float(value)


def items_of(data: Mapping[str, Any], name: str, *, most: int) -> list[Any]:
    """Return a list of an object, empty where it has none."""
    value = data.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise PlanError(f"{name} needs a list of at most {most}")
    return value
