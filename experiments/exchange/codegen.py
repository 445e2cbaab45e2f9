"""Reads the JSONL that ``playwright codegen --target jsonl`` writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from browser_env.errors import DataError
from browser_env.finding import Query
from experiments.exchange.plan import (
    MAX_MOVES,
    MAX_QUERIES,
    Chain,
    Move,
    Plan,
    PlanError,
    items_of,
    number_of,
    parse_json,
    table,
    text_of,
)

VERBS = {"fill": "fill", "press": "press", "check": "check", "uncheck": "uncheck", "select": "select", "hover": "hover"}
BUTTONS = {"left": "click", "middle": "middle_click", "right": "right_click"}
TEXT_KINDS = {
    **{"text": "text", "label": "label", "placeholder": "placeholder", "alt": "alt", "title": "title"},
    "test-id": "testid",
}
MODIFIERS = {1: "Alt", 2: "Control", 4: "Meta", 8: "Shift"}
WITHOUT_EFFECT = (
    "openPage",
    "closePage",
    "assertText",
    "assertValue",
    "assertChecked",
    "assertVisible",
    "assertSnapshot",
)


def read_codegen(text: str) -> Plan:
    """Return the plan of a recording; raise :class:`PlanError` where it cannot be replayed."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_MOVES:
        raise PlanError(f"the file has {len(lines)} lines; {MAX_MOVES} are the most")
    moves: list[Move] = []
    left_out: Counter[str] = Counter()
    url: str | None = None
    viewport: tuple[int, int] | None = None
    for index, line in enumerate(lines):
        try:
            entry = table(parse_json(line), "a line")
            if "name" not in entry:
                viewport = _viewport(entry)
                continue
            name = text_of(entry, "name")
            if name in ("navigate", "openPage") and url is None and not moves:
                address = text_of(entry, "url", default="")
                url = address if address and address != "about:blank" else None
            elif name in WITHOUT_EFFECT:
                left_out[name] += 1
            else:
                moves.append(_move(name, entry))
        except DataError as error:
            raise PlanError(f"line {index + 1}: {error}") from error
    if not moves and url is None:
        raise PlanError("the file holds no actions; write it with 'playwright codegen --target jsonl -o FILE'")
    return Plan(title="codegen", url=url, viewport=viewport, moves=tuple(moves), left_out=left_out)


def _viewport(header: Mapping[str, Any]) -> tuple[int, int] | None:
    options = header.get("contextOptions")
    size = options.get("viewport") if isinstance(options, dict) else None
    if not isinstance(size, dict):
        return None
    width, height = number_of(size, "width"), number_of(size, "height")
    if width is None or height is None:
        return None
    return min(max(int(width), 100), 4000), min(max(int(height), 100), 4000)


def _move(name: str, entry: Mapping[str, Any]) -> Move:
    if name == "navigate":
        return Move(verb="navigate", text=text_of(entry, "url"))
    bits = number_of(entry, "modifiers") or 0.0
    held = tuple(modifier for bit, modifier in MODIFIERS.items() if int(bits) & bit)
    if name == "click":
        button = BUTTONS.get(text_of(entry, "button", default="left"))
        if button is None:
            raise PlanError("only the left, middle and right buttons are known")
        twice = number_of(entry, "clickCount") == 2 and button == "click"
        place = entry.get("position")
        offset = None if place is None else _position(table(place, "position"))
        verb = "double_click" if twice else button
        return Move(verb=verb, chains=(_chain(entry),), modifiers=held, offset=offset)
    if name not in VERBS:
        raise PlanError(f"{name!r:.40} has no counterpart among the actions")
    options = tuple(text_of({"option": option}, "option") for option in items_of(entry, "options", most=1000))
    text = {"fill": "text", "press": "key"}.get(name)
    said = text_of(entry, text) if text is not None else ""
    if name == "press":
        said = "+".join([*held, said])
    return Move(verb=VERBS[name], chains=(_chain(entry),), text=said, options=options)


def _position(place: Mapping[str, Any]) -> tuple[float, float]:
    return number_of(place, "x") or 0.0, number_of(place, "y") or 0.0


def _chain(entry: Mapping[str, Any]) -> Chain:
    """Return the queries of a locator, a list that is linked by ``next``."""
    queries: list[Query] = []
    locator = entry.get("locator")
    while locator is not None:
        part = table(locator, "locator")
        kind = text_of(part, "kind")
        if kind in ("first", "last", "nth"):
            if not queries:
                raise PlanError(f"the locator begins with {kind}")
            queries[-1] = _nth(queries[-1], kind, part)
        else:
            queries += _queries(kind, part)
        if len(queries) > MAX_QUERIES:
            raise PlanError(f"a locator of more than {MAX_QUERIES} parts")
        locator = part.get("next")
    if not queries:
        raise PlanError("it has no locator; write the file with a newer Playwright")
    return tuple(queries)


def _nth(query: Query, kind: str, part: Mapping[str, Any]) -> Query:
    if kind != "nth":
        place = 0 if kind == "first" else -1
    else:
        try:
            place = int(text_of(part, "body"))
        except ValueError as error:
            raise PlanError("nth needs a whole number") from error
    return Query(kind=query.kind, text=query.text, role=query.role, exact=query.exact, nth=place)


def _queries(kind: str, part: Mapping[str, Any]) -> list[Query]:
    options = part.get("options", {})
    options = options if isinstance(options, dict) else {}
    exact = options.get("exact") is True
    if kind == "frame":
        return [Query(kind="frame")]
    if kind == "frame-locator":
        return [_selector(text_of(part, "body")), Query(kind="frame")]
    if kind == "role":
        name = options.get("name")
        if name is not None and not isinstance(name, str):
            raise PlanError("names by regular expression are not known")
        return [Query(kind="role", role=text_of(part, "body"), text=name, exact=exact)]
    if kind in TEXT_KINDS:
        return [Query(kind=TEXT_KINDS[kind], text=text_of(part, "body"), exact=exact or kind == "test-id")]
    if kind == "default":
        return [_selector(text_of(part, "body"))]
    raise PlanError(f"locators of the kind {kind!r:.40} are not known")


def _selector(text: str) -> Query:
    if text.startswith(("xpath=", "//", "..")):
        return Query(kind="xpath", text=text.removeprefix("xpath="))
    return Query(kind="css", text=text.removeprefix("css="))
