import time
from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Click
from browser_env.errors import ActionError

OpenTab = Callable[..., Any]
STILL = """JSON.stringify([
    document.documentElement.outerHTML, seen.concat(observer.takeRecords().map((record) => record.type)),
    document.activeElement.id, field.value, field.selectionStart, field.selectionEnd, box.scrollTop, scrollY,
    Object.getOwnPropertyNames(window).length, getSelection().toString(),
])"""


def test_observing_changes_nothing(open_tab: OpenTab) -> None:
    tab = open_tab("still")
    tab.observe()
    before = tab.evaluate(STILL)
    for _ in range(3):
        tab.observe(pixels=True)
        tab.evidence()
    assert tab.evaluate(STILL) == before
    assert tab.evaluate("form.reset(), field.value") == "default", "a form still knows its defaults"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Heading", "heading"),
        ("Wrapped", "textbox"),
        ("City", "textbox"),
        ("By aria", "textbox"),
        ("First Last", "textbox"),
        ("Hint", "textbox"),
        ("Text before", "textbox"),
        ("Secret", "textbox"),
        ("Box", "checkbox"),
        ("Large", "radio"),
        ("Off", "button"),
        ("Switch", "switch"),
        ("Link", "link"),
        ("Edit me", "generic"),
        ("Note", "textbox"),
        ("Colour", "combobox"),
        ("Red", "option"),
        ("Picture", "img"),
        ("In contents", "button"),
        ("Shown again", "button"),
    ],
)
def test_elements_have_a_role_and_a_name(open_tab: OpenTab, name: str, role: str) -> None:
    elements = open_tab("elements").observe().elements
    assert role in [element.role for element in elements if element.name == name]


def test_elements_have_values_and_states(open_tab: OpenTab) -> None:
    elements = open_tab("elements").observe().elements
    controls = {element.name: element for element in elements if element.role not in ("label", "generic")}
    assert controls["City"].value == "Riga"
    assert controls["Secret"].value == "\u2022" * 7
    assert controls["Note"].value == "Dear"
    assert controls["Colour"].value == "Green"
    assert controls["Box"].states == ("checked", "clickable")
    assert controls["Small"].states == ("clickable",)
    assert controls["Off"].states == ("clickable", "disabled")
    assert controls["Menu"].states == ("clickable", "expanded")
    assert controls["Switch"].states == ("checked", "clickable")
    assert controls["By aria"].states == ("clickable", "editable", "required")
    assert controls["Hint"].states == ("clickable", "readonly")
    assert "selected" in controls["Green"].states


def test_options_belong_to_their_list(open_tab: OpenTab) -> None:
    elements = {element.name: element for element in open_tab("elements").observe().elements}
    assert elements["Red"].parent == elements["Colour"].id
    assert elements["Red"].box == elements["Colour"].box


def test_what_is_hidden_is_not_listed(open_tab: OpenTab) -> None:
    names = {element.name for element in open_tab("elements").observe(ignore=".instrument").elements}
    assert not names & {"No display", "Not visible", "Hidden", "Inside hidden", "Instrument", "hidden"}


def test_boxes_are_where_elements_are_drawn(open_tab: OpenTab) -> None:
    elements = {element.name: element for element in open_tab("elements").observe().elements}
    assert elements["Placed"].box == (300, 20, 60, 25)
    assert elements["Placed"].center == (330, 32.5)
    assert elements["Placed"].visible
    assert not elements["Far down"].visible


def test_ids_last_for_an_episode(open_tab: OpenTab) -> None:
    tab = open_tab("elements")
    before = tab.observe()
    tab.evaluate("document.body.prepend(document.createElement('button')), document.querySelector('h1').remove()")
    after = tab.observe()
    shared = {element.name: element.id for element in before.elements if element.name != "Heading"}
    assert {e.name: e.id for e in after.elements if e.name in shared} == shared
    assert after.elements[0].id not in {element.id for element in before.elements}
    tab.loop.run(tab.page.evaluate("webdual.reset()", isolated=True))
    assert [element.id for element in tab.observe().elements[:3]] == ["e1", "e2", "e3"]


def test_evidence_holds_forms_but_no_passwords(open_tab: OpenTab) -> None:
    evidence = open_tab("elements").evidence()
    assert evidence.title == "Elements"
    assert "Text before" in evidence.text
    assert evidence.form_values["city"] == "Riga"
    assert evidence.form_values["colour"] == "g"
    assert evidence.form_values["Box"] == "true"
    assert evidence.form_values["size"] == "large"
    assert evidence.form_values["unset"] == ""
    assert "hunter2" not in str(evidence.to_json())


def test_a_huge_page_is_cut_within_seconds(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("document.body.innerHTML = Array.from({ length: 20000 }, (_, i) => `<button>${i}</button>`).join('')")
    started = time.monotonic()
    observation = tab.observe()
    assert time.monotonic() - started < 10
    assert observation.truncated
    assert [element.name for element in observation.elements] == [str(i) for i in range(1000)]


def test_fields_named_like_properties_hide_nothing(open_tab: OpenTab) -> None:
    tab = open_tab("clobbered")
    observation = tab.observe()
    assert [e.role for e in observation.elements].count("textbox") == 21
    assert "Word" in [element.name for element in observation.elements if element.role == "textbox"]
    assert len([element for element in observation.elements if element.scroll]) == 1
    assert [element.visible for element in observation.elements if element.role == "textbox"][8]
    tab.act(Click(tab.named("Word").id))
    assert {"One", "Two", "Book"} <= {element.name for element in observation.elements}
    assert observation.tabs[0].title == "Clobbered"
    assert tab.evidence().form_values["children"] == "One"


def test_a_page_that_breaks_its_own_javascript_is_still_seen_and_used(open_tab: OpenTab) -> None:
    tab = open_tab("hostile")
    before = tab.observe(pixels=True)
    assert [(element.role, element.name) for element in before.elements] == [("paragraph", "-"), ("button", "Press")]
    tab.act(Click(before.elements[1].id))
    assert tab.observe().elements[0].name == "pressed"
    tab.advance(100)
    assert tab.observe().elements[0].name == "waited"


def test_a_page_without_a_document_is_empty(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("document.documentElement.remove()")
    assert tab.observe(pixels=True).elements == ()
    assert tab.evidence().text == ""


def test_an_element_that_left_cannot_be_acted_on(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    id_ = tab.named("Nothing here").id
    tab.evaluate("document.querySelector('p').remove()")
    with pytest.raises(ActionError, match=f"{id_} is not on the page"):
        tab.act(Click(id_))
