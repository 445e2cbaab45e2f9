import pytest

from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.numbers import NUMBER_FEATURES, number_features, number_in
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
    features = number_features(page)
    assert features.shape == (5, NUMBER_FEATURES)
    assert not features[0].any(), "it shows the goal"
    assert features[1, :4].tolist() == pytest.approx([1, 0, 1, 0.1])
    assert features[2, 4:7].tolist() == [1, 0, 0]
    assert features[3, 7:10].tolist() == [1, 0, 0]
    assert not features[4].any()
