"""The typed action set: one for policies, people and scripts.

Every action has a text form in function-call syntax (``click(e12)``, ``type(e3, 'Anna')``), which is
parsed but never evaluated, and a JSON form. Both round-trip.
"""

from __future__ import annotations

import ast
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar

from browser_env.arguments import MAX_SOURCE, check, from_source, to_data, to_source
from browser_env.arguments import Point as Point
from browser_env.arguments import Target as Target
from browser_env.errors import ActionError

UNSAID: dict[str, Any] = {"unsaid": True}  # a field that both forms leave out where it has its default


@dataclass(frozen=True, slots=True)
class Action:
    """The base of all actions; subclasses name their verb."""

    verb: ClassVar[str] = ""

    def to_text(self) -> str:
        """Return the function-call form, e.g. ``click(e12)``."""
        said = [f for f in fields(self) if _is_said(self, f)]
        texts = (f"{f.name}=" * bool(f.metadata) + to_source(getattr(self, f.name)) for f in said)
        return f"{self.verb}({', '.join(texts)})"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, e.g. ``{"verb": "click", "target": "e12"}``."""
        said = (f.name for f in fields(self) if _is_said(self, f))
        return {"verb": self.verb} | {name: to_data(getattr(self, name)) for name in said}


@dataclass(frozen=True, slots=True)
class Click(Action):
    """Press and release the primary button on a target."""

    verb: ClassVar[str] = "click"
    target: Target
    modifiers: tuple[str, ...] = field(default=(), metadata=UNSAID)  # keys held meanwhile, e.g. ("Shift",)


@dataclass(frozen=True, slots=True)
class DoubleClick(Action):
    """Click twice in quick succession."""

    verb: ClassVar[str] = "double_click"
    target: Target
    modifiers: tuple[str, ...] = field(default=(), metadata=UNSAID)  # keys held meanwhile, e.g. ("Shift",)


@dataclass(frozen=True, slots=True)
class RightClick(Action):
    """Press and release the secondary button."""

    verb: ClassVar[str] = "right_click"
    target: Target
    modifiers: tuple[str, ...] = field(default=(), metadata=UNSAID)  # keys held meanwhile, e.g. ("Shift",)


@dataclass(frozen=True, slots=True)
class MiddleClick(Action):
    """Press and release the middle button; on a link, that opens a tab."""

    verb: ClassVar[str] = "middle_click"
    target: Target
    modifiers: tuple[str, ...] = field(default=(), metadata=UNSAID)  # keys held meanwhile, e.g. ("Shift",)


@dataclass(frozen=True, slots=True)
class Hover(Action):
    """Move the pointer onto a target."""

    verb: ClassVar[str] = "hover"
    target: Target
    modifiers: tuple[str, ...] = field(default=(), metadata=UNSAID)  # keys held meanwhile, e.g. ("Shift",)


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
    """Focus an element, replace what it holds by a text; dates and times are in ISO form or as their fields show them.

    Without ``clear`` the text goes to the caret, or to the end of what had no focus.
    """

    verb: ClassVar[str] = "type"
    target: Target
    text: str
    clear: bool = field(default=True, metadata=UNSAID)


@dataclass(frozen=True, slots=True)
class Press(Action):
    """Press a key or a chord, e.g. ``Enter`` or ``Control+a``, once or several times."""

    verb: ClassVar[str] = "press"
    key: str
    times: int = field(default=1, metadata=UNSAID)


@dataclass(frozen=True, slots=True)
class Select(Action):
    """Choose exactly these options of a list, by their labels or values."""

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
class Dialog(Action):
    """Answer the open alert, confirm or prompt; a text is for prompts. A page that asks whether to leave it is left."""

    verb: ClassVar[str] = "dialog"
    accept: bool = True
    text: str | None = field(default=None, metadata=UNSAID)  # None: what the prompt shows already


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
        MiddleClick,
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
        Dialog,
        Wait,
        Answer,
        GiveUp,
    )
}


def parse_action(text: str) -> Action:
    """Read the text form of an action; raise :class:`ActionError` on anything else."""
    if len(text) > MAX_SOURCE:
        raise ActionError(f"an action's text may have {MAX_SOURCE} characters, this one has {len(text)}")
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ActionError(f"not an action: {text[:80]!r}; write e.g. click(e12)") from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ActionError(f"not an action: {text[:80]!r}; write e.g. click(e12)")
    positional = [from_source(node) for node in call.args]
    named = {keyword.arg or "**": from_source(keyword.value) for keyword in call.keywords}
    if len(named) < len(call.keywords):
        raise ActionError(f"{call.func.id[:80]} was given an argument twice")
    return _build(call.func.id, positional, named)


def action_from_json(data: Any) -> Action:
    """Read the JSON form of an action; raise :class:`ActionError` on anything else."""
    if not isinstance(data, dict) or not isinstance(data.get("verb"), str):
        raise ActionError("an action in JSON is an object with a 'verb', e.g. {'verb': 'click', 'target': 'e12'}")
    return _build(data["verb"], [], {str(key): value for key, value in data.items() if key != "verb"})


def _build(verb: str, positional: list[Any], named: dict[str, Any]) -> Action:
    cls = ACTIONS.get(verb)
    if cls is None:
        raise ActionError(f"unknown action {verb[:80]!r}; known are {', '.join(ACTIONS)}")
    names = [f.name for f in fields(cls)]
    if len(positional) > len(names) or set(named) - set(names[len(positional) :]):
        raise ActionError(f"{verb} takes ({', '.join(names)})")
    values = dict(zip(names, positional, strict=False)) | named
    try:
        return cls(**{name: check(verb, name, value) for name, value in values.items()})
    except TypeError as error:
        raise ActionError(f"{verb} takes ({', '.join(names)})") from error


def _is_said(action: Action, item: Field[Any]) -> bool:
    return not item.metadata or getattr(action, item.name) != item.default
