"""What a form sends of what is left alone, by the survey of its controls."""

from __future__ import annotations

import pytest

from browser_env.task import VerifierSpec
from experiments.compiler.atlas import Atlas
from experiments.compiler.families.fill_form import fillings
from experiments.compiler.families.write_object import sent_by
from experiments.compiler.graph import Control, Form, State
from experiments.compiler.settings import is_lasting, left_alone
from rewards.evidence import Evidence, Sent
from rewards.verifier import verify
from tests.experiments.compiler.building import ORIGIN, element, graph, state

NAME = Control(id="e1", kind="text", key="name", label="Your name")
ACTIVE = Control(id="e2", kind="checkbox", key="active", label="Active", options=(("yes", "Active"),))
TAGS = Control(id="e3", kind="select", key="tags", label="Tags", options=(("a", "A"), ("b", "B")))
FILTER = Control(id="e4", kind="text", key="narrow", named=False, label="Narrow")


def page(*controls: Control) -> tuple[State, Form]:
    form = Form(method="post", action=f"{ORIGIN}/save", controls=controls, submits=("e5",))
    shown = state(
        "/edit",
        "Edit",
        element("textbox", "Your name", states=("editable",)),
        element("checkbox", "Active", states=("checked",)),
        element("listbox", "Tags", states=("multiple",)),
        element("textbox", "Narrow", states=("editable",)),
        element("button", "Save", states=("clickable",)),
        forms=(form,),
        form_values={"name": "", "active": "true", "tags": "", "narrow": ""},
    )
    return shown, form


def passes(spec: VerifierSpec, **fields: str) -> bool:
    sent = Sent(method="POST", url=f"{ORIGIN}/save", fields=fields, status=303)
    return verify(spec.name, spec.params, Evidence(url=f"{ORIGIN}/edit", sent=(sent,))).success


@pytest.mark.parametrize("box", [ACTIVE, Control(id="e2", kind="checkbox", key="active", label="Active")])
def test_a_box_that_is_ticked_has_to_be_sent(box: Control) -> None:
    shown, form = page(NAME, box)
    spec = sent_by(shown, form, ())
    value = "yes" if box.options else "on"
    assert passes(spec, name="", active=value)
    assert not passes(spec, name="")


def test_lists_of_several_and_controls_without_a_name_send_nothing() -> None:
    shown, form = page(NAME, ACTIVE, TAGS, FILTER)
    assert left_alone(shown, form, ()).texts == {"name": "", "active": "yes"}
    assert passes(sent_by(shown, form, ()), name="", active="yes")


def test_boxes_that_are_unticked_take_no_place_of_what_can_be_sent() -> None:
    boxes = [
        Control(id=f"e{i}", kind="checkbox", key=f"box{i}", label=f"Box {i}", options=(("1", f"Box {i}"),))
        for i in range(2, 12)
    ]
    form = Form(method="post", action=f"{ORIGIN}/save", controls=(NAME, *boxes), submits=("e12",))
    shown = state(
        "/edit",
        "Edit",
        element("textbox", "Your name", states=("editable",)),
        *(element("checkbox", box.label, states=("checked",)) for box in boxes),
        element("button", "Save", states=("clickable",)),
        forms=(form,),
        form_values={"name": "", **{box.key: "true" for box in boxes}},
    )
    ways = fillings(Atlas(graph=graph(shown)), shown, form)
    assert [[setting.key for setting in chosen] for chosen in ways] == [["name"]]


def test_long_values_are_not_looked_into() -> None:
    assert is_lasting("note", "A few words")
    assert not is_lasting("note", "-" * 1_000_000)
