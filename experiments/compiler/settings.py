"""What the controls of a page can be set to, each with the move that does it and what nearly does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from browser_env.action import Check, Select, Type
from browser_env.observation import Element
from experiments.compiler.addresses import is_volatile
from experiments.compiler.atlas import Atlas
from experiments.compiler.graph import Control, Form, State
from experiments.compiler.inventing import TYPED, invent
from experiments.compiler.target import Move
from experiments.compiler.texts import CLOCK, IDENTIFIER, LONG_NUMBER, PAGE_TODAY, RELATIVE, bare, is_name, is_plain

MAX_LASTING = 500  # characters of a value that is looked into
LOCKED = frozenset(("disabled", "readonly", "covered"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One control brought to another value."""

    form: Form
    key: str  # as in Evidence.form_values
    value: str  # the form's value then
    sent: str | None  # what a form sends of it; None: that is not known
    label: str
    phrase: str  # e.g. “Colour” to “Red”
    verb: str  # "set", "tick", "untick" or "choose"
    move: Move
    wrong: tuple[tuple[str, Move], ...] = ()  # why, and a move that does something else


def settings(atlas: Atlas, state: State, form: Form) -> Iterator[Setting]:
    """Yield a setting of each control of a form that is named once on its page."""
    elements = {element.id: element for element in state.observation.elements}
    names = Counter(_called(e).casefold() for e in elements.values() if e.role in NAMED_CONTROLS)
    keys = Counter(control.key for other in state.forms if other.on_enter for control in other.controls)
    for control in form.controls:
        element = elements.get(control.id)
        if element is None or LOCKED & set(element.states) or keys[control.key] > 1:
            continue
        if control.key not in state.evidence.form_values or not atlas.offers(state, control):
            continue
        if control.kind == "radio":
            yield from _radio(atlas, state, form, control)
        elif is_name(label := bare(control.label)) and names[label.casefold()] == 1:
            yield from _of(atlas, state, form, control, element, label)


def _called(element: Element) -> str:
    """Return a control's name or, in a form that is laid out as a table, the header of its row."""
    return bare(element.name) or next(iter(element.headers), "")


NAMED_CONTROLS = frozenset(
    ("textbox", "searchbox", "combobox", "listbox", "checkbox", "switch", "spinbutton", "slider", "radio")
)


def _of(atlas: Atlas, state: State, form: Form, control: Control, element: Element, label: str) -> Iterator[Setting]:
    now = state.evidence.form_values[control.key]
    if control.kind == "checkbox" and now in ("true", "false"):
        wanted = now != "true"
        yield Setting(
            form=form,
            key=control.key,
            value=str(wanted).lower(),
            sent=control.options[0][0] if wanted and control.options else None,
            label=label,
            phrase=f"“{label}”",
            verb="tick" if wanted else "untick",
            move=Move.at(Check(element.id, wanted), state.observation),
            wrong=(("the box as it was", Move.at(Check(element.id, not wanted), state.observation)),),
        )
    elif control.kind == "select" and "multiple" not in element.states:
        yield from _select(atlas, state, form, control, element, label)
    elif control.kind in TYPED:
        draw = atlas.draw(state.id, control.key)
        value = invent(control, draw, word=atlas.word(state, control.key))
        other = invent(control, draw + 1, word="something else")
        if value is None or value == now or not is_plain(value):
            return
        wrong = () if other in (None, value) else (("another value", str(other)),)
        yield Setting(
            form=form,
            key=control.key,
            value=value,
            sent=value,
            label=label,
            phrase=f"“{label}” to “{value}”",
            verb="set",
            move=Move.at(Type(element.id, value), state.observation),
            wrong=tuple((why, Move.at(Type(element.id, text), state.observation)) for why, text in wrong),
        )


def _select(
    atlas: Atlas, state: State, form: Form, control: Control, element: Element, label: str
) -> Iterator[Setting]:
    labels = Counter(text for _, text in control.options)
    now = state.evidence.form_values[control.key]
    fit = [
        (value, text)
        for value, text in control.options
        if value != now and labels[text] == 1 and is_plain(text) and value
    ]
    if not fit or any(text in {value for value, _ in control.options} - {value} for value, text in fit):
        return
    chosen = atlas.draw(state.id, control.key) % len(fit)
    value, text = fit[chosen]
    others = [other for _, other in fit if other != text][:1]
    yield Setting(
        form=form,
        key=control.key,
        value=value,
        sent=value,
        label=label,
        phrase=f"“{label}” to “{text}”",
        verb="set",
        move=Move.at(Select(element.id, (text,)), state.observation),
        wrong=tuple(
            ("the option beside", Move.at(Select(element.id, (other,)), state.observation)) for other in others
        ),
    )


def _radio(atlas: Atlas, state: State, form: Form, control: Control) -> Iterator[Setting]:
    buttons = [element for element in state.observation.elements if element.role == "radio" and element.name]
    names = Counter(bare(element.name).casefold() for element in buttons)
    values = {text: value for value, text in control.options}
    fit = [
        element
        for element in buttons
        if element.name in values
        and values[element.name]
        and names[bare(element.name).casefold()] == 1
        and is_name(bare(element.name))
        and not {"checked"} & set(element.states)
        and not LOCKED & set(element.states)
    ]
    if not fit:
        return
    element = fit[atlas.draw(state.id, control.key) % len(fit)]
    others = [other for other in buttons if other.name in values and other.id != element.id][:1]
    yield Setting(
        form=form,
        key=control.key,
        value=values[element.name],
        sent=values[element.name],
        label=bare(element.name),
        phrase=f"“{bare(element.name)}”",
        verb="choose",
        move=Move.at(Check(element.id, True), state.observation),
        wrong=tuple(("the button beside", Move.at(Check(other.id, True), state.observation)) for other in others),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a form sends of the controls that are left alone."""

    texts: dict[str, str]  # by the controls' names
    ticked: tuple[str, ...]  # names of boxes whose values are not known
    not_sent: tuple[tuple[str, str], ...]  # names and values of boxes and buttons that are off; "": any value


def left_alone(state: State, form: Form, chosen: Sequence[Setting]) -> Left:
    """Return what a form sends of what is not set, and what it must not send."""
    before = state.evidence.form_values
    keys = Counter(control.key for control in form.controls)
    several = {element.id for element in state.observation.elements if "multiple" in element.states}
    texts: dict[str, str] = {}
    ticked, off = [], []
    for control in form.controls:
        value = before.get(control.key)
        if value is None or control.key in {s.key for s in chosen} or control.kind in ("file", "password"):
            continue
        if not control.named or control.id in several:  # nothing is sent of it, or once for each option
            continue
        if control.kind not in ("checkbox", "radio") or (control.kind == "radio" and value):
            texts[control.key] = value
        elif control.kind == "radio" or value == "false":
            off += [(control.key, value) for value, _ in control.options] if keys[control.key] == 1 else []
            off += [(control.key, "")] if not control.options and keys[control.key] == 1 else []
        elif keys[control.key] == 1 and control.options:
            texts[control.key] = control.options[0][0]
        elif keys[control.key] == 1:
            ticked.append(control.key)
    return Left(texts=texts, ticked=tuple(ticked), not_sent=tuple(off))


def values_with(state: State, chosen: Sequence[Setting]) -> dict[str, str]:
    """Return the values of all of a page's controls with these settings; those that stay the same were as they are."""
    before = state.evidence.form_values
    shown = {control.key for form in state.forms for control in form.controls}
    kept = {key: before[key] for key in before if key in shown and is_lasting(key, before[key])}
    return kept | {setting.key: setting.value for setting in chosen}


def is_lasting(key: str, value: str) -> bool:
    """Whether a control would have this value on another visit, as far as one can see."""
    if len(value) > MAX_LASTING:
        return False
    moving = (RELATIVE, CLOCK, PAGE_TODAY, IDENTIFIER, LONG_NUMBER)
    return not is_volatile(f"?{urlencode({key: value})}") and not any(pattern.search(value) for pattern in moving)
