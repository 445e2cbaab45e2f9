from dataclasses import replace

import pytest

from browser_env.action import (
    Action,
    Answer,
    Check,
    Click,
    DoubleClick,
    GiveUp,
    Hover,
    Point,
    Press,
    Scroll,
    Select,
    Type,
    Wait,
)
from browser_env.observation import Observation
from policy.choice import POINTER_KINDS, Choice, Kind, cell_point, decode, encode, kind_mask, pointer_masks
from policy.config import CompactConfig
from policy.page import Page, read_page

GRID = (10, 14)


@pytest.fixture
def page(form: Observation) -> Page:
    return read_page(form, CompactConfig())


@pytest.mark.parametrize(
    "action",
    [
        Click("e1"),
        Click(Point(8.5, 7.5)),
        Type("e2", "anna b"),
        Select("e4", ("Chad",)),
        Press("Enter"),
        Scroll(Point(80, 105), 0.0, 105.0),
        Answer("42"),
        Answer("France"),
        Wait(),
        Hover("e1"),
    ],
)
def test_choices_round_trip(page: Page, action: Action) -> None:
    choice = encode(action, page, GRID)
    assert choice is not None
    assert decode(choice, page, GRID) == action


@pytest.mark.parametrize(
    "action",
    [
        Click("e99"),
        Click("e8"),  # disabled
        Click(Point(500, 5)),
        Type("e1", "no field"),
        Type("e2", "at the caret", clear=False),
        Click("e1", ("Shift",)),
        Hover("e1", ("Shift",)),
        Hover("e99"),
        Press("Enter", 2),
        Select("e4", ("Peru",)),
        Select("e4", ("Chad", "France")),
        Select("e1", ("Chad",)),
        Press("Control+a"),
        Scroll("e1", 10.0, 0.0),
        DoubleClick("e1"),
        GiveUp(),
        Check("e1", checked=False),
    ],
)
def test_what_cannot_be_expressed_is_none(page: Page, action: Action) -> None:
    assert encode(action, page, GRID) is None


def test_a_persons_click_at_a_point_means_the_element_there(page: Page) -> None:
    assert encode(Click(Point(12, 8)), page, GRID) == Choice(kind=Kind.CLICK, elements=(0,))
    assert encode(Type(Point(12, 38), "x"), page, GRID) == Choice(kind=Kind.TYPE, elements=(1,), text="x")


def test_a_persons_click_beside_all_elements_means_its_cell(page: Page) -> None:
    choice = encode(Click(Point(150, 200)), page, GRID)
    assert choice == Choice(kind=Kind.POINT, index=13 * 10 + 9)


def test_an_element_that_is_not_listed_is_clicked_at_its_middle(form: Observation) -> None:
    page = read_page(form, CompactConfig(use_elements=False))
    assert page.elements == ()
    assert encode(Click("e1"), page, GRID) == Choice(kind=Kind.POINT, index=10 + 2)  # (40, 15) of 160 x 210
    assert encode(Click("e5"), page, GRID) is None, "it is not visible"
    assert encode(Click("e99"), page, GRID) is None


def test_the_smallest_element_around_a_point_is_meant(form: Observation) -> None:
    around = replace(form.elements[0], id="e50", box=(0.0, 0.0, 160.0, 210.0))
    page = read_page(replace(form, elements=(around, *form.elements)), CompactConfig())
    assert encode(Click(Point(12, 8)), page, GRID) == Choice(kind=Kind.CLICK, elements=(1,))


def test_every_cell_is_its_own_point(page: Page) -> None:
    viewport = page.observation.viewport
    for cell in range(GRID[0] * GRID[1]):
        assert encode(Click(cell_point(cell, GRID, viewport)), page, GRID) == Choice(kind=Kind.POINT, index=cell)


def test_checking_is_clicking_only_where_it_changes_something(form: Observation) -> None:
    box = replace(form.elements[0], role="checkbox", states=("checked", "clickable"))
    page = read_page(replace(form, elements=(box,)), CompactConfig())
    assert encode(Check("e1", checked=True), page, GRID) is None
    assert encode(Check("e1", checked=False), page, GRID) == Choice(kind=Kind.CLICK, elements=(0,))


def test_options_of_one_name_are_one_action(page: Page) -> None:
    assert encode(Select("e4", ("Chad",)), page, GRID) == Choice(kind=Kind.SELECT, elements=(5, 6))


def test_an_answer_that_elements_say_is_read_from_any_of_them(form: Observation) -> None:
    price = replace(form.elements[0], id="e20", role="cell", name="Price", value="12.50")
    page = read_page(replace(form, elements=(*form.elements, price)), CompactConfig())
    assert encode(Answer("Chad"), page, GRID) == Choice(kind=Kind.READ, elements=(5, 6), text="Chad")
    assert encode(Answer("12.50"), page, GRID) == Choice(kind=Kind.READ, elements=(8,), text="12.50")
    assert encode(Answer("Price"), page, GRID) == Choice(kind=Kind.ANSWER, text="Price")


def test_masks_allow_only_what_is_possible(page: Page) -> None:
    click, type_, select, read, hover = pointer_masks(page)
    assert read.all()
    assert hover.tolist() == click.tolist()
    assert click.tolist() == [True, True, True, True, False, False, False, False]
    assert type_.tolist() == [False, True, True, False, False, False, False, False]
    assert select.tolist() == [False, False, False, False, True, True, True, False]


def test_an_empty_page_allows_no_pointing() -> None:
    mask = kind_mask(read_page(Observation(goal=""), CompactConfig()))
    assert not mask[list(POINTER_KINDS)].any()
    assert mask[[Kind.POINT, Kind.PRESS, Kind.SCROLL, Kind.ANSWER, Kind.WAIT]].all()


def test_nothing_is_pointed_at_where_there_is_no_viewport() -> None:
    mask = kind_mask(read_page(Observation(goal="", viewport=(0, 0)), CompactConfig()))
    assert not mask[[Kind.POINT, Kind.SCROLL]].any()


def test_a_list_that_takes_several_keeps_what_is_selected(page: Page) -> None:
    listed = tuple(
        replace(element, states=("multiple",) if element.id == "e4" else element.states)
        for element in page.observation.elements
    )
    first = encode(
        Select("e4", ("France",)), read_page(replace(page.observation, elements=listed), CompactConfig()), GRID
    )
    chosen = tuple(replace(e, states=("selected",)) if e.name == "France" else e for e in listed)
    several = read_page(replace(page.observation, elements=chosen), CompactConfig())
    more = Select("e4", ("Chad", "France"))
    choice = encode(more, several, GRID)
    assert first is not None
    assert choice is not None
    assert sorted(decode(choice, several, GRID).options) == ["Chad", "France"]  # type: ignore[attr-defined]
    assert encode(Select("e4", ("Chad",)), several, GRID) is None, "it would have to let go of France"
