import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.env import BrowserEnv
from browser_env.finding import Query
from experiments.exchange.codegen import read_codegen
from experiments.exchange.plan import Move, Plan, PlanError

HEADER = {"browserName": "chromium", "contextOptions": {"viewport": {"width": 640, "height": 300}}}


def read(*entries: Any) -> Plan:
    return read_codegen("\n".join(json.dumps(entry) for entry in (HEADER, *entries)))


def role(name: str, role: str = "button", **more: Any) -> dict[str, Any]:
    return {"kind": "role", "body": role, "options": {"name": name, "attrs": []}, **more}


def test_a_recording_becomes_a_plan() -> None:
    plan = read(
        {"name": "openPage", "url": "http://shop.test/", "signals": []},
        {"name": "click", "button": "left", "modifiers": 8, "clickCount": 1, "locator": role("Order")},
        {"name": "fill", "text": "Anna", "locator": {"kind": "label", "body": "Name", "options": {"exact": True}}},
        {"name": "press", "key": "a", "modifiers": 2, "locator": {"kind": "default", "body": "#who"}},
        {"name": "select", "options": ["Coffee"], "locator": {"kind": "default", "body": "xpath=//select"}},
        {
            "name": "check",
            "locator": {"kind": "text", "body": "Milk", "options": {}, "next": {"kind": "nth", "body": "1"}},
        },
        {"name": "assertVisible", "locator": role("Order")},
        {"name": "closePage"},
    )
    chains = [move.chains[0] for move in plan.moves]
    assert plan.url == "http://shop.test/"
    assert plan.viewport == (640, 300)
    assert [move.verb for move in plan.moves] == ["click", "fill", "press", "select", "check"]
    assert plan.moves[0] == Move(verb="click", chains=(chains[0],), modifiers=("Shift",))
    assert chains[0] == (Query(kind="role", role="button", text="Order", exact=False),)
    assert chains[1] == (Query(kind="label", text="Name"),)
    assert plan.moves[2].text == "Control+a"
    assert chains[3] == (Query(kind="xpath", text="//select"),)
    assert chains[4] == (Query(kind="text", text="Milk", exact=False, nth=1),)
    assert plan.left_out == {"assertVisible": 1, "closePage": 1}


@pytest.mark.parametrize(
    ("locator", "name"),
    [
        (role("plain"), "Plain"),
        (role("Twin", next={"kind": "nth", "body": "1", "options": {}}), "Twin"),
        (role("Twin", next={"kind": "last", "body": "", "options": {}}), "Twin"),
        ({"kind": "label", "body": "named", "options": {}}, "Named"),
        ({"kind": "placeholder", "body": "Hint", "options": {"exact": True}}, "Named"),
        ({"kind": "alt", "body": "Pict", "options": {}}, "Picture"),
        ({"kind": "title", "body": "A title", "options": {}}, "Plain"),
        ({"kind": "test-id", "body": "first", "options": {}}, "Plain"),
        ({"kind": "text", "body": "BOLD", "options": {}}, "bold"),
        ({"kind": "default", "body": "#host", "options": {}, "next": role("Shadowed")}, "Shadowed"),
        ({"kind": "frame-locator", "body": "iframe", "options": {}, "next": role("Deep")}, "Deep"),
        ({"kind": "default", "body": "iframe", "next": {"kind": "frame", "body": "", "next": role("Deep")}}, "Deep"),
    ],
)
def test_locators_of_all_kinds_find_their_element(locator: Any, name: str, selectors: BrowserEnv) -> None:
    there = selectors.find(read({"name": "check", "locator": locator}).moves[0].chains[0])
    observation, *_ = selectors.step("wait(0)")
    assert there is not None
    element = observation.element(there.id)
    assert element is not None
    assert element.name == name


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "click"}, "line 2: it has no locator"),
        ({"name": "setInputFiles", "locator": role("a")}, "no counterpart"),
        ({"name": "click", "locator": {"kind": "has-text", "body": "x"}}, "not known"),
        ({"name": "click", "locator": {"kind": "first", "body": ""}}, "begins with first"),
        ({"name": "click", "locator": role("a", next={"kind": "nth", "body": "x"})}, "whole number"),
        (
            {"name": "click", "locator": {"kind": "role", "body": "button", "options": {"name": {}}}},
            "regular expression",
        ),
        ({"name": "fill", "text": None, "locator": role("a")}, "text needs a text"),
        (3, "not an object"),
    ],
)
def test_what_is_wrong_is_named(entry: Any, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read(entry)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "body", "next", "options", "name"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["name", "locator", "text", "key", "url", "modifiers", "button", "options", "position"])
ENTRIES = st.builds(
    lambda name, rest: {"name": name, **rest},
    st.sampled_from(["click", "fill", "press", "navigate", "select", "check"]) | VALUES,
    st.dictionaries(NAMES, VALUES, max_size=4),
)


@given(st.lists(ENTRIES | VALUES, max_size=4))
def test_whatever_a_file_says_it_is_a_plan_or_an_error(entries: list[Any]) -> None:
    with contextlib.suppress(PlanError):
        plan = read(*entries)
        assert all(isinstance(move.text, str) for move in plan.moves)


@given(st.text(max_size=60))
def test_any_text_is_a_plan_or_an_error(text: str) -> None:
    with contextlib.suppress(PlanError):
        assert read_codegen(text).moves is not None
