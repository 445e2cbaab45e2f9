"""Follows what every field of an episode holds, character by character, and which action wrote each of them."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from browser_env.action import Action, Click, DoubleClick, MiddleClick, Press, RightClick, Type
from browser_env.episode import Episode, Step
from browser_env.observation import Element, Observation
from replay.redaction.placeholders import PLACEHOLDER

DOT = "\u2022"
MAX_DOTS = 64  # of a password field that an observation shows
MAX_CUT = 299  # characters after which a value may have been cut off
FORGOTTEN = frozenset(("Control+a", "Meta+a"))  # what is written next replaces all
ONE = re.compile(rf"{PLACEHOLDER.pattern}|.", re.DOTALL)
MARK = "\ufffc"
NOWHERE = ""  # the field of keys that went to no element
CLICKS = (Click, DoubleClick, MiddleClick, RightClick)


@dataclass(frozen=True, slots=True)
class Char:
    """One character in a field, or a placeholder; it keeps its number for as long as it stands there."""

    text: str
    number: int


Held = tuple[Char, ...]


@dataclass(slots=True, kw_only=True)
class Field:
    """What one field held, observation by observation."""

    held: dict[int, Held] = field(default_factory=dict)  # index of the observation -> its characters
    ended: list[int] = field(default_factory=list)  # observations at which an entry was complete
    emptied: list[Held] = field(default_factory=list)  # what was written and gone by the next observation
    chars: Held = ()
    caret: int = 0
    all_selected: bool = False
    guesses: list[Field] = field(default_factory=list)  # where the caret may be after a click among dots
    maybe: list[Held] = field(default_factory=list)  # what the field held by these guesses
    runs: list[Held] = field(default_factory=list)  # what was written without anything else between
    writing: bool = False  # whether what is written next belongs to the last run

    def entries(self) -> list[Held]:
        """Return what the field held whenever somebody had done with it."""
        return [*(self.held[index] for index in self.ended), *self.emptied]


@dataclass(slots=True, kw_only=True)
class Journal:
    """Who wrote what where."""

    fields: dict[str, Field] = field(default_factory=dict)  # by element id
    written: dict[int, Held] = field(default_factory=dict)  # index of the step -> the characters that it wrote
    places: dict[int, str] = field(default_factory=dict)  # index of the step -> the field that it wrote to


def text_of(chars: Sequence[Char]) -> str:
    """Return characters as a text."""
    return "".join(char.text for char in chars)


def flat_of(chars: Sequence[Char]) -> str:
    """Return characters as a text of the same length, in which a mark stands for each placeholder."""
    return "".join(char.text if len(char.text) == 1 else MARK for char in chars)


def split(text: str) -> list[str]:
    """Return a text's characters; a placeholder counts as one."""
    return [match.group() for match in ONE.finditer(text)]


def is_dots(value: str) -> bool:
    """Whether a value is that of a password field that holds something."""
    return bool(value) and not value.strip(DOT)


def holder(element: Element) -> bool:
    """Whether an element is one that people type into."""
    return "editable" in element.states or is_dots(element.value)


def follow(episode: Episode) -> Journal:
    """Return what every field held and who wrote it."""
    journal = Journal()
    numbers = itertools.count()
    _read(journal, episode.observations[0], 0, numbers)
    for index, step in enumerate(episode.steps):
        place = place_of(step.action, step.observation)
        for id_, other in journal.fields.items():
            if id_ != place or not _goes_on(step.action):
                _end(other, index)
        _lose_caret(journal, step)
        if place is not None:
            _write(journal, index, place, step.action, numbers)
        _read(journal, episode.observations[index + 1], index + 1, numbers)
    for other in journal.fields.values():
        _end(other, len(episode.steps))
    return journal


def place_of(action: Action, observation: Observation) -> str | None:
    """Return the field that an action writes to, None where it writes to none."""
    if isinstance(action, Press):
        return observation.focus or NOWHERE
    if not isinstance(action, Type):
        return None
    if isinstance(action.target, str):
        return action.target
    x, y = action.target.x, action.target.y
    under = [e for e in observation.elements if holder(e) and _covers(e, x, y)]
    return under[-1].id if under else observation.focus or NOWHERE


def _lose_caret(journal: Journal, step: Step) -> None:
    """Take note of a click among dots: nobody can tell between which the caret is now."""
    if not isinstance(step.action, CLICKS):
        return
    target, seen = step.action.target, step.observation
    for element in seen.elements:
        hit = element.id == target if isinstance(target, str) else _covers(element, target.x, target.y)
        if hit and is_dots(element.value) and element.id in journal.fields:
            field_ = journal.fields[element.id]
            carets = range(min(len(field_.chars), MAX_DOTS) + 1)
            field_.guesses = [Field(chars=field_.chars, caret=caret) for caret in carets]


def _covers(element: Element, x: float, y: float) -> bool:
    left, top, width, height = element.box
    return left <= x <= left + width and top <= y <= top + height


def _goes_on(action: Action) -> bool:
    """Whether an action adds to what the field holds, and does not begin anew."""
    return not action.clear if isinstance(action, Type) else isinstance(action, Press) and action.key not in FORGOTTEN


def _end(field_: Field, index: int) -> None:
    if field_.held.get(index) and (not field_.ended or field_.ended[-1] != index):
        field_.ended.append(index)


def _write(journal: Journal, index: int, place: str, action: Action, numbers: Iterator[int]) -> None:
    field_ = journal.fields.setdefault(place, Field())
    journal.places[index] = place
    if isinstance(action, Type):
        if action.clear:
            field_.chars, field_.caret, field_.writing, field_.guesses = (), 0, False, []
        _insert(field_, journal, index, action.text, numbers)
    elif isinstance(action, Press):
        key = character(action.key)
        if key is not None:
            _insert(field_, journal, index, key * action.times, numbers)
        else:
            for _ in range(action.times):
                _edit(field_, action.key)


def character(key: str) -> str | None:
    """Return the character that a key or chord writes, None where it writes none."""
    if PLACEHOLDER.fullmatch(key):
        return key
    held, name = ("", key) if len(key) == 1 else (key[:-2], "+") if key.endswith("++") else _split(key)
    name = " " if name == "Space" else name
    if len(name) != 1 or held not in ("", "Shift"):
        return None
    return name.upper() if held else name


def _split(chord: str) -> tuple[str, str]:
    held, _, name = chord.rpartition("+")
    return held, name


def _insert(field_: Field, journal: Journal, index: int, text: str, numbers: Iterator[int]) -> None:
    chars = tuple(Char(char, next(numbers)) for char in split(text))
    journal.written[index] = (*journal.written.get(index, ()), *chars)
    for one in (field_, *field_.guesses):
        _put(one, chars)
    if field_.writing:
        field_.runs[-1] = (*field_.runs[-1], *chars)
    else:
        field_.runs.append(chars)
    field_.writing = True


def _put(field_: Field, chars: Held) -> None:
    """Write characters at the caret, or over all that is selected."""
    if field_.all_selected:
        field_.chars, field_.caret, field_.all_selected = (), 0, False
    before, after = field_.chars[: field_.caret], field_.chars[field_.caret :]
    field_.chars = (*before, *chars, *after)
    field_.caret += len(chars)


def _edit(field_: Field, key: str) -> None:
    """Carry a key out that writes no character."""
    for guess in field_.guesses:
        _edit(guess, key)
    chars, caret = field_.chars, field_.caret
    field_.writing = False
    if key in FORGOTTEN:
        field_.all_selected = True
        return
    if field_.all_selected and key in ("Backspace", "Delete", "Control+x"):
        field_.chars, field_.caret = (), 0
    elif key == "Backspace" and caret > 0:
        field_.chars, field_.caret = (*chars[: caret - 1], *chars[caret:]), caret - 1
    elif key == "Delete":
        field_.chars = (*chars[:caret], *chars[caret + 1 :])
    else:
        moves = {"ArrowLeft": caret - 1, "ArrowRight": caret + 1, "Home": 0, "End": len(chars)}
        field_.caret = min(max(moves.get(key, caret), 0), len(chars))
    field_.all_selected = False


def _read(journal: Journal, observation: Observation, index: int, numbers: Iterator[int]) -> None:
    """Bring the fields in line with what an observation shows of them."""
    for element in observation.elements:
        if holder(element):
            field_ = journal.fields.setdefault(element.id, Field())
            before = field_.chars
            _align(field_, element.value, numbers)
            if before and not field_.chars:
                field_.emptied.append(before)
    for field_ in journal.fields.values():
        field_.held[index] = field_.chars
        field_.maybe += [guess.chars for guess in field_.guesses if guess.chars not in (field_.chars, ())]


def _align(field_: Field, value: str, numbers: Iterator[int]) -> None:
    old = text_of(field_.chars)
    if is_dots(value):
        field_.guesses = [guess for guess in field_.guesses if min(len(guess.chars), MAX_DOTS) == len(value)]
        shorter = len(value) < min(len(field_.chars), MAX_DOTS)  # a page tells of no more dots
        if shorter or not old:  # something that no action tells of happened to it, as part of it was selected
            run = field_.runs[-1] if field_.runs else ()
            field_.chars = run if len(run) == len(value) else field_.chars[: len(value)]
            field_.caret = len(field_.chars)
        return
    cut = value.removesuffix("\u2026")
    if " ".join(old.split()) == value or (len(value) >= MAX_CUT and old.startswith(cut)):
        return
    letters = split(value)
    matcher = difflib.SequenceMatcher(None, [char.text for char in field_.chars], letters, autojunk=False)
    before, chars = len(field_.chars), list[Char]()
    for tag, start, end, first, last in matcher.get_opcodes():
        kept = field_.chars[start:end] if tag == "equal" else ()
        chars += kept or [Char(char, next(numbers)) for char in letters[first:last]]
    field_.chars = tuple(chars)
    field_.caret = min(max(len(letters) - (before - field_.caret), 0), len(chars))
