"""A recording as data: the page at every raw input event, checked for its shape."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from browser_env.errors import DataError

MAX_JSON_BYTES = 32 * 2**20  # of one unpacked recording; the largest public ones have 6 MiB
MAX_DEPTH = 100  # of the DOM
MAX_NUMBER = 1e9  # of a coordinate in px, a time in ms, a reference
CAPTURING = 1  # the event phase that comes first; the others repeat the event
MODIFIERS = {16: "Shift", 17: "Control", 18: "Alt", 91: "Meta", 93: "Meta", 224: "Meta"}  # by key code


class RecordingError(DataError):
    """A file that is no usable recording; ``reason`` is a category to count by."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element of the recorded DOM, or a line of text between elements (tag ``t``)."""

    key: int  # the same for the same element in all frames of a recording
    tag: str  # e.g. "DIV", "INPUT_text"
    text: str = ""  # of an element without element children
    value: str | bool = ""
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # left, top, width, height
    classes: frozenset[str] = frozenset()  # CSS classes, and the HTML id as "#id"
    background: str = ""
    focused: bool = False
    target: bool = False  # of the frame's event
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Yield the node and all its descendants in document order."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    def find(self, key: int) -> Node | None:
        """Return the descendant with this key, or None."""
        return next((node for node in self.walk() if node.key == key), None)

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies in the box."""
        left, top, width, height = self.box
        return left <= x < left + width and top <= y < top + height


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A raw input event."""

    kind: str  # e.g. "mousedown"
    x: float = 0.0
    y: float = 0.0
    key_code: int = 0
    char_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The page at one moment, before the event that then happened has any effect."""

    time_ms: float
    event: Event | None
    root: Node

    @property
    def target(self) -> Node | None:
        """The element that the event was sent to."""
        return next((node for node in self.root.walk() if node.target), None)

    @property
    def focus(self) -> Node | None:
        """The focused element; the body means none."""
        return next((node for node in self.root.walk() if node.focused and node is not self.root), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One episode by one person, from the page's start to its end."""

    goal: str
    task: str  # as the file names it, or empty
    raw_reward: float
    frames: tuple[Frame, ...]  # of the episode itself, at least one
    final: Node  # the page after the last event
    wall_s: float
    ended: bool  # whether `final` is the page after its end


def parse_recording(data: bytes) -> Recording:
    """Read a recording's bytes, compressed or not; raise :class:`RecordingError` on anything else."""
    document = _load(data)
    states = document.get("states")
    if not isinstance(states, list):
        raise RecordingError("wrong shape", "'states' is not a list")
    if not states:
        raise RecordingError("no states")
    reader = _DomReader()
    frames = [_frame(state, reader) for state in states]
    end = _first_frame_after_end(states)
    final = _aligned(frames[end].root, frames[end - 1].root) if end < len(frames) else frames[-1].root
    return Recording(
        goal=_goal(document.get("utterance")),
        task=_text(document.get("taskName", ""), "taskName"),
        raw_reward=_number(document.get("rawReward"), "rawReward"),
        frames=tuple(frames[:end]),
        final=final,
        wall_s=max(0.0, frames[min(end, len(frames) - 1)].time_ms) / 1000,
        ended=end < len(frames),
    )


def unpack(data: bytes) -> bytes:
    """Return a recording's JSON text; raise :class:`RecordingError` where it is damaged or too large."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = file.read(MAX_JSON_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError("damaged gzip", str(error)) from error
    if len(text) > MAX_JSON_BYTES:
        raise RecordingError("too large", f"more than {MAX_JSON_BYTES} bytes unpacked")
    return text


def _load(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(unpack(data))
    except (ValueError, RecursionError) as error:
        raise RecordingError("not JSON", str(error)) from error
    if not isinstance(document, dict):
        raise RecordingError("wrong shape", "not an object")
    return document


def _goal(utterance: Any) -> str:
    """Return the goal's text; some tasks wrap it into an object beside its fields, or into JSON."""
    if isinstance(utterance, str) and utterance.lstrip().startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):  # a goal that happens to begin with a brace
            utterance = json.loads(utterance)
    if isinstance(utterance, dict):
        utterance = utterance.get("utterance")
    goal = " ".join(_text(utterance, "utterance").split())
    if not goal:
        raise RecordingError("wrong shape", "the utterance is empty")
    return goal


def _first_frame_after_end(states: list[Any]) -> int:
    """Return the index of the first state after the episode; the page then numbers all its elements anew."""
    first = states[0]["dom"].get("ref")
    return next((i for i, state in enumerate(states) if state["dom"].get("ref") != first), len(states))


def _aligned(node: Node, like: Node | None) -> Node:
    """Give the nodes of the page after its end the keys that they had before, by their place in the tree."""
    if like is None or like.tag != node.tag:
        return node
    before = (*like.children, *[None] * max(0, len(node.children) - len(like.children)))
    children = tuple(_aligned(child, old) for child, old in zip(node.children, before, strict=False))
    return replace(node, key=like.key, children=children)


def _frame(state: Any, reader: _DomReader) -> Frame:
    if not isinstance(state, dict) or not isinstance(state.get("dom"), dict):
        raise RecordingError("wrong shape", "a state is not an object with a 'dom'")
    return Frame(
        time_ms=_number(state.get("time"), "time"), event=_event(state.get("action")), root=reader.read(state["dom"])
    )


def _event(action: Any) -> Event | None:
    if action is None:
        return None
    if not isinstance(action, dict):
        raise RecordingError("wrong shape", "an action is not an object")
    if action.get("timing") != CAPTURING:
        return None
    return Event(
        kind=_text(action.get("type"), "type"),
        x=_number(action.get("x", 0), "x"),
        y=_number(action.get("y", 0), "y"),
        key_code=int(_number(action.get("keyCode", 0), "keyCode")),
        char_code=int(_number(action.get("charCode", 0), "charCode")),
    )


@dataclass(frozen=True, slots=True)
class _DomReader:
    """Reads DOM trees, giving an element the same key in every frame.

    The page's own reference numbers are not unique: an element that outlives an episode keeps its number, which is
    then given out again. Parent, tag, number and rank among the like together are.
    """

    keys: dict[tuple[int, str, int, int], int] = field(default_factory=dict)

    def read(self, data: dict[str, Any], *, parent: int = 0, rank: int = 0, depth: int = 0) -> Node:
        if depth > MAX_DEPTH:
            raise RecordingError("wrong shape", f"the DOM is nested deeper than {MAX_DEPTH}")
        tag, ref = _identity(data)
        key = self.keys.setdefault((parent, tag, ref, rank), len(self.keys) + 1)
        value = data.get("value", "")
        left, top, width, height = (_number(data.get(side, 0), side) for side in ("left", "top", "width", "height"))
        return Node(
            key=key,
            tag=tag,
            text=" ".join(_text(data.get("text", ""), "text").split()),
            value=value if isinstance(value, bool) else _text(value, "value"),
            box=(left, top, width, height),
            classes=_classes(data.get("classes"), data.get("id")),
            background=_text(data.get("bgColor", ""), "bgColor"),
            focused=data.get("focused") is True,
            target=data.get("recordingTarget") is True,
            children=self._children(data.get("children", []), parent=key, depth=depth + 1),
        )

    def _children(self, data: Any, *, parent: int, depth: int) -> tuple[Node, ...]:
        if not isinstance(data, list) or not all(isinstance(child, dict) for child in data):
            raise RecordingError("wrong shape", "'children' is not a list of objects")
        seen: Counter[tuple[str, int]] = Counter()
        nodes = []
        for child in data:
            identity = _identity(child)
            nodes.append(self.read(child, parent=parent, rank=seen[identity], depth=depth))
            seen[identity] += 1
        return tuple(nodes)


def _identity(data: dict[str, Any]) -> tuple[str, int]:
    """Return tag and reference number; lines of text get new numbers in every frame, so theirs is left out."""
    tag = _text(data.get("tag"), "tag")
    return tag, 0 if tag == "t" else int(_number(data.get("ref"), "ref"))


def _classes(classes: Any, html_id: Any) -> frozenset[str]:
    """Return the class names and the HTML id after a ``#``; SVG elements' classes were recorded as an empty object."""
    names = classes.split() if isinstance(classes, str) else []
    return frozenset([*names, f"#{html_id}"] if isinstance(html_id, str) and html_id else names)


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()  # half a surrogate pair
    raise RecordingError("wrong shape", f"'{name}' is not a text")


def _number(value: Any, name: str) -> float:
    if type(value) in (int, float) and abs(value) <= MAX_NUMBER:  # which no NaN is
        return float(value)
    raise RecordingError("wrong shape", f"'{name}' is not a number in range")
