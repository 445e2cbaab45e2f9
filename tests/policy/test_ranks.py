"""Elements that differ in their numbers alone."""

import pytest

from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.page import Page, read_page
from policy.ranks import RANK_FEATURES, rank_features, read_figures


def page_of(*names: str, goal: str = "Book the cheapest flight", role: str = "button") -> Page:
    elements = tuple(Element(id=f"e{i}", role=role, name=name) for i, name in enumerate(names))
    return read_page(Observation(goal=goal, elements=elements), CompactConfig())


@pytest.mark.parametrize(
    ("text", "pattern", "figures"),
    [
        ("Book flight for $1,234.50", "Book flight for $#", (1234.5,)),
        ("4h 12m", "#h #m", (4.0, 12.0)),
        ("version 1.2.3", "version #", (1.2,)),
        ("Go", "Go", ()),
        ("1.", "#.", (1.0,)),
    ],
)
def test_a_text_is_its_pattern_and_its_figures(text: str, pattern: str, figures: tuple[float, ...]) -> None:
    assert read_figures(text) == (pattern, figures)


def test_endless_digits_are_a_number_as_well() -> None:
    assert read_figures("9" * 9999) == ("#", (float("inf"),))


def test_the_least_and_the_most_of_those_alike_are_known() -> None:
    page = page_of("$30", "4h 50m", "$7", "4h 9m", "$200", "Search", "Room 5")
    features = rank_features(page)
    assert features.shape == (7, RANK_FEATURES)
    assert features[[0, 2, 4]].tolist() == [[1, 0, 0, 0.5], [1, 1, 0, 0], [1, 0, 1, 1]]
    assert features[[1, 3]].tolist() == [[1, 0, 1, 1], [1, 1, 0, 0]]
    assert not features[5:].any(), "there is nothing that they could be compared with"


def test_equals_share_their_place() -> None:
    features = rank_features(page_of("$3", "$3", "$4"))
    assert features[:, 1].tolist() == [1, 1, 0]
    assert not rank_features(page_of("$3", "$3")).any(), "nothing differs"


def test_values_come_before_names() -> None:
    cells = tuple(Element(id=f"e{i}", role="cell", name="Price", value=value) for i, value in enumerate(("9", "10")))
    page = read_page(Observation(goal="", elements=cells), CompactConfig())
    assert rank_features(page)[:, 1].tolist() == [1, 0]


def test_what_shows_the_goal_is_not_compared() -> None:
    page = page_of("Book 5 seats", "Book 7 seats", "Book 9 seats", goal="Book 5 seats")
    assert not rank_features(page)[0].any()
    assert rank_features(page)[1:, 1].tolist() == [1, 0]


def test_an_empty_page_has_no_ranks() -> None:
    assert rank_features(page_of()).shape == (0, RANK_FEATURES)
