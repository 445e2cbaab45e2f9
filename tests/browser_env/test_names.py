"""Roles and names against the browser's own accessibility tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from browser_env.scripts import observer_script

OpenTab = Callable[..., Any]
SAME = {"": "generic", "image": "img", "none": "generic", "InlineTextBox": "generic"}
OWN = {"Iframe": "iframe", "LabelText": "label"}  # what the browser calls elements that ARIA has no role for
CASES = 'Array.from(document.querySelectorAll("[data-case]"))'
RULES = observer_script(ending=f"return {CASES}.map((e) => [roleOf(e), nameByRules(e)]);")


def _oracle(tab: Any) -> list[tuple[str, str]]:
    """Role and name that the browser gives each case, in document order."""
    tab.send("DOM.enable")
    nodes = tab.send("DOM.getFlattenedDocument", {"depth": -1, "pierce": True})["nodes"]
    marked = [
        (node["attributes"], node["backendNodeId"]) for node in nodes if "data-case" in node.get("attributes", ())
    ]
    cases = [id_ for _, id_ in sorted((int(names[names.index("data-case") + 1]), id_) for names, id_ in marked)]
    tree = tab.send("Accessibility.getFullAXTree")["nodes"]
    known = {node.get("backendDOMNodeId"): node for node in tree}
    return [_role_and_name(known.get(case, {})) for case in cases]


def _role_and_name(node: dict[str, Any]) -> tuple[str, str]:
    role = node.get("role", {}).get("value", "")
    return SAME.get(role, OWN.get(role, role)), " ".join(node.get("name", {}).get("value", "").split())


def test_roles_and_names_are_the_browsers_own(open_tab: OpenTab) -> None:
    tab = open_tab("names")
    tab.evaluate(f"{CASES}.forEach((element, index) => element.dataset.case = index)")
    ours = tab.loop.run(tab.page.evaluate(RULES, isolated=True))
    theirs = _oracle(tab)
    assert len(ours) == len(theirs) > 60
    assert [tuple(case) for case in ours] == theirs


def test_a_figure_is_called_by_its_caption(open_tab: OpenTab) -> None:
    """HTML-AAM says so; Chromium does not do it."""
    tab = open_tab("names")
    name = observer_script(ending='return nameByRules(document.querySelector("figure"));')
    assert tab.loop.run(tab.page.evaluate(name, isolated=True)) == "Figure one"


@pytest.mark.parametrize(
    ("html", "role", "name", "value"),
    [
        ("<p title='Tip'>Words</p>", "paragraph", "Words", ""),
        ("<div aria-label='Cart'>Total 5</div>", "generic", "Cart", "Total 5"),
        ("<button><span aria-hidden='true'>x</span></button>", "button", "x", ""),
        ("Before <input>", "textbox", "Before", ""),
        ("<input type='file' aria-label='Photo'>", "button", "Photo", ""),
        (
            "<div contenteditable role='textbox' aria-label='Text'>Dear <b>Anna</b></div>",
            "textbox",
            "Text",
            "Dear Anna",
        ),
        ("<canvas aria-label='Board' width='9' height='9'></canvas>", "canvas", "Board", ""),
        ("<meter aria-label='Disk' value='1' max='2'></meter>", "meter", "Disk", "1"),
    ],
)
def test_text_that_the_rules_leave_out_is_not_lost(
    open_tab: OpenTab, html: str, role: str, name: str, value: str
) -> None:
    tab = open_tab("blank")
    tab.evaluate(f"document.body.innerHTML = {json.dumps(html)}")
    element = next(element for element in tab.observe().elements if element.role == role)
    assert (element.name, element.value) == (name, value)


@pytest.mark.parametrize(
    ("html", "description"),
    [
        ("<input aria-label='A' title='Tip'>", "Tip"),
        ("<button title='Tip'></button>", ""),
        ("<i id='d' hidden>Eight <b>letters</b></i><input aria-label='A' aria-describedby='d'>", "Eight letters"),
        ("<input aria-label='A' aria-description='Said'>", "Said"),
    ],
)
def test_elements_are_described(open_tab: OpenTab, html: str, description: str) -> None:
    tab = open_tab("blank")
    tab.evaluate(f"document.body.innerHTML = {json.dumps(html)}")
    assert [e.description for e in tab.observe().elements if e.role in ("textbox", "button")] == [description]
