"""What a person's pointer, wheel and keys mean, as typed actions. Pure: time comes with the events.

A click is acted on at once where a double click has no sense of its own (buttons, links, fields), and otherwise when
a second one can no longer follow. Text and wheel turns are gathered until the person pauses or does something else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from browser_env.action import (
    Action,
    Click,
    DoubleClick,
    Drag,
    Hover,
    MiddleClick,
    Point,
    Press,
    RightClick,
    Scroll,
    Type,
)
from browser_env.errors import UsageError
from browser_env.observation import Observation
from experiments.studio.aim import resolve, resolve_scroller, takes_text

DOUBLE_MS = 250.0  # within which a second click makes a double click
TEXT_MS = 700.0  # a pause in typing that ends a text
WHEEL_MS = 120.0  # a pause that ends a turn of the wheel
LONG_MS = 600.0  # a finger that stays so long asks for the menu
MOVE_PX = 5.0  # a press that moves further is a drag
MAX_PATH = 1000  # places of a drag; of a longer one every second is left out
PATH_POINTS = 24  # of a drag, at most
TEXT_CHARS = 5_000  # in one action
MAX_PRESSES = 200  # of one text that no known field takes
KEYS = {"\n": "Enter", "\r": "Enter", "\t": "Tab"}
AT_ONCE = frozenset({"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "textbox", "searchbox"})
AT_ONCE |= {"combobox", "option", "spinbutton"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One raw event of a person, in CSS px of the page and ms of the person's clock."""

    kind: str  # "down", "move", "up", "cancel", "hover", "wheel", "key" or "text"
    at_ms: float
    x: float = 0.0
    y: float = 0.0
    dx: float = 0.0  # of a wheel
    dy: float = 0.0
    button: int = 0  # 0 primary, 1 middle, 2 secondary
    pointer: str = "mouse"  # "mouse", "pen" or "touch"
    text: str = ""  # of "text": what was typed, pasted or composed; of "key": its name
    modifiers: tuple[str, ...] = ()  # keys held


@dataclass(frozen=True, slots=True, kw_only=True)
class Gestures:
    """What has begun and is not an action yet."""

    down: Event | None = None
    path: tuple[tuple[float, float], ...] = ()  # of the press so far
    click: Event | None = None  # a click that a second one may follow
    text: str = ""
    text_ms: float = 0.0  # when it was last added to
    wheel: Event | None = None  # the turns so far, added up

    @property
    def pending(self) -> bool:
        """Whether anything waits for time to pass."""
        return self.click is not None or self.wheel is not None or bool(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an event led to: the state after it, and the actions to carry out in order."""

    state: Gestures
    actions: tuple[Action, ...] = field(default=())


def hear(state: Gestures, event: Event, seen: Observation) -> Heard:
    """Take an event; ``seen`` is the page as the person saw it."""
    early = due(state, event.at_ms, seen)
    heard = _hear(early.state, event, seen)
    return replace(heard, actions=(*early.actions, *heard.actions))


def due(state: Gestures, now_ms: float, seen: Observation) -> Heard:
    """Return what time alone has made an action."""
    actions: list[Action] = []
    if state.click is not None and now_ms - state.click.at_ms > DOUBLE_MS:
        actions.append(_click(state.click, seen))
        state = replace(state, click=None)
    if state.wheel is not None and now_ms - state.wheel.at_ms > WHEEL_MS:
        actions.append(_scroll(state.wheel, seen))
        state = replace(state, wheel=None)
    if state.text and now_ms - state.text_ms > TEXT_MS:
        actions.extend(_type(state.text, seen))
        state = replace(state, text="")
    return Heard(state=state, actions=tuple(actions))


def flush(state: Gestures, seen: Observation) -> Heard:
    """Return everything that waits, as if time had passed; a press that is still held is forgotten."""
    return replace(due(state, math.inf, seen), state=Gestures())


def _hear(state: Gestures, event: Event, seen: Observation) -> Heard:
    match event.kind:
        case "down":
            return _down(state, event, seen)
        case "move" if state.down is not None:
            return Heard(state=replace(state, path=_thinned((*state.path, (event.x, event.y)))))
        case "up" if state.down is not None:
            return _up(state, event, seen)
        case "cancel":
            return Heard(state=replace(state, down=None, path=()))
        case "hover":
            return _after_all(state, Hover(resolve(seen, event.x, event.y)), seen)
        case "wheel":
            return _wheel(state, event, seen)
        case "text" if event.text:
            return _text(state, event, seen)
        case "key" if event.text:
            return _key(state, event, seen)
    return Heard(state=state)


def _thinned(path: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Leave out every second place of a long way, but neither its beginning nor its end."""
    return path if len(path) <= MAX_PATH else (*path[:-1:2], path[-1])


def _down(state: Gestures, event: Event, seen: Observation) -> Heard:
    """Begin a press; what was typed or scrolled before it comes first, but a click may become a double one."""
    click = state.click
    early = due(replace(state, click=None), math.inf, seen)
    if click is not None and not _same_place(click, event):
        early = replace(early, actions=(_click(click, seen), *early.actions))
        click = None
    return Heard(state=Gestures(down=event, path=((event.x, event.y),), click=click), actions=early.actions)


def _up(state: Gestures, event: Event, seen: Observation) -> Heard:
    down = state.down
    assert down is not None
    path = (*state.path, (event.x, event.y))
    moved = max(math.dist(path[0], place) for place in path) > MOVE_PX
    first = () if state.click is None else (_click(state.click, seen),)
    if moved and down.pointer == "touch":
        (x, y), (to_x, to_y) = path[0], path[-1]
        pushed = replace(down, dx=x - to_x, dy=y - to_y)
        return Heard(state=Gestures(), actions=(*first, _scroll(pushed, seen)))
    if moved and down.button == 0:
        return Heard(state=Gestures(), actions=(*first, _drag(path)))
    target = resolve(seen, down.x, down.y)
    if down.button == 2 or (down.pointer == "touch" and event.at_ms - down.at_ms > LONG_MS):
        return Heard(state=Gestures(), actions=(*first, RightClick(target, down.modifiers)))
    if down.button == 1:
        return Heard(state=Gestures(), actions=(*first, MiddleClick(target, down.modifiers)))
    if state.click is not None:
        return Heard(state=Gestures(), actions=(DoubleClick(target, down.modifiers),))
    if _acts_at_once(target, seen):
        return Heard(state=Gestures(), actions=(Click(target, down.modifiers),))
    return Heard(state=Gestures(click=replace(down, at_ms=event.at_ms)))


def _wheel(state: Gestures, event: Event, seen: Observation) -> Heard:
    wheel = state.wheel
    early = due(replace(state, wheel=None), math.inf, seen)
    if wheel is None or resolve_scroller(seen, wheel.x, wheel.y) != resolve_scroller(seen, event.x, event.y):
        before = () if wheel is None else (_scroll(wheel, seen),)
        return Heard(state=replace(early.state, wheel=event), actions=(*early.actions, *before))
    added = replace(wheel, dx=wheel.dx + event.dx, dy=wheel.dy + event.dy, at_ms=event.at_ms)
    return Heard(state=replace(early.state, wheel=added), actions=early.actions)


def _text(state: Gestures, event: Event, seen: Observation) -> Heard:
    text = state.text
    early = due(replace(state, text=""), math.inf, seen)
    if not takes_text(seen):
        if len(event.text) > MAX_PRESSES:
            raise UsageError(f"no field has the focus; click into one before you paste {len(event.text)} characters")
        before = _type(text, seen) if text else ()
        return Heard(state=early.state, actions=(*early.actions, *before, *_presses(event.text)))
    whole = text + event.text
    if len(whole) > TEXT_CHARS:
        return Heard(state=early.state, actions=(*early.actions, *_type_long(whole, seen)))
    return Heard(state=replace(early.state, text=whole, text_ms=event.at_ms), actions=early.actions)


def _key(state: Gestures, event: Event, seen: Observation) -> Heard:
    if event.text == "Backspace" and state.text and not event.modifiers:  # of what no page has seen yet
        return Heard(state=replace(state, text=state.text[:-1], text_ms=event.at_ms))
    return _after_all(state, Press("+".join((*event.modifiers, event.text))), seen)


def _after_all(state: Gestures, action: Action, seen: Observation) -> Heard:
    """Return an action after everything that waits."""
    early = due(state, math.inf, seen)
    return Heard(state=early.state, actions=(*early.actions, action))


def _same_place(click: Event, event: Event) -> bool:
    return event.button == 0 and math.dist((click.x, click.y), (event.x, event.y)) <= MOVE_PX


def _acts_at_once(target: Any, seen: Observation) -> bool:
    element = seen.element(target) if isinstance(target, str) else None
    return element is not None and element.role in AT_ONCE


def _click(event: Event, seen: Observation) -> Action:
    return Click(resolve(seen, event.x, event.y), event.modifiers)


def _scroll(event: Event, seen: Observation) -> Action:
    return Scroll(resolve_scroller(seen, event.x, event.y), round(event.dx, 1), round(event.dy, 1))


def _type(text: str, seen: Observation) -> tuple[Action, ...]:
    """Type into what has the focus: as the whole of an empty field, else where the caret is."""
    element = seen.element(seen.focus) if seen.focus else None
    if element is None:
        return _presses(text)
    return (Type(element.id, text, clear=not element.value),)


def _presses(text: str) -> tuple[Action, ...]:
    """Press the keys of a text, where nothing is known to take it whole."""
    keys = (KEYS.get(char, char) for char in text.replace("\r\n", "\n"))
    return tuple(Press(key) for key in keys if key.isprintable())


def _type_long(text: str, seen: Observation) -> tuple[Action, ...]:
    """Type a text in parts, each where the last one ended."""
    parts = [part for at in range(0, len(text), TEXT_CHARS) for part in _type(text[at : at + TEXT_CHARS], seen)]
    return (parts[0], *(replace(part, clear=False) if isinstance(part, Type) else part for part in parts[1:]))


def _drag(path: tuple[tuple[float, float], ...]) -> Action:
    """Keep the ends of a path and as many points between them as say where it went."""
    count = min(len(path), PATH_POINTS)
    kept = [path[round(index * (len(path) - 1) / (count - 1))] for index in range(count)]
    corners = [place for index, place in enumerate(kept) if index == 0 or place != kept[index - 1]]
    return Drag(tuple(Point(round(x, 1), round(y, 1)) for x, y in corners))
