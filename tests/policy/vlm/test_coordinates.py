import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import Action, Back, Click, Drag, Point
from browser_env.observation import Element, Observation
from policy.vlm.config import VlmConfig
from policy.vlm.coordinates import can_be_written, frame_of, image_size, meant_action, written_action

PAGE = Observation(goal="g", viewport=(1280, 720), elements=(Element(id="e1", role="link", box=(10, 20, 100, 40)),))
STEP = {"thousand": 1.28, "unit": 1.28, "image": 1280 / 1008, "page": 1.0}  # px between two points that can be written


@pytest.mark.parametrize("coordinates", STEP)
@given(x=st.floats(0, 1279), y=st.floats(0, 719))
def test_points_survive_to_within_half_a_step(coordinates: str, x: float, y: float) -> None:
    config = VlmConfig(coordinates=coordinates, image_multiple=28, image_pixels=600_000)
    back = meant_action(written_action(Click(Point(x, y)), PAGE, config), PAGE, config)
    assert isinstance(back, Click)
    assert isinstance(back.target, Point)
    assert (abs(back.target.x - x), abs(back.target.y - y)) <= (STEP[coordinates] / 2 + 0.01,) * 2


def test_every_family_writes_its_own_numbers() -> None:
    middle = Click(Point(640, 360))
    texts = [
        written_action(middle, PAGE, VlmConfig(coordinates=name)).to_text() for name in ("thousand", "unit", "page")
    ]
    assert texts == ["click((500, 500))", "click((0.5, 0.5))", "click((640, 360))"]
    assert image_size((1280, 720), VlmConfig(image_multiple=28, image_pixels=600_000)) == (1008, 560)
    assert image_size((160, 210), VlmConfig(image_scale=3)) == (480, 630)


def test_points_beside_the_page_are_moved_onto_it() -> None:
    config = VlmConfig(coordinates="thousand")
    assert frame_of(PAGE, config).meant(Point(5000, -3)) == Point(1279.0, 0.0)


def test_without_ids_elements_are_aimed_at_in_their_middle() -> None:
    blind = VlmConfig(elements=False, coordinates="page")
    assert written_action(Click("e1"), PAGE, blind) == Click(Point(60, 40))
    assert written_action(Drag(("e1", Point(5, 5))), PAGE, blind) == Drag((Point(60, 40), Point(5, 5)))
    assert written_action(Click("e1"), PAGE, VlmConfig()) == Click("e1")


PIXELS, ELEMENTS = VlmConfig(elements=False), VlmConfig(picture="none")


@pytest.mark.parametrize(
    ("action", "config", "possible"),
    [
        (Click("e1"), VlmConfig(), True),
        (Click("e7"), VlmConfig(), False),
        (Click("e1"), PIXELS, True),
        (Click("e7"), PIXELS, False),
        (Drag(("e1", "e7")), PIXELS, False),
        (Click(Point(5, 5)), PIXELS, True),
        (Click("e1"), ELEMENTS, True),
        (Click(Point(5, 5)), ELEMENTS, False),
        (Drag(("e1", Point(5, 5))), ELEMENTS, False),
        (Click("e1"), VlmConfig(elements=False, picture="marks"), True),
        (Back(), ELEMENTS, True),
        (Back(), VlmConfig(verbs=("click",)), False),
    ],
)
def test_actions_beyond_what_is_offered_and_seen_cannot_be_written(
    action: Action, config: VlmConfig, possible: bool
) -> None:
    assert can_be_written(action, PAGE, config) is possible
