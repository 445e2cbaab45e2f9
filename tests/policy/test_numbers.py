import pytest

from browser_env.observation import Element, Observation
from policy.anchors import lines
from policy.config import CompactConfig
from policy.numbers import COMPARED, NUMBER_FEATURES, number_features, number_in
from policy.page import read_page


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("-2", -2),
        ("05", 5),
        ("May 2016", 5),
        ("dec", 12),
        ("x7", None),
        ("7px", None),
        ("", None),
        ("1234567", None),
    ],
)
def test_a_text_begins_with_a_number_or_a_month(text: str, number: int | None) -> None:
    assert number_in(text) == number


def test_elements_are_compared_with_the_goals_numbers() -> None:
    names = ("Select 05/16/2016 as the date", "April", "16", "2016", "Go")
    elements = tuple(Element(id=f"e{i}", role="generic", name=name) for i, name in enumerate(names))
    page = read_page(Observation(goal="Select 05/16/2016 as the date", elements=elements), CompactConfig())
    features = number_features(page, *lines(page))
    assert features.shape == (5, NUMBER_FEATURES)
    assert not features[0].any(), "it shows the goal"
    assert features[1, :4].tolist() == pytest.approx([1, 0, 1, 0.1])
    assert features[2, 4:7].tolist() == [1, 0, 0]
    assert features[3, 7:10].tolist() == [1, 0, 0]
    assert not features[4].any()


def test_the_crossing_of_a_row_and_a_column_is_known() -> None:
    labels = {"-1": (40, 130), "2": (130, 130), "1": (60, 90), "-2": (60, 160)}
    points = {(x, y): (10 * x + 40 + 5, y) for x in range(0, 10, 3) for y in (90, 160)}
    listed = [
        Element(id=f"l{i}", role="generic", name=name, box=(*at, 10, 10)) for i, (name, at) in enumerate(labels.items())
    ]
    listed += [
        Element(id=f"p{i}", role="img", name="", box=(x - 4, y, 8, 8)) for i, (x, y) in enumerate(points.values())
    ]
    page = read_page(Observation(goal="Click (-1,-2)", elements=tuple(listed)), CompactConfig())
    features = number_features(page, *lines(page))
    by_row, by_column = features[4:, -2 * COMPARED : -COMPARED], features[4:, -COMPARED:]
    crossing = [i for i in range(len(points)) if by_column[i, 0] and by_row[i, 1]]
    assert [list(points)[i] for i in crossing] == [(0, 160)]
