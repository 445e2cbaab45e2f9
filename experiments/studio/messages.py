"""What goes over the studio's WebSocket, read strictly: events and commands in, the state out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from browser_env.errors import UsageError
from browser_env.keys import MODIFIERS
from browser_env.observation import Observation
from experiments.studio.aim import BY_ID
from experiments.studio.gestures import Event
from experiments.studio.table import Table
from replay.redaction import Redactor

MOST = 1e15  # of a number in an event

MAX_MESSAGE = 32_000  # characters
KINDS = ("down", "move", "up", "cancel", "hover", "wheel", "key", "text")
POINTERS = ("mouse", "pen", "touch")
NUMBERS = ("at_ms", "x", "y", "dx", "dy")
COMMANDS = (
    *("begin", "do", "choose", "discard", "restart", "pause", "resume", "keep", "take_over", "hand_back", "drawn"),
)
MAX_LISTED = 300  # elements offered as a list
LAST = 50  # steps that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asks of the studio, beside acting on the page."""

    name: str
    given: dict[str, Any] = field(default_factory=dict)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text argument; raise :class:`UsageError` where it is none."""
        value = self.given.get(key, default)
        if not isinstance(value, str) or len(value) > MAX_MESSAGE:
            raise UsageError(f"{self.name} needs a text for {key}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; raise :class:`UsageError` where it is none."""
        value = self.given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and len(item) <= 200 for item in value[:100]):
            raise UsageError(f"{self.name} needs a list of texts for {key}")
        return tuple(value[:100])


def read_message(text: str) -> tuple[int, Event | Command]:
    """Read a message and its number; raise :class:`UsageError` on anything but an event or a command."""
    if len(text) > MAX_MESSAGE:
        raise UsageError(f"a message may have {MAX_MESSAGE} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("a message is an object in JSON") from error
    if not isinstance(data, dict):
        raise UsageError("a message is an object in JSON")
    number = data.get("number", 0)
    if type(number) is not int or not 0 <= number < 2**32:
        raise UsageError("a message's number is a whole one below 2**32")
    kind = data.get("kind")
    if kind in KINDS:
        return number, _event(data)
    if kind in COMMANDS:
        return number, Command(name=kind, given=data)
    raise UsageError(f"unknown kind {str(kind)[:40]!r}")


def state_of(table: Table, redactor: Redactor) -> dict[str, Any]:
    """Return what the page of the studio shows beside the picture."""
    recording = table.recording
    if recording is None:
        return {"kind": "state", "recording": False, "driver": str(table.driver)}
    seen, result = recording.observation, recording.result
    texts = recording.shown(redactor, last=LAST)
    return {
        "kind": "state",
        "recording": True,
        "driver": str(table.driver),
        "task": recording.task.name,
        "goal": seen.goal,
        "seed": recording.seed,
        "viewport": seen.viewport,
        "steps": [
            {"text": text, "person": step.intervention or step.actor is None}
            for text, step in zip(texts, recording.steps[-LAST:], strict=True)
        ],
        "count": len(recording.steps),
        "elapsed_s": round(recording.elapsed_s, 1),
        "paused": recording.paused,
        "over": recording.over,
        "marks": recording.takes_mark,
        "outcome": None if result is None else str(result.outcome),
        "reward": None if result is None else result.reward,
        "reason": "" if result is None else result.reason,
        "error": seen.error,
        "url": seen.url,
        "tabs": [tab.title or tab.url for tab in seen.tabs],
        "tab": seen.active_tab,
        "dialog": None if seen.dialog is None else [seen.dialog.kind, seen.dialog.message, seen.dialog.default],
        "elements": _elements(seen),
        "uploads": recording.task.upload_folder is not None,
    }


def _elements(seen: Observation) -> list[dict[str, str]]:
    """List the controls in sight, for people who do not point."""
    listed = [element for element in seen.elements if element.visible and element.role in BY_ID]
    return [{"id": e.id, "role": e.role, "name": e.name[:80]} for e in listed[:MAX_LISTED]]


def _event(data: dict[str, Any]) -> Event:
    numbers = {name: _number(data.get(name, 0.0), name) for name in NUMBERS}
    modifiers = data.get("modifiers", [])
    if not isinstance(modifiers, list) or not all(name in MODIFIERS for name in modifiers if isinstance(name, str)):
        raise UsageError(f"modifiers are of {', '.join(MODIFIERS)}")
    if not all(isinstance(name, str) for name in modifiers):
        raise UsageError(f"modifiers are of {', '.join(MODIFIERS)}")
    text, pointer, button = data.get("text", ""), data.get("pointer", "mouse"), data.get("button", 0)
    if not isinstance(text, str) or pointer not in POINTERS or type(button) is not int or not 0 <= button <= 2:
        raise UsageError("an event has a text, a pointer of mouse, pen or touch, and a button from 0 to 2")
    held = tuple(dict.fromkeys(modifiers))
    return Event(kind=data["kind"], text=text, pointer=pointer, button=button, modifiers=held, **numbers)


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= MOST:  # NaN is not, either
        raise UsageError(f"{name} of an event is a number")
    return float(value)
