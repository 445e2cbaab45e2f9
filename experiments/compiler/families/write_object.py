"""Create, change and delete on a staging site: forms that are posted, and buttons that write at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from browser_env.action import Click
from browser_env.task import VerifierSpec
from experiments.compiler import specs
from experiments.compiler.atlas import Atlas
from experiments.compiler.candidate import Candidate, NearMiss, Trace
from experiments.compiler.consequences import logs_out
from experiments.compiler.families.fill_form import fillings, others_fields, own_field, submit
from experiments.compiler.families.set_control import phrase
from experiments.compiler.goals import FILL, FILL_SENT, PRESS, say
from experiments.compiler.graph import Edge, Form, State
from experiments.compiler.settings import Setting, is_lasting, left_alone
from experiments.compiler.texts import is_name
from rewards.evidence import REDACTED

FAMILY = "write-object"
USUAL = ("on", "1", "true", "yes")  # what boxes send that do not say it


def write_object(atlas: Atlas) -> Iterator[Candidate]:
    """Yield tasks that change the site, where that is allowed."""
    if not atlas.allow_writes:
        return
    for state in atlas.pages:
        page = atlas.names.get(state.id)
        if page is None:
            continue
        for form in atlas.forms(state):
            if form.method == "post":
                for chosen in fillings(atlas, state, form) if form.controls else [()]:
                    yield from _post(atlas, state, page, form, chosen)
    for edge in atlas.graph.edges:
        yield from _press(atlas, edge)


def _post(atlas: Atlas, state: State, page: str, form: Form, chosen: tuple[Setting, ...]) -> Iterator[Candidate]:
    sending = submit(state, form)
    way = atlas.begin(state, FAMILY, *(setting.key for setting in chosen))
    if sending is None or way is None:
        return
    move, button = sending
    if logs_out(button, form.action) or not (chosen or is_name(button)):
        return
    done = (*way.moves, *(setting.move for setting in chosen))
    yield Candidate(
        family=FAMILY,
        goal=_goal(page, chosen, button),
        start=way.start,
        target=state.id,
        golden=(*done, move),
        verifier=sent_by(state, form, chosen),
        near_misses=tuple(
            NearMiss(why=why, moves=(*done[:-1], other, move)) for last in chosen[-1:] for why, other in last.wrong
        ),
        unique=tuple(setting.label for setting in chosen) or (button,),
        parts=max(len(chosen), 1),
        writes=True,
        traces=tuple(map(_trace, chosen)),
    )


def _goal(page: str, chosen: Sequence[Setting], button: str) -> str:
    if not chosen:
        return say(PRESS, page=page, what=button)
    return say(FILL if is_name(button) else FILL_SENT, page=page, what=phrase(chosen), button=button)


def _trace(setting: Setting) -> Trace:
    """Return what shows that a setting was taken: of an option, its label."""
    control = next(control for control in setting.form.controls if control.key == setting.key)
    return Trace(key=setting.key, value=setting.value, text=dict(control.options).get(setting.value) or setting.value)


def sent_by(state: State, form: Form, chosen: Sequence[Setting]) -> VerifierSpec:
    """Return a verifier of what a form sends: what was set, all else as it was, and no box that was off."""
    left = left_alone(state, form, chosen)
    off = [(key, value) for key, known in left.not_sent for value in ([known] if known else USUAL)]
    fields = left.texts | {setting.key: str(setting.sent) for setting in chosen} | own_field(state, form)
    others = [_request(form, {key: value}) for key, value in (*off, *others_fields(state, form))]
    on = [specs.any_of([_request(form, {key: value}) for value in USUAL]) for key in left.ticked]
    return specs.every([_request(form, fields), *on, *specs.none_of(others)])


def _request(form: Form, fields: dict[str, str]) -> VerifierSpec:
    return VerifierSpec(name="request", params={"method": "POST", "equals": form.action, "fields": fields})


def _press(atlas: Atlas, edge: Edge) -> Iterator[Candidate]:
    """Yield the task to press a button that was seen to send one request that writes."""
    state = atlas.graph.states[edge.source]
    page, target = atlas.names.get(state.id), edge.move.target
    if not edge.writes or len(edge.sent) != 1 or page is None or target is None or not is_name(target.name):
        return
    alike = [e for e in state.observation.elements if (e.role, e.name) == (target.role, target.name)]
    method, url = edge.sent[0].method, edge.sent[0].url
    fields = {key: value for key, value in edge.sent[0].fields.items() if value != REDACTED and is_lasting(key, value)}
    way = atlas.begin(state, FAMILY, method, url)
    if len(alike) > 1 or way is None or not isinstance(edge.move.action, Click) or method in ("GET", "HEAD"):
        return
    yield Candidate(
        family=FAMILY,
        goal=say(PRESS, page=page, what=target.name),
        start=way.start,
        target=state.id,
        golden=(*way.moves, edge.move),
        verifier=VerifierSpec(
            name="request", params={"method": method, "equals": url} | ({"fields": fields} if fields else {})
        ),
        unique=(target.name,),
        writes=True,
    )
