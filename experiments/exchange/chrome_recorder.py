"""Reads Chrome DevTools Recorder's JSON."""

from __future__ import annotations

import re
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

ARIA_ATTRIBUTE = re.compile(r"""\[\s*(name|role)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*\]""")
BUTTONS = {"primary": "click", "auxiliary": "middle_click", "secondary": "right_click"}
MODIFIERS = {f"{name}{side}": name for name in ("Control", "Shift", "Alt", "Meta") for side in ("", "Left", "Right")}
KEYS = {
    **{f"Key{letter}": letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{f"Digit{digit}": str(digit) for digit in range(10)},
    **{"Minus": "-", "Equal": "=", "Comma": ",", "Period": ".", "Slash": "/", "Semicolon": ";", "Quote": "'"},
    **{"BracketLeft": "[", "BracketRight": "]", "Backslash": "\\", "Backquote": "`", "\r": "Enter", "\n": "Enter"},
}
WITHOUT_EFFECT = ("setViewport", "close", "keyUp", "emulateNetworkConditions")


def read_chrome_recorder(text: str) -> Plan:
    """Return the plan of a recording; raise :class:`PlanError` where it cannot be replayed."""
    data = table(parse_json(text), "the file")
    steps = [table(step, f"step {i}") for i, step in enumerate(items_of(data, "steps", most=MAX_MOVES))]
    if not steps:
        raise PlanError("the file has no steps; export the recording as JSON")
    reading = _Reading()
    for index, step in enumerate(steps):
        try:
            reading.read(step)
        except DataError as error:
            raise PlanError(f"step {index}: {error}") from error
    return Plan(
        title=text_of(data, "title", default="recording")[:200],
        url=reading.url,
        viewport=reading.viewport,
        moves=tuple(reading.moves),
        left_out=reading.left_out,
    )


class _Reading:
    """The state of reading one file."""

    def __init__(self) -> None:
        self.url: str | None = None
        self.viewport: tuple[int, int] | None = None
        self.moves: list[Move] = []
        self.left_out: Counter[str] = Counter()
        self._held: list[str] = []  # modifier keys that are down

    def read(self, step: Mapping[str, Any]) -> None:
        kind = text_of(step, "type")
        if text_of(step, "target", default="main") != "main":
            raise PlanError("it happened in another tab, which is not replayed")
        if kind in ("keyDown", "keyUp"):
            self._key(text_of(step, "key"), down=kind == "keyDown")
        elif kind == "navigate" and self.url is None and not self.moves:
            self.url = text_of(step, "url")
        elif kind == "setViewport":
            self._set_viewport(step)
        elif kind in ("waitForExpression", "customStep"):  # a program, or what only a plug-in knows: never run
            self.left_out[kind] += 1
        elif kind not in WITHOUT_EFFECT:
            self.moves.append(_move(kind, step, modifiers=tuple(self._held)))

    def _key(self, key: str, *, down: bool) -> None:
        modifier = MODIFIERS.get(key)
        if modifier is not None and down and modifier not in self._held:
            self._held.append(modifier)
        elif modifier in self._held and not down:
            self._held.remove(modifier)
        elif modifier is None and down:
            chord = "+".join([*self._held, KEYS.get(key, key)])
            self.moves.append(Move(verb="press", text=chord))

    def _set_viewport(self, step: Mapping[str, Any]) -> None:
        width, height = number_of(step, "width"), number_of(step, "height")
        if self.viewport is None and width is not None and height is not None:
            self.viewport = (min(max(int(width), 100), 4000), min(max(int(height), 100), 4000))


def _move(kind: str, step: Mapping[str, Any], *, modifiers: tuple[str, ...]) -> Move:
    if kind == "navigate":
        return Move(verb="navigate", text=text_of(step, "url"))
    chains = tuple(_chain(selector) for selector in items_of(step, "selectors", most=MAX_QUERIES))
    frame = tuple(_place(place) for place in items_of(step, "frame", most=MAX_QUERIES))
    if not chains and kind != "scroll":
        raise PlanError(f"{kind} needs selectors")
    if kind in ("click", "doubleClick"):
        button = BUTTONS.get(text_of(step, "button", default="primary"))
        if button is None:
            raise PlanError("only the primary, auxiliary and secondary buttons are known")
        x, y = number_of(step, "offsetX"), number_of(step, "offsetY")
        return Move(
            verb="double_click" if kind == "doubleClick" else button,
            chains=chains,
            frame=frame,
            offset=None if x is None or y is None else (x, y),
            modifiers=modifiers,
        )
    if kind == "scroll":
        return Move(verb="scroll", chains=chains, frame=frame, scroll_to=(number_of(step, "x"), number_of(step, "y")))
    if kind == "change":
        return Move(verb="fill", chains=chains, frame=frame, text=text_of(step, "value"))
    if kind in ("hover", "waitForElement"):
        return Move(verb="hover" if kind == "hover" else "wait_for", chains=chains, frame=frame)
    raise PlanError(f"unknown type {kind!r:.40}; known are those of Chrome DevTools Recorder")


def _place(place: Any) -> int:
    if type(place) is not int or not 0 <= place <= 10_000:
        raise PlanError("frame needs a list of whole numbers")
    return place


def _chain(selector: Any) -> Chain:
    """Return the queries of one selector: a text, or texts that lead inwards."""
    parts = [selector] if isinstance(selector, str) else selector
    if not isinstance(parts, list) or not 0 < len(parts) <= MAX_QUERIES:
        raise PlanError("a selector is a text or a list of texts")
    return tuple(_query(text_of({"selector": part}, "selector")) for part in parts)


def _query(selector: str) -> Query:
    prefix, slash, rest = selector.partition("/")
    if prefix == "aria" and slash:
        return _aria(rest)
    if prefix in ("xpath", "pierce", "text", "css") and slash:
        return Query(kind=prefix, text=rest, exact=prefix != "text")
    return Query(kind="css", text=selector)


def _aria(selector: str) -> Query:
    """Return what ``Name[role="button"]`` asks for."""
    given = {match.group(1): match.group(2) or match.group(3) or "" for match in ARIA_ATTRIBUTE.finditer(selector)}
    name = ARIA_ATTRIBUTE.sub("", selector).strip() or given.get("name")
    return Query(kind="role", text=name, role=given.get("role") or None)
