import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.env import BrowserEnv
from browser_env.finding import Query
from experiments.exchange.chrome_recorder import read_chrome_recorder
from experiments.exchange.plan import Move, Plan, PlanError


def read(*steps: dict[str, Any]) -> Plan:
    return read_chrome_recorder(json.dumps({"title": "A flow", "steps": steps}))


def test_a_flow_becomes_a_plan() -> None:
    plan = read(
        {"type": "setViewport", "width": 640, "height": 300},
        {"type": "navigate", "url": "http://shop.test/"},
        {"type": "click", "selectors": [["aria/Name"], ["#who"]], "offsetX": 3, "offsetY": 4.5},
        {"type": "change", "selectors": ["xpath///input"], "value": "Anna", "frame": [0, 2]},
        {"type": "keyDown", "key": "Control"},
        {"type": "keyDown", "key": "KeyA"},
        {"type": "keyUp", "key": "KeyA"},
        {"type": "keyUp", "key": "Control"},
        {"type": "doubleClick", "selectors": [["#host", "pierce/button"]]},
        {"type": "waitForExpression", "expression": "fetch('http://evil.test')"},
        {"type": "customStep", "name": "x", "parameters": {}},
        {"type": "scroll", "y": 300},
        {"type": "navigate", "url": "http://shop.test/b"},
        {"type": "close"},
    )
    who = ((Query(kind="role", text="Name"),), (Query(kind="css", text="#who"),))
    host = (Query(kind="css", text="#host"), Query(kind="pierce", text="button"))
    assert plan == Plan(
        title="A flow",
        url="http://shop.test/",
        viewport=(640, 300),
        moves=(
            Move(verb="click", chains=who, offset=(3, 4.5)),
            Move(verb="fill", chains=((Query(kind="xpath", text="//input"),),), frame=(0, 2), text="Anna"),
            Move(verb="press", text="Control+a"),
            Move(verb="double_click", chains=(host,)),
            Move(verb="scroll", scroll_to=(None, 300)),
            Move(verb="navigate", text="http://shop.test/b"),
        ),
        left_out=plan.left_out,
    )
    assert plan.left_out == {"waitForExpression": 1, "customStep": 1}


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("#plain", "Plain"),
        ("css/button.twin", "Twin"),
        ("aria/Spoken", "Spoken"),
        ('aria/Plain[role="button"]', "Plain"),
        ('aria/[role="img"]', "Picture"),
        ("text/hown", "Spoken"),
        ("text/bold", "bold"),
        ('xpath///button[@id="plain"]', "Plain"),
        ("pierce/#shadowed", "Shadowed"),
        ("aria/Shadowed", "Shadowed"),
    ],
)
def test_selectors_of_all_kinds_find_their_element(selector: str, name: str, selectors: BrowserEnv) -> None:
    assert found(selectors, {"type": "click", "selectors": [selector]}) == name


def test_chains_lead_into_shadow_trees_and_frames(selectors: BrowserEnv) -> None:
    assert found(selectors, {"type": "click", "selectors": [["#host", "button"]]}) == "Shadowed"
    assert found(selectors, {"type": "click", "selectors": ["button"], "frame": [0]}) == "Deep"


@pytest.mark.parametrize(
    "selector",
    [
        "#none",
        "aria/None",
        "][",
        "xpath/((",
        "text/None",
        "aria/x'); alert(1)//",
        "pierce/:::",
        "xpath/1+1",
        'a"]);x(`',
    ],
)
def test_selectors_that_lead_nowhere_find_nothing(selector: str, selectors: BrowserEnv) -> None:
    assert found(selectors, {"type": "click", "selectors": [selector]}) is None


def found(env: BrowserEnv, step: dict[str, Any]) -> str | None:
    """The name of what a step's first selector leads to."""
    move = read(step).moves[0]
    there = env.find(move.chains[0], frame=move.frame)
    observation, *_ = env.step("wait(0)")
    element = None if there is None else observation.element(there.id)
    return None if element is None else element.name


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "no steps"),
        ([{"type": "fly"}], "step 0: fly needs selectors"),
        ([{"type": "fly", "selectors": ["a"]}], "unknown type 'fly'"),
        ([{"type": "click"}], "click needs selectors"),
        ([{"type": "click", "selectors": [[]]}], "a selector is"),
        ([{"type": "click", "selectors": [3]}], "a selector is"),
        ([{"type": "click", "selectors": ["a"], "offsetX": 1e9}], "offsetX needs a number"),
        ([{"type": "click", "selectors": ["a"], "button": "left"}], "buttons are known"),
        ([{"type": "click", "selectors": ["a"], "frame": ["x"]}], "frame needs"),
        ([{"type": "click", "selectors": ["a"], "target": "http://shop.test/"}], "another tab"),
        ([{"type": "change", "selectors": ["a"], "value": 3}], "value needs a text"),
        ([{"type": "change", "selectors": ["a"], "value": "x" * 20_000}], "at most 10000"),
        ([3], "not an object"),
    ],
)
def test_what_is_wrong_is_named(steps: list[Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        read_chrome_recorder(json.dumps({"steps": steps}))


@pytest.mark.parametrize("text", ["", "[", "3", "null", "[" * 100_000, '{"steps": 3}', "{}"])
def test_files_of_another_kind_are_refused(text: str) -> None:
    with pytest.raises(PlanError):
        read_chrome_recorder(text)


KINDS = st.sampled_from(["click", "change", "keyDown", "keyUp", "scroll", "navigate", "hover", "setViewport", "close"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["aria/a", "main"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
NAMES = st.sampled_from(["selectors", "value", "key", "url", "frame", "target", "offsetX", "x", "y", "width", "button"])
STEPS = st.builds(lambda kind, rest: {"type": kind, **rest}, KINDS | VALUES, st.dictionaries(NAMES, VALUES, max_size=4))


@given(st.lists(STEPS | VALUES, max_size=4) | VALUES)
def test_whatever_a_file_says_it_is_a_plan_or_an_error(steps: Any) -> None:
    with contextlib.suppress(PlanError):
        plan = read_chrome_recorder(json.dumps({"steps": steps}))
        assert all(isinstance(move.text, str) for move in plan.moves)
