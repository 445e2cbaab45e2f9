"""Values, states and places of all kinds of controls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from browser_env.action import Type
from browser_env.observation import STATES

OpenTab = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("Drink", {"clickable"}),
        ("Toppings", {"clickable", "multiple"}),
        ("Partly", {"clickable", "mixed"}),
        ("Bold", {"clickable", "pressed"}),
        ("Some", {"clickable", "mixed"}),
        ("Menu", {"clickable", "collapsed", "haspopup"}),
        ("Here", {"clickable", "current"}),
        ("Wrong", {"clickable", "editable", "invalid"}),
        ("Needed", {"clickable", "editable", "required"}),
        ("Mail", {"clickable", "editable"}),
        ("Many", {"busy", "clickable", "multiple"}),
        ("Fixed", {"clickable", "readonly"}),
        ("Folded", {"clickable", "collapsed"}),
        ("Unfolded", {"clickable", "expanded"}),
        ("Cocoa", {"clickable", "disabled"}),
        ("Juice", {"clickable", "disabled"}),
        ("Nuts", {"clickable", "selected"}),
    ],
)
def test_states(open_tab: OpenTab, name: str, states: set[str]) -> None:
    element = open_tab("controls", viewport=(800, 600)).named(name)
    assert set(element.states) == states
    assert element.states == tuple(sorted(states))
    assert states <= set(STATES)


def test_a_field_that_was_filled_in_wrongly_is_invalid(open_tab: OpenTab) -> None:
    tab = open_tab("controls", viewport=(800, 600))
    assert "invalid" not in tab.named("Mail").states
    tab.act(Type(tab.named("Mail").id, "no mail"))
    assert "invalid" in tab.named("Mail").states
    assert "invalid" not in tab.named("Needed").states, "what is missing is not wrong yet"


def test_options_know_their_group_and_their_place(open_tab: OpenTab) -> None:
    elements = {e.name: e for e in open_tab("controls", viewport=(800, 600)).observe().elements}
    assert [elements[name].description for name in ("Tea", "Juice", "Nuts")] == ["Hot", "Cold", ""]
    assert elements["Tea"].box == elements["Drink"].box
    assert elements["Nuts"].box[1] < elements["Cream"].box[1]
    assert (elements["Nuts"].visible, elements["Last"].visible) == (True, False)
    assert elements["Toppings"].value == "Nuts, Fruit"
    assert elements["Toppings"].scroll is not None


def test_editors_canvases_and_drawings(open_tab: OpenTab) -> None:
    elements = {e.name: e for e in open_tab("controls", viewport=(800, 600)).observe().elements}
    assert (elements["Editor"].value, elements["Editor"].role) == ("Dear Anna", "textbox")
    assert "editable" in elements["Editor"].states
    assert elements["Board"].role == "canvas"
    assert [elements[name].role for name in ("Drawing", "Ball", "Word")] == ["img", *["graphics-symbol"] * 2]
    assert elements["Ball"].parent == elements["Drawing"].id


def test_chosen_files_are_told_by_name(open_tab: OpenTab, tmp_path: Path) -> None:
    tab = open_tab("controls")
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file in files:
        file.write_bytes(b"x")
    found = tab.send("Runtime.evaluate", {"expression": "document.querySelector('[type=file]')"})
    chosen = {"files": [str(file) for file in files], "objectId": found["result"]["objectId"]}
    tab.send("DOM.setFileInputFiles", chosen)
    assert tab.named("Photos").value == "a.png, b.png"


def test_cells_and_what_is_in_them_know_their_headers(open_tab: OpenTab) -> None:
    elements = {e.name: e for e in open_tab("controls").observe().elements}
    assert elements["Mo"].headers == ("Anna", "Days")
    assert elements["Tu"].headers == ("Anna", "Days")
    assert elements["Edit"].headers == ("Anna", "Pay")
    assert elements["20"].headers == ("Ben", "Pay")
    assert elements["Layout only"].headers == elements["Anna"].headers == elements["Bold"].headers == ()
    assert (elements["Cleo"].headers, elements["Bread"].headers) == (("Who",), ("What",))
    assert (elements["Jam"].headers, elements["4.50"].headers) == (("What",), ("Cost",)), "beside a cell of two rows"
    assert elements["Salt"].headers == elements["Rice"].headers == ("Dan", "What")
    assert elements["1.20"].headers == elements["2.40"].headers == ("Dan", "Cost")
    assert (elements["Monday"].headers, elements["Keynote"].headers) == (("Day",), ("Talk",)), "not the group's"
    assert elements["0.5"].headers == ("one", "Loss")
    assert elements["0.7"].headers == ("Loss",)
    assert elements["Bug"].headers == ("Kind",)
    assert elements["Open"].headers == elements["Late"].headers == ("State",), "the nearest header's"
    assert (elements["A7"].headers, elements["dusty"].headers) == (("Shelf",), ("Notes",)), "what is shown, if anything"
    assert elements["0.8"].headers[0] == "two"
    assert elements["0.9"].headers == ("three",)
    assert (elements["Anna"].role, elements["Pay"].role) == ("rowheader", "columnheader")


def test_selected_text_is_told(open_tab: OpenTab) -> None:
    tab = open_tab("controls")
    assert tab.observe().selection == ""
    tab.evaluate("getSelection().selectAllChildren(document.getElementById('words'))")
    assert tab.observe().selection == "Some words to select"
    tab.evaluate("window.field = document.querySelector('[type=email]'), field.type = 'text'")
    tab.evaluate("field.focus(), field.setSelectionRange(0, 2)")
    assert tab.observe().selection == "a@"
    tab.evaluate("field.type = 'password', field.focus(), field.select()")
    assert tab.observe().selection == ""
