"""The typed action set: one for policies, people and scripts.

Every action has a text form in function-call syntax (``click(e12)``, ``type(e3, 'Anna')``), which is
parsed but never evaluated, and a JSON form. Both round-trip.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from browser_env.errors import ActionError

ELEMENT_ID = re.compile(r"e[1-9][0-9]{0,8}\Z")
MAX_TEXT = 10_000  # characters in one action's text form


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the viewport, in CSS pixels from its top left corner."""

    x: float
    y: float


Target = str | Point  # an element id such as "e12", or a point


@dataclass(frozen=True, slots=True)
class Action:
    """The base of all actions; subclasses name their verb."""

    verb: ClassVar[str] = ""

    def to_text(self) -> str:
        """Return the function-call form, e.g. ``click(e12)``."""
        return f"{self.verb}({', '.join(_to_source(getattr(self, f.name)) for f in fields(self))})"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, e.g. ``{"verb": "click", "target": "e12"}``."""
        return {"verb": self.verb} | {f.name: _to_data(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Click(Action):
    """Press and release the primary button on a target."""

    verb: ClassVar[str] = "click"
    target: Target


@dataclass(frozen=True, slots=True)
class DoubleClick(Action):
    """Click twice in quick succession."""

    verb: ClassVar[str] = "double_click"
    target: Target


@dataclass(frozen=True, slots=True)
class RightClick(Action):
    """Press and release the secondary button."""

    verb: ClassVar[str] = "right_click"
    target: Target


@dataclass(frozen=True, slots=True)
class Hover(Action):
    """Move the pointer onto a target."""

    verb: ClassVar[str] = "hover"
    target: Target


@dataclass(frozen=True, slots=True)
class Drag(Action):
    """Press at the first target, move along the others, release at the last."""

    verb: ClassVar[str] = "drag"
    path: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Scroll(Action):
    """Turn the wheel over a target by pixels."""

    verb: ClassVar[str] = "scroll"
    target: Target
    dx: float = 0.0
    dy: float = 0.0


@dataclass(frozen=True, slots=True)
class Type(Action):
    """Focus an element, replace what it holds by a text."""

    verb: ClassVar[str] = "type"
    target: Target
    text: str


@dataclass(frozen=True, slots=True)
class Press(Action):
    """Press a key or a chord, e.g. ``Enter`` or ``Control+a``."""

    verb: ClassVar[str] = "press"
    key: str


@dataclass(frozen=True, slots=True)
class Select(Action):
    """Choose options of a list by their label or value."""

    verb: ClassVar[str] = "select"
    target: Target
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check(Action):
    """Bring a checkbox, radio button or switch into a state."""

    verb: ClassVar[str] = "check"
    target: Target
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Upload(Action):
    """Choose files, by names inside the task's upload folder, for a file input."""

    verb: ClassVar[str] = "upload"
    target: Target
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Navigate(Action):
    """Open a URL in the current tab."""

    verb: ClassVar[str] = "navigate"
    url: str


@dataclass(frozen=True, slots=True)
class Back(Action):
    """Go one page back in the tab's history."""

    verb: ClassVar[str] = "back"


@dataclass(frozen=True, slots=True)
class Forward(Action):
    """Go one page forward in the tab's history."""

    verb: ClassVar[str] = "forward"


@dataclass(frozen=True, slots=True)
class NewTab(Action):
    """Open a URL in a new tab and switch to it."""

    verb: ClassVar[str] = "new_tab"
    url: str = "about:blank"


@dataclass(frozen=True, slots=True)
class SwitchTab(Action):
    """Bring the tab with this index to the front."""

    verb: ClassVar[str] = "switch_tab"
    index: int


@dataclass(frozen=True, slots=True)
class CloseTab(Action):
    """Close the tab with this index."""

    verb: ClassVar[str] = "close_tab"
    index: int


@dataclass(frozen=True, slots=True)
class Wait(Action):
    """Let page time pass."""

    verb: ClassVar[str] = "wait"
    ms: int = 1000


@dataclass(frozen=True, slots=True)
class Answer(Action):
    """Give the answer to a question; ends the episode."""

    verb: ClassVar[str] = "answer"
    text: str


@dataclass(frozen=True, slots=True)
class GiveUp(Action):
    """Declare the task impossible; ends the episode."""

    verb: ClassVar[str] = "give_up"
    reason: str = ""


ACTIONS: dict[str, type[Action]] = {
    action.verb: action
    for action in (
        Click,
        DoubleClick,
        RightClick,
        Hover,
        Drag,
        Scroll,
        Type,
        Press,
        Select,
        Check,
        Upload,
        Navigate,
        Back,
        Forward,
        NewTab,
        SwitchTab,
        CloseTab,
        Wait,
        Answer,
        GiveUp,
    )
}


def parse_action(text: str) -> Action:
    """Read the text form of an action; raise :class:`ActionError` on anything else."""
    if len(text) > MAX_TEXT:
        raise ActionError(f"an action's text may have {MAX_TEXT} characters, this one has {len(text)}")
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ActionError(f"not an action: {text[:80]!r}; write e.g. click(e12)") from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ActionError(f"not an action: {text[:80]!r}; write e.g. click(e12)")
    positional = [_from_source(node) for node in call.args]
    named = {keyword.arg or "**": _from_source(keyword.value) for keyword in call.keywords}
    if len(named) < len(call.keywords):
        raise ActionError(f"{call.func.id} was given an argument twice")
    return _build(call.func.id, positional, named)


def action_from_json(data: Any) -> Action:
    """Read the JSON form of an action; raise :class:`ActionError` on anything else."""
    if not isinstance(data, dict) or not isinstance(data.get("verb"), str):
        raise ActionError("an action in JSON is an object with a 'verb', e.g. {'verb': 'click', 'target': 'e12'}")
    return _build(data["verb"], [], {str(key): value for key, value in data.items() if key != "verb"})


def _build(verb: str, positional: list[Any], named: dict[str, Any]) -> Action:
    cls = ACTIONS.get(verb)
    if cls is None:
        raise ActionError(f"unknown action {verb!r}; known are {', '.join(ACTIONS)}")
    names = [f.name for f in fields(cls)]
    if len(positional) > len(names) or set(named) - set(names[len(positional) :]):
        raise ActionError(f"{verb} takes ({', '.join(names)})")
    values = dict(zip(names, positional, strict=False)) | named
    try:
        return cls(**{name: _check(verb, name, value) for name, value in values.items()})
    except TypeError as error:
        raise ActionError(f"{verb} takes ({', '.join(names)})") from error


def _check(verb: str, name: str, value: Any) -> Any:
    """Return a field's value in its exact type, or raise :class:`ActionError`."""
    if name == "target":
        return _check_target(verb, value)
    if name == "path":
        if isinstance(value, list | tuple) and len(value) >= 2:
            return tuple(_check_target(verb, item) for item in value)
        raise ActionError(f"{verb} needs a path of at least two targets, e.g. drag([e1, (40, 50)])")
    if name in ("options", "names"):
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ActionError(f"{verb} needs a list of texts for {name}")
    if name in ("dx", "dy"):
        if type(value) in (int, float) and abs(value) <= 1e6:
            return float(value)
        raise ActionError(f"{verb} needs a number for {name}, not {value!r:.80}")
    if name in ("index", "ms"):
        if type(value) is int and 0 <= value <= 1_000_000:
            return value
        raise ActionError(f"{verb} needs a whole number from 0 for {name}, not {value!r:.80}")
    expected = bool if name == "checked" else str
    if type(value) is expected:
        return value
    raise ActionError(f"{verb} needs a {expected.__name__} for {name}, not {value!r:.80}")


def _check_target(verb: str, value: Any) -> Target:
    if isinstance(value, str) and ELEMENT_ID.match(value):
        return value
    if isinstance(value, Point):
        value = (value.x, value.y)
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    if is_pair and all(type(v) in (int, float) and abs(v) <= 1e6 for v in value):
        return Point(float(value[0]), float(value[1]))
    raise ActionError(f"{verb} needs an element id such as e12 or a point such as (40, 50), not {value!r:.80}")


def _to_source(value: Any) -> str:
    if isinstance(value, str):
        return value if ELEMENT_ID.match(value) and value.isascii() else repr(value)
    if isinstance(value, Point):
        return f"({_to_source(value.x)}, {_to_source(value.y)})"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_to_source(item) for item in value)}]"
    return repr(value)


def _from_source(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.List | ast.Tuple):
        return [_from_source(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ActionError(f"not a plain value: {ast.unparse(node)[:80]}") from error


def _to_data(value: Any) -> Any:
    if isinstance(value, Point):
        return [value.x, value.y]
    if isinstance(value, tuple):
        return [_to_data(item) for item in value]
    return value
