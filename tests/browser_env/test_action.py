import json
import keyword
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import (
    ACTIONS,
    Action,
    Answer,
    Back,
    Check,
    Click,
    Dialog,
    DoubleClick,
    Drag,
    GiveUp,
    Hover,
    MiddleClick,
    NewTab,
    Point,
    Press,
    Scroll,
    Select,
    Type,
    Wait,
    action_from_json,
    parse_action,
)
from browser_env.arguments import MAX_ITEMS, MAX_SOURCE, MAX_TEXT
from browser_env.errors import ActionError
from browser_env.keys import MODIFIERS

TEXTS = st.text(max_size=30)
NUMBERS = st.floats(-1e6, 1e6)
TARGETS = st.integers(1, 999_999_999).map("e{}".format) | st.builds(Point, NUMBERS, NUMBERS)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "target": TARGETS,
    "path": st.lists(TARGETS, min_size=2, max_size=5).map(tuple),
    "options": st.lists(TEXTS, max_size=3).map(tuple),
    "names": st.lists(TEXTS, max_size=3).map(tuple),
    "dx": NUMBERS,
    "dy": NUMBERS,
    "index": st.integers(0, 1_000_000),
    "ms": st.integers(0, 1_000_000),
    "times": st.integers(1, 1000),
    "checked": st.booleans(),
    "clear": st.booleans(),
    "accept": st.booleans(),
    "modifiers": st.lists(st.sampled_from(sorted(MODIFIERS)), unique=True).map(tuple),
    "text": TEXTS,
    "key": TEXTS,
    "url": TEXTS,
    "reason": TEXTS,
}


def actions(cls: type[Action]) -> st.SearchStrategy[Action]:
    return st.builds(cls, **{field.name: VALUES[field.name] for field in fields(cls)})


ANY_ACTION = st.sampled_from(list(ACTIONS.values())).flatmap(actions)


@given(ANY_ACTION)
def test_text_form_round_trips(action: Action) -> None:
    assert parse_action(action.to_text()) == action


@given(ANY_ACTION)
def test_json_form_round_trips(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action.to_json()))) == action


@given(ANY_ACTION)
def test_both_forms_agree(action: Action) -> None:
    assert parse_action(action.to_text()).to_json() == action_from_json(action.to_json()).to_json()


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("click(e12)", Click("e12")),
        ("click('e12')", Click("e12")),
        ("  click( target = e12 )\n", Click("e12")),
        ("click((3, 4.5))", Click(Point(3.0, 4.5))),
        ("click([3, -4])", Click(Point(3.0, -4.0))),
        ("type(e3, 'it\\'s')", Type("e3", "it's")),
        ('type(e3, text="e4")', Type("e3", "e4")),
        ("type(e3, e4)", Type("e3", "e4")),
        ("drag([e1, (2, 3), e4])", Drag(("e1", Point(2.0, 3.0), "e4"))),
        ("drag((e1, e4))", Drag(("e1", "e4"))),
        ("scroll(e1)", Scroll("e1")),
        ("scroll(e1, dy=-100)", Scroll("e1", dy=-100.0)),
        ("select(e1, ['a', 'b'])", Select("e1", ("a", "b"))),
        ("check(e1, False)", Check("e1", checked=False)),
        ("press('Control+a')", Press("Control+a")),
        ("wait()", Wait()),
        ("back()", Back()),
        ("new_tab()", NewTab()),
        ("answer('')", Answer("")),
        ("give_up()", GiveUp()),
        ("click(e3, ['Shift'])", Click("e3", ("Shift",))),
        ("click(e3, modifiers=['Control', 'Alt'])", Click("e3", ("Control", "Alt"))),
        ("double_click((1, 2), ('Shift',))", DoubleClick(Point(1.0, 2.0), ("Shift",))),
        ("middle_click(e3)", MiddleClick("e3")),
        ("type(e3, 'more', clear=False)", Type("e3", "more", clear=False)),
        ("press('Tab', 3)", Press("Tab", 3)),
        ("dialog(False)", Dialog(accept=False)),
        ("dialog(True, 'Anna')", Dialog(text="Anna")),
    ],
)
def test_texts_are_parsed(text: str, action: Action) -> None:
    assert parse_action(text) == action


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (Click("e12"), "click(e12)"),
        (Click(Point(3.0, 4.5)), "click((3, 4.5))"),
        (Type("e3", "Anna"), "type(e3, 'Anna')"),
        (Drag(("e1", Point(2.0, 3.0))), "drag([e1, (2, 3)])"),
        (Scroll("e1", dy=-100.0), "scroll(e1, 0, -100)"),
        (Check("e1"), "check(e1, True)"),
        (Press("Tab"), "press('Tab')"),
        (Wait(), "wait(1000)"),
        (Hover("e3", ("Shift",)), "hover(e3, modifiers=['Shift'])"),
        (Type("e3", "Anna", clear=False), "type(e3, 'Anna', clear=False)"),
        (Press("Tab", 3), "press('Tab', times=3)"),
        (Dialog(), "dialog(True)"),
        (Dialog(text="x"), "dialog(True, text='x')"),
        (Dialog(text=""), "dialog(True, text='')"),
    ],
)
def test_texts_are_short(action: Action, text: str) -> None:
    assert action.to_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "click",
        "click(",
        "click()",
        "click(e12); click(e13)",
        "click(e12)\nclick(e13)",
        "click(e12, e13)",
        "click(target=e1, target=e2)",
        "click(e1, target=e2)",
        "click(element=e12)",
        "click(*[e12])",
        "click(**{'target': 'e12'})",
        "click(button)",
        "click(e0)",
        "click(e01)",
        "click('e12\\n')",
        "click('e１')",
        "click(12)",
        "click((1, 2, 3))",
        "click((1e7, 2))",
        "click((1e999, 2))",
        "click((True, 2))",
        "click(('1', '2'))",
        "drag([e1])",
        "drag([])",
        "drag(e1)",
        "scroll(e1, '3')",
        "scroll(e1, 1e300)",
        "wait(-1)",
        "wait(1.5)",
        "wait(True)",
        "wait(10000000)",
        "switch_tab('1')",
        "select(e1, 'a')",
        "select(e1, [1])",
        "check(e1, 1)",
        "type(e1, 3)",
        "type(e1, b'a')",
        "type(e1, None)",
        "type(e1, f'{1}')",
        "type(e1, 'a' * 3)",
        "answer(open('file').read())",
        "__import__('os').system('true')",
        "eval('1')",
        "Click(e1)",
        "(lambda: 1)()",
        "click(e1) if True else 2",
        "answer('\\ud800'",
        "\x00",
        "answer('a\x00')",
        "(" * 3000,
        "[" * 300 + "]" * 300,
        "answer(" + "-" * 5000 + "1)",
        "click(" + "[" * 90 + "]" * 90 + ")",
        "wait(" + "9" * 5000 + ")",
        "x" * (MAX_SOURCE + 1),
        f"answer({'x' * (MAX_TEXT + 1)!r})",
        f"select(e1, [{'x' * (MAX_TEXT + 1)!r}])",
        f"select(e1, {['x'] * (MAX_ITEMS + 1)})",
        "answer(" + "1+" * 5000 + "1)",
        "answer(" + "a." * 5000 + "a)",
        "answer(" + "a[0]" * 5000 + ")",
        "answer(" + "not " * 5000 + "1)",
        "click(e1, ['Hyper'])",
        "click(e1, ['Shift', 'Shift'])",
        "click(e1, 'Shift')",
        "click(e1, [['Shift']])",
        "press('a', 0)",
        "press('a', 1001)",
        "press('a', True)",
        "type(e1, 'a', 1)",
        "type(e1, 'a', clear='no')",
        "dialog('yes')",
        "click((nan, 1))",
        "click((-1e999, 1))",
        "click((1j, 1))",
        "z" * 5000 + "(e1)",
    ],
)
def test_what_is_no_action_is_an_action_error(text: str) -> None:
    with pytest.raises(ActionError):
        parse_action(text)


@given(st.text(max_size=60) | st.text(alphabet="click(e1,'\")[] =.-0{}\\\n", max_size=40))
def test_any_text_is_an_action_or_an_action_error(text: str) -> None:
    try:
        action = parse_action(text)
    except ActionError:
        return
    assert parse_action(action.to_text()) == action


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "click(e1)",
        {},
        {"verb": 1},
        {"verb": "nothing"},
        {"verb": "click"},
        {"verb": "click", "target": "e1", "extra": 1},
        {"verb": "click", "target": None},
        {"verb": "click", "target": {"x": 1}},
        {"verb": "click", "target": [1]},
        {"verb": "click", "target": [float("nan"), 1]},
        {"verb": "drag", "path": "e1e2"},
        {"verb": "wait", "ms": "1"},
        {"verb": "check", "target": "e1", "checked": "yes"},
        {"verb": "upload", "target": "e1", "names": [None]},
        {"verb": "click", 1: 2},
        {"verb": "click", "target": [float("inf"), 1]},
        {"verb": "click", "target": [True, 1]},
        {"verb": "click", "target": [10**5000, 1]},
        {"verb": "wait", "ms": 10**5000},
        {"verb": "wait", "ms": True},
        {"verb": "scroll", "target": "e1", "dx": float("nan")},
        {"verb": "answer", "text": "x" * (MAX_TEXT + 1)},
        {"verb": "x" * 5000},
        {"verb": "click", "target": "e1", "modifiers": ["Shift", 1]},
    ],
)
def test_what_is_no_action_in_json_is_an_action_error(data: Any) -> None:
    with pytest.raises(ActionError):
        action_from_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(ACTIONS)), st.dictionaries(st.sampled_from(list(VALUES)), JSON, max_size=3))
def test_any_json_is_an_action_or_an_action_error(verb: str, values: dict[str, Any]) -> None:
    try:
        action = action_from_json({"verb": verb} | values)
    except ActionError:
        return
    assert action_from_json(action.to_json()) == action


def test_errors_quote_only_the_beginning_of_what_was_given() -> None:
    with pytest.raises(ActionError) as caught:
        parse_action(f"answer({'a' * 5000!r}, 1)")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["z" * 5000 + "(e1)", f"wait({'9' * 4000})", f"click({'z' * 5000!r})"])
def test_errors_are_short(text: str) -> None:
    with pytest.raises(ActionError) as caught:
        parse_action(text)
    assert len(str(caught.value)) < 400


@given(ANY_ACTION)
def test_defaults_of_later_fields_are_left_out(action: Action) -> None:
    for name, default in {"modifiers": (), "clear": True, "times": 1}.items():
        if getattr(action, name, default) == default:
            assert name not in action.to_json()
            assert f"{name}=" not in action.to_text().split("'")[0]


@pytest.mark.parametrize("depth", [100, 3000])
def test_nested_lists_in_json_are_an_action_error(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    with pytest.raises(ActionError):
        action_from_json({"verb": "click", "target": value})


def test_the_longest_texts_survive_the_text_form() -> None:
    action = Type("e1", "\x00" * MAX_TEXT)
    assert parse_action(action.to_text()) == action


def test_verbs_are_names_of_functions() -> None:
    for verb, cls in ACTIONS.items():
        assert verb == cls.verb
        assert verb.isidentifier()
        assert not keyword.iskeyword(verb)
