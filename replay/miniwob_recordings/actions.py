"""Turns gestures into typed actions, each with the page as it was before it.

What a person does to one text field or list in a row is one action, ``type`` or ``select``, with what the control
holds in the end: the click that focuses it, corrections, pastes and caret movements are part of it. Left out are
gestures without effect: clicks and keys that meet nothing (most mark and copy the goal's text), moves of the focus
that the next action does not need, repetitions.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from browser_env.action import Action, Click, DoubleClick, Drag, Point, Press, Scroll, Select, Target, Type
from browser_env.episode import Step
from replay.miniwob_recordings.dom import INTERACTIVE, VIEWPORT, is_chosen, is_listbox, is_text_field
from replay.miniwob_recordings.gestures import Gesture, Key, Pointer, Wheel, content, read_gestures
from replay.miniwob_recordings.pages import Pages
from replay.miniwob_recordings.recording import Node, RecordingError

DRAG_PX = 5.0  # a press that moves less is a click
SUGGESTION_KEYS = {"ArrowUp", "ArrowDown", "PageUp", "PageDown"}  # in one line of text, they move in a list below it
CHOICE_IN_GOAL = re.compile(r"Select (?P<label>.+?) from the list\b")
Drop = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An action between two pages."""

    start: int  # index of the page before it
    end: int  # and after it
    action: Action


@dataclass(frozen=True, slots=True)
class Actions:
    """What became of a recording's gestures."""

    moves: tuple[Move, ...]
    dropped: Counter[str]  # gestures left out, by reason
    choice_from_goal: bool  # a list's chosen option was not recorded and taken from the goal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Gestures that belong together: all on one control in a row, or a single one elsewhere."""

    start: int
    end: int
    control: Node | None
    gestures: tuple[Gesture, ...]


@dataclass(frozen=True, slots=True)
class _Translation:
    pages: Pages
    solved: bool  # the goal tells what was chosen
    dropped: Counter[str] = field(default_factory=Counter)
    deduced: list[int] = field(default_factory=list)  # starts of the spans whose choice the goal told


def translate(pages: Pages, *, solved: bool) -> Actions:
    """Return the recording's actions; ``solved`` says that it reached its goal."""
    pages.elements(0)  # the first page has the first ids
    work = _Translation(pages, solved)
    spans = _spans(pages, read_gestures(pages.recording.frames))
    moves = [
        Move(start=span.start, end=span.end, action=action)
        for position, span in enumerate(spans)
        for action in _actions(span, spans[position + 1 :], work)
    ]
    moves = _without_repeats(_without_needless_tabs(moves, work), work)
    return Actions(tuple(moves), work.dropped, bool(work.deduced))


def steps(pages: Pages, actions: Actions) -> tuple[Step, ...]:
    """Return the moves as an episode's steps."""
    return tuple(Step(observation=pages.observation(move.start), action=move.action) for move in actions.moves)


def _spans(pages: Pages, gestures: Sequence[Gesture]) -> list[_Span]:
    spans: list[_Span] = []
    for position, gesture in enumerate(gestures):
        end = gestures[position + 1].start if position + 1 < len(gestures) else pages.end
        control = _control(pages, gesture, end)
        last = spans[-1] if spans else None
        if last and last.control and control and last.control.key == control.key:
            spans[-1] = _Span(start=last.start, end=end, control=last.control, gestures=(*last.gestures, gesture))
        else:
            spans.append(_Span(start=gesture.start, end=end, control=control, gestures=(gesture,)))
    return spans


def _control(pages: Pages, gesture: Gesture, end: int) -> Node | None:
    """Return the text field or list that the gesture works on."""
    root = pages.root(gesture.start)
    if isinstance(gesture, Wheel):
        node = root.find(gesture.area)
    elif isinstance(gesture, Key):
        node = pages.focus(gesture.start)
        if node and _leaves(pages, gesture, node, end):
            return None
    else:
        node = next((node for node in root.walk() if node.target), None)
        if node and node.tag == "OPTION":
            node = next((list_ for list_ in root.walk() if list_.tag == "SELECT" and node in list_.children), None)
    return node if node and (node.tag == "SELECT" or is_text_field(node)) else None


def _leaves(pages: Pages, gesture: Key, node: Node, end: int) -> bool:
    """Whether a key pressed in a control does something beside changing what the control holds."""
    name = gesture.key.rpartition("+")[2]
    if name == "Tab":
        after = pages.focus(min(end, pages.end - 1))
        return after is None or after.key != node.key  # the parts of a date are left by Tab, too
    if node.tag in ("SELECT", "TEXTAREA"):
        return name == "Escape"
    one_line = node.tag == "INPUT_text" and "ui-spinner-input" not in node.classes
    return name in ("Enter", "Escape") or (one_line and name in SUGGESTION_KEYS)


def _actions(span: _Span, later: Sequence[_Span], work: _Translation) -> Iterator[Action]:
    """Yield the span's actions; count what is left out."""
    if span.control is None:
        (gesture,) = span.gestures
        actions = _elsewhere(gesture, span, work)
    elif span.control.tag == "SELECT":
        is_last = all(other.control is None or other.control.key != span.control.key for other in later)
        actions = _on_list(span, span.control, work, is_last=is_last)
    else:
        actions = _on_field(span, span.control, work)
    for action in actions:
        if isinstance(action, Action):
            yield action
        else:
            work.dropped[action] += 1


def _on_field(span: _Span, field_: Node, work: _Translation) -> Iterator[Action | Drop]:
    pages = work.pages
    after = _last_seen(pages, field_, span)
    target = _target(pages, span.start, field_)
    if after.value != field_.value:
        yield Type(target, str(after.value))
        return
    focus = pages.focus(span.start)
    gains_focus = focus is None or focus.key != field_.key
    has_effect = not pages.is_unchanged(span.start, span.end)
    if any(isinstance(gesture, Pointer) for gesture in span.gestures):
        yield Click(target) if gains_focus or has_effect else "no effect"
    elif has_effect:
        yield from (Press(gesture.key) for gesture in span.gestures if isinstance(gesture, Key) and gesture.key)
    else:
        yield "no effect"


def _on_list(span: _Span, list_: Node, work: _Translation, *, is_last: bool) -> Iterator[Action | Drop]:
    pages = work.pages
    target = _target(pages, span.start, list_)
    before, after = _chosen(list_), _chosen(_last_seen(pages, list_, span))
    clicked = [node.text for gesture in span.gestures if (node := _option_of(pages, gesture))]
    if not is_listbox(list_) and clicked:
        yield Select(target, (clicked[-1],))
    elif is_listbox(list_):
        yield Select(target, after) if after != before else "no effect"
    elif not is_last:
        yield "choice changed later"
    else:
        yield Select(target, (_choice_in_goal(work),))
        work.deduced.append(span.start)


def _choice_in_goal(work: _Translation) -> str:
    """Return the option that a solved recording must have chosen; browsers record nothing of a closed list."""
    match = CHOICE_IN_GOAL.search(work.pages.recording.goal)
    if match is None or not work.solved:
        raise RecordingError("choice not recorded", "the list's options are not part of the recording")
    return match["label"]


def _chosen(list_: Node) -> tuple[str, ...]:
    return tuple(option.text for option in list_.children if is_chosen(option))


def _option_of(pages: Pages, gesture: Gesture) -> Node | None:
    if not isinstance(gesture, Pointer):
        return None
    return next((node for node in pages.root(gesture.start).walk() if node.target and node.tag == "OPTION"), None)


def _last_seen(pages: Pages, node: Node, span: _Span) -> Node:
    """Return the node as it was after the span, or when it was last there."""
    for index in range(min(span.end, pages.end - 1), span.start, -1):
        if found := pages.root(index).find(node.key):
            return found
    return node


def _elsewhere(gesture: Gesture, span: _Span, work: _Translation) -> Iterator[Action | Drop]:
    if isinstance(gesture, Pointer):
        yield _press(gesture, span, work.pages)
    elif isinstance(gesture, Key):
        in_void = work.pages.focus(span.start) is None and gesture.key != "Tab"
        is_void = in_void and work.pages.is_unchanged(span.start, span.end)
        yield "no effect" if is_void or not gesture.key else Press(gesture.key)
    else:
        yield _scroll(gesture, span, work.pages)


def _press(gesture: Pointer, span: _Span, pages: Pages) -> Action | Drop:
    target = pages.aim(gesture.start, gesture.down)
    is_unaimed = isinstance(target, Point) or not gesture.clicked
    if is_unaimed and pages.is_unchanged(span.start, span.end):
        return "no effect"
    down, up = gesture.down, gesture.up or gesture.down
    is_far = math.hypot(up.x - down.x, up.y - down.y) > DRAG_PX
    if is_far and not (gesture.clicked and _is_interactive(pages, gesture.start, target)):
        return Drag((Point(down.x, down.y), Point(up.x, up.y)))
    return DoubleClick(target) if gesture.double else Click(target)


def _is_interactive(pages: Pages, index: int, target: Target) -> bool:
    return any(element.id == target and element.role in INTERACTIVE for element in pages.elements(index))


def _scroll(gesture: Wheel, span: _Span, pages: Pages) -> Action | Drop:
    """Return the scroll by the way that the area's content went; events tell no amounts."""
    area = pages.root(span.start).find(gesture.area)
    after = pages.root(min(span.end, pages.end - 1)).find(gesture.area)
    if area is None or after is None:
        return "no effect"
    tops = {child.key: child.box for child in after.children}
    shift = next(((c.box[0] - tops[c.key][0], c.box[1] - tops[c.key][1]) for c in area.children if c.key in tops), None)
    if shift is None or max(abs(shift[0]), abs(shift[1])) < 1:
        return "no effect"
    return Scroll(_target(pages, span.start, area), dx=float(round(shift[0])), dy=float(round(shift[1])))


def _target(pages: Pages, index: int, node: Node) -> Target:
    """Return the node's id, or the middle of what can be seen of it."""
    if element := pages.element(index, node):
        return element.id
    left, top, width, height = node.box
    right, bottom = min(left + width, VIEWPORT[0]), min(top + height, VIEWPORT[1])
    return Point(round((max(left, 0.0) + right) / 2, 2), round((max(top, 0.0) + bottom) / 2, 2))


def _without_needless_tabs(moves: Sequence[Move], work: _Translation) -> list[Move]:
    """Drop Tab where the next action names its own target, as it drops the click that focuses a field."""
    kept: list[Move] = []
    for move in reversed(moves):
        is_tab = isinstance(move.action, Press) and move.action.key in ("Tab", "Shift+Tab")
        is_needed = not kept or isinstance(kept[-1].action, Press)
        if is_tab and not is_needed and work.pages.is_unchanged(move.start, move.end):
            work.dropped["focus moved"] += 1
        else:
            kept.append(move)
    return kept[::-1]


def _without_repeats(moves: Sequence[Move], work: _Translation) -> list[Move]:
    """Drop an action that is done again right after it had no effect, and a text that is typed over at once."""
    kept: list[Move] = []
    for move in moves:
        last = kept[-1] if kept else None
        if last and _is_typed_over(last.action, move.action):
            kept[-1] = replace(move, start=last.start)
            work.dropped["typed over"] += 1
            continue
        if last and last.action == move.action and _looks_same(work.pages, last.start, move.start):
            kept.pop()
            work.dropped["repeated"] += 1
        kept.append(move)
    return kept


def _is_typed_over(first: Action, second: Action) -> bool:
    return isinstance(first, Type) and isinstance(second, Type) and first.target == second.target


def _looks_same(pages: Pages, first: int, second: int) -> bool:
    boxes = [[node.box for node in pages.root(index).walk()] for index in (first, second)]
    return boxes[0] == boxes[1] and content(pages.root(first)) == content(pages.root(second))
