"""Fill a form and send it: verified by the address that it leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from urllib.parse import quote_plus, urlsplit

from browser_env.action import Click, Press
from browser_env.observation import Element
from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate, NearMiss
from experiments.compiler.consequences import is_grave
from experiments.compiler.families.reach import anywhere
from experiments.compiler.families.set_control import phrase
from experiments.compiler.goals import FILL, FILL_SENT, say
from experiments.compiler.graph import Form, State
from experiments.compiler.settings import Setting, left_alone, settings
from experiments.compiler.target import Move
from experiments.compiler.texts import bare, is_name

FAMILY = "fill-form"
MAX_FILLED = 5  # ways to fill one form
MAX_EXTRAS = 2  # settings beside those that a form requires
MAX_ALONE = 3  # settings of a form that requires none
MAX_OFFERED = 24  # settings that are chosen from
ANY = ".*"


def fill_form(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks to fill forms that ask for a page."""
    for state in atlas.pages:
        page = atlas.names.get(state.id)
        for form in atlas.forms(state):
            if page is None or form.method != "get" or _is_twice(state, form) or does_for_good(state, form):
                continue
            for chosen in fillings(atlas, state, form):
                yield from _task(atlas, state, page, form, chosen)


def fillings(atlas: Atlas, state: State, form: Form) -> list[tuple[Setting, ...]]:
    """Return some ways to fill a form, each with all that it requires."""
    offered = [setting for setting in settings(atlas, state, form) if setting.sent is not None]
    needed = {
        control.key
        for control in form.controls
        if control.required and not state.evidence.form_values.get(control.key) and control.kind != "hidden"
    }
    order = {setting: i for i, setting in enumerate(offered)}
    required = [setting for setting in offered if setting.key in needed]
    if needed - {setting.key for setting in required}:
        return []
    others = [setting for setting in offered if setting.key not in needed]
    sizes = range(MAX_EXTRAS + 1) if required else range(1, MAX_ALONE + 1)
    ways = [
        tuple(sorted((*required, *extras), key=order.__getitem__))
        for size in sizes
        for extras in combinations(others[:MAX_OFFERED], size)
    ]
    ways.sort(key=lambda chosen: (len(chosen) > MAX_ALONE, atlas.draw(state.id, *(setting.key for setting in chosen))))
    return ways[:MAX_FILLED]


def submit(state: State, form: Form) -> tuple[Move, str] | None:
    """Return the move that sends a form, and the name of its button, if it has one."""
    button = _button(state, form)
    if button is not None:
        return Move.at(Click(button.id), state.observation), bare(button.name)
    return None if form.submits or not form.on_enter else (Move(action=Press("Enter")), "")


def _button(state: State, form: Form) -> Element | None:
    buttons = (element for element in state.observation.elements if element.id in form.submits)
    return next((button for button in buttons if not {"disabled", "covered"} & set(button.states)), None)


def own_field(state: State, form: Form) -> dict[str, str]:
    """Return the field that a form's button adds to what the form sends, if it does."""
    button = _button(state, form)
    return {name: value for id_, name, value in form.named if button is not None and id_ == button.id}


def others_fields(state: State, form: Form) -> list[tuple[str, str]]:
    """Return the fields, by name and value, that a form's other buttons would have added."""
    own = own_field(state, form)
    return [(name, value) for _, name, value in form.named if name not in own]


def does_for_good(state: State, form: Form) -> bool:
    """Whether a form, by its button or its address, logs out or deletes something."""
    sending = submit(state, form)
    said = (sending[1] if sending is not None else "", urlsplit(form.action).path, urlsplit(form.action).query)
    return any(map(is_grave, said))


def _is_twice(state: State, form: Form) -> bool:
    """Whether the page has another form of the same fields."""
    keys = [control.key for control in form.controls]
    return sum([control.key for control in other.controls] == keys for other in state.forms if other.on_enter) > 1


def _task(atlas: Atlas, state: State, page: str, form: Form, chosen: tuple[Setting, ...]) -> Iterator[Candidate]:
    sending = submit(state, form)
    way = atlas.begin(state, FAMILY, *(setting.key for setting in chosen))
    if sending is None or way is None:
        return
    move, button = sending
    named = is_name(button)
    moves = (*way.moves, *(setting.move for setting in chosen))
    wrong = tuple(
        NearMiss(why=why, moves=(*way.moves, *(s.move for s in chosen[:-1]), other, move))
        for why, other in chosen[-1].wrong
    )
    yield Candidate(
        family=FAMILY,
        goal=say(FILL if named else FILL_SENT, page=page, what=phrase(chosen), button=button),
        start=way.start,
        target=state.id,
        golden=(*moves, move),
        verifier=sent_to(atlas, state, form, chosen),
        near_misses=wrong,
        unique=tuple(setting.label for setting in chosen),
        parts=len(chosen),
    )


def sent_to(atlas: Atlas, state: State, form: Form, chosen: tuple[Setting, ...]) -> VerifierSpec:
    """Return a verifier of the address that a form leads to: what was set, and all else as it was."""
    left = left_alone(state, form, chosen)
    query = left.texts | {setting.key: setting.sent for setting in chosen} | own_field(state, form)
    ticked = [VerifierSpec(name="url", params={"regex": _with(key, ANY)}) for key in left.ticked]
    others = [
        VerifierSpec(name="url", params={"regex": _with(key, re.escape(quote_plus(value)) if value else ANY)})
        for key, value in (*left.not_sent, *others_fields(state, form))
    ]
    there = anywhere(atlas, form.action).params
    sent = VerifierSpec(name="url", params={**there, "query": query})
    return specs.every([sent, *ticked, *specs.none_of(others)])


def _with(key: str, value: str) -> str:
    """Return a pattern of addresses that have a parameter."""
    return rf"[^#]*[?&]{re.escape(quote_plus(key))}={value}(&.*|#.*)?"
