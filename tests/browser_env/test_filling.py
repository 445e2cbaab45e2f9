from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Action, Check, Click, Point, Press, Select, Type
from browser_env.errors import ActionError
from browser_env.keys import STROKES_AT_MOST
from tests.browser_env.bench import Bench


@pytest.fixture
def fields(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("fields", viewport=(400, 500)))


MOMENTS = [
    ("Date", "date", "2024-05-01"),
    ("Date", "date", "1999-12-31"),
    ("Time", "time", "13:45"),
    ("Time", "time", "00:05"),
    ("Time", "time", "12:00"),
    ("Seconds", "seconds", "23:59:07"),
    ("Moment", "moment", "2024-05-01T13:45"),
    ("Exact", "exact", "2024-02-29T01:02:03.045"),
    *[("Month", "month", f"2024-{number:02d}") for number in range(1, 13)],
    ("Week", "week", "2024-W07"),
]


@pytest.mark.parametrize(("name", "id_", "text"), MOMENTS)
def test_moments_are_typed_in_iso_form(fields: Bench, name: str, id_: str, text: str) -> None:
    log = fields.act(Type(fields.ids[name], text))
    assert fields.tab.evaluate(f"{id_}.value") == text
    assert {"keydown", "input", "change"} <= {event["type"] for event in log}


@pytest.mark.parametrize(
    ("name", "id_", "text", "value"),
    [
        ("Date", "date", "12/9/2024", "2024-12-09"),
        ("Time", "time", "1:45 PM", "13:45"),
        ("Time", "time", "12:00 AM", "00:00"),
    ],
)
def test_moments_are_typed_as_fields_show_them(fields: Bench, name: str, id_: str, text: str, value: str) -> None:
    fields.act(Type(fields.ids[name], text))
    assert fields.tab.evaluate(f"{id_}.value") == value


def test_moments_replace_what_was_there_and_can_be_emptied(fields: Bench) -> None:
    for text in ("2024-05-01", "2031-11-30", ""):
        fields.act(Type(fields.ids["Date"], text))
        assert fields.tab.evaluate("date.value") == text
    fields.act(Type(fields.ids["Time"], "13:45"))
    fields.act(Type(fields.ids["Time"], "01:05"))
    assert fields.tab.evaluate("time.value") == "01:05"


def test_moments_may_be_typed_by_parts(fields: Bench) -> None:
    fields.act(Type(Point(15, 11), "05/01/2024"))
    assert fields.tab.evaluate("date.value") == "2024-05-01"


@pytest.mark.parametrize(
    ("name", "id_", "text"),
    [
        ("Number", "number", "-12.5"),
        ("Email", "email", "anna@example.org"),
        ("Range", "range", "73"),
        ("Range", "range", "0"),
        ("Range", "range", "100"),
        ("Fine", "fine", "1235"),
        ("Phone", "phone", "123-456"),
        ("Area", "area", "one\ntwo\n\nthree"),
        ("Area", "area", "\u4e2d\u6587 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u00e9"),
    ],
)
def test_fields_take_their_text(fields: Bench, name: str, id_: str, text: str) -> None:
    fields.act(Type(fields.ids[name], text))
    assert fields.tab.evaluate(f"{id_}.value") == text
    assert fields.tab.evaluate("document.activeElement.id") == id_


def test_a_mask_and_a_limit_hold(fields: Bench) -> None:
    fields.act(Type(fields.ids["Phone"], "123456"))
    fields.act(Type(fields.ids["Short"], "123456789"))
    assert fields.tab.evaluate("[phone.value, short.value]") == ["123-456", "12345"]


def test_an_editor_takes_lines(fields: Bench) -> None:
    fields.act(Type(fields.ids["Editor"], "one\ntwo"))
    assert fields.tab.evaluate("editor.innerText") == "one\ntwo"


def test_ten_thousand_characters_are_taken(fields: Bench) -> None:
    text = ("word " * 19 + "end.\n") * 100
    fields.act(Type(fields.ids["Area"], text))
    assert fields.tab.evaluate("area.value") == text


def test_text_is_typed_at_the_caret(fields: Bench) -> None:
    email = fields.ids["Email"]
    fields.act(Type(email, "ac"))
    fields.act(Press("ArrowLeft"))
    fields.act(Type(email, "b", clear=False))
    assert fields.tab.evaluate("email.value") == "abc"
    fields.act(Click(fields.ids["Number"]))
    log = fields.act(Type(email, "d", clear=False))
    assert fields.tab.evaluate("email.value") == "abcd"
    assert "Delete" not in [event["key"] for event in log]


def test_an_empty_field_is_not_emptied_first(fields: Bench) -> None:
    log = fields.act(Type(fields.ids["Email"], "a"))
    assert [event["key"] for event in log if event["type"] == "keydown"] == ["a"]


def test_a_colour_is_set_without_its_picker(fields: Bench) -> None:
    fields.tab.act(Type(fields.ids["Color"], "#Ff8000"))
    assert fields.tab.evaluate("color.value") == "#ff8000"
    told = fields.tab.evaluate("log.filter((e) => e.id === 'color' && /input|change/.test(e.type)).map((e) => e.type)")
    assert told == ["input", "change"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Date", "2024-02-31", "does not take"),
        ("Time", "13:45:10", "does not take"),
        ("Range", "0.5", "cannot be set"),
        ("Range", "101", "cannot be set"),
        ("Range", "nan", "takes a number"),
        ("Range", "much", "takes a number"),
        ("Color", "red", "#ff0000"),
        ("Fixed", "x", "takes no text"),
        ("Off", "x", "takes no text"),
        ("Off date", "2024-05-01", "takes no text"),
        ("Third", "x", "takes no text"),
        ("Lazy", "x", "takes no text"),
    ],
)
def test_what_a_field_cannot_hold_is_an_action_error(fields: Bench, name: str, text: str, message: str) -> None:
    with pytest.raises(ActionError, match=message):
        fields.act(Type(fields.ids[name], text))


def test_a_list_that_fills_when_it_is_gone_to_can_be_chosen_from(fields: Bench) -> None:
    fields.act(Click(fields.ids["Lazy"]))
    log = fields.of(Select(fields.ids["Lazy"], ("Cat",)), "input", "change")
    assert fields.tab.evaluate("lazy.value") == "Cat"
    assert log == [("input", "lazy"), ("change", "lazy")]


def test_any_option_of_a_long_list_is_chosen(fields: Bench) -> None:
    for wanted in ("No. 1150", "No. 15", "No. 600", "No. 601", "No. 0"):
        log = fields.of(Select(fields.ids["Long"], (wanted,)), "change")
        assert fields.tab.evaluate("long.value") == wanted
        assert 1 <= len(log) <= 2


@pytest.mark.parametrize("wanted", [("Sort 2",), ("s1", "Sort 3", "Sort 29"), (), ("Sort 28", "Sort 0")])
def test_several_options_are_chosen_and_no_others(fields: Bench, wanted: tuple[str, ...]) -> None:
    several = fields.ids["Several"]
    for options in (("Sort 5", "Sort 25"), wanted):
        fields.act(Select(several, options))
    chosen = fields.tab.evaluate("Array.from(several.selectedOptions, (option) => option.index)")
    assert chosen == sorted(int(option.lstrip("Sorts ")) for option in wanted)
    assert fields.of(Select(several, wanted), "click", "change") == []


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("Switch", "document.querySelector('#switch').ariaChecked === 'true'"),
        ("Item", "item.ariaChecked === 'true'"),
        ("Labelled", "inner.checked"),
        ("Third", "third.checked"),
    ],
)
def test_whatever_can_be_ticked_is_brought_into_a_state(fields: Bench, name: str, state: str) -> None:
    id_ = next(e.id for e in fields.tab.observe().elements if e.name == name and e.role != "label")
    fields.act(Check(id_))
    assert fields.tab.evaluate(state) is True
    assert fields.of(Check(id_), "click") == []
    fields.act(Check(id_, checked=False))
    assert fields.tab.evaluate(state) is False


def test_a_box_that_is_neither_can_be_emptied(fields: Bench) -> None:
    fields.act(Check(fields.ids["Third"], checked=False))
    assert fields.tab.evaluate("[third.checked, third.indeterminate]") == [False, False]


def test_radio_buttons_are_chosen(fields: Bench) -> None:
    fields.act(Check(fields.ids["Two"]))
    assert fields.tab.evaluate("[one.checked, two.checked]") == [False, True]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda ids: Check(ids["One"], checked=False), "another of its group"),
        (lambda ids: Check(ids["Dead"]), "disabled"),
        (lambda ids: Check(ids["Email"]), "cannot be checked"),
        (lambda ids: Check(Point(390, 5)), "can be checked"),
        (lambda ids: Select(ids["Several"], ("Sort 1", "Absent")), "no option"),
        (lambda ids: Select(ids["Email"], ("x",)), "not a list"),
    ],
)
def test_what_cannot_be_filled_in_is_an_action_error(
    fields: Bench, action: Callable[[dict[str, str]], Action], message: str
) -> None:
    with pytest.raises(ActionError, match=message):
        fields.act(action(fields.ids))


def test_the_limit_of_strokes_is_one_of_speed_only(fields: Bench) -> None:
    for length in (STROKES_AT_MOST, STROKES_AT_MOST + 1):
        fields.act(Type(fields.ids["Area"], "a" * length))
        assert fields.tab.evaluate("area.value.length") == length


@pytest.fixture
def choices(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("choices", viewport=(600, 500)))


@pytest.mark.parametrize("name", ["Covered box", "Covered switch", "Stubborn"])
def test_a_box_that_a_click_does_not_reach_is_an_error(choices: Bench, name: str) -> None:
    with pytest.raises(ActionError, match="is not checked by a click"):
        choices.tab.act(Check(choices.ids[name]))


@pytest.mark.parametrize("name", ["Vanishing", "Leaving", "Mixed", "Slow switch"])
def test_what_becomes_of_a_box_that_was_clicked_is_the_pages_affair(choices: Bench, name: str) -> None:
    choices.tab.act(Check(choices.ids[name]))


def test_a_page_may_take_its_time_to_switch(choices: Bench) -> None:
    choices.tab.act(Check(choices.ids["Slow switch"]))
    choices.tab.advance(100)
    assert "checked" in choices.tab.named("Slow switch").states


@pytest.mark.parametrize(
    ("name", "options"),
    [("Covered menu", ("Coffee",)), ("Covered list", ("Coffee",)), ("At most one", ("Tea", "Coffee"))],
)
def test_a_list_that_does_not_take_a_choice_is_an_error(choices: Bench, name: str, options: tuple[str, ...]) -> None:
    with pytest.raises(ActionError, match="did not take"):
        choices.tab.act(Select(choices.ids[name], options))


@pytest.mark.parametrize("name", ["Jump", "Leaving menu", "Vanishing menu"])
def test_what_becomes_of_a_choice_is_the_pages_affair(choices: Bench, name: str) -> None:
    choices.tab.act(Select(choices.ids[name], ("Coffee",)))
    if name == "Jump":
        assert choices.tab.evaluate("word.textContent") == "Coffee"
