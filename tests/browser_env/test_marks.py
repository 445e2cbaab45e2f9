from dataclasses import replace

import numpy as np
import pytest

from browser_env.errors import UsageError
from browser_env.marks import marked_elements, place_labels, set_of_marks
from browser_env.observation import Element, Observation

PIXELS = np.full((60, 100, 3), 200, dtype=np.uint8)
BUTTON = Element(id="e12", role="button", states=("clickable",), box=(10.0, 20.0, 30.0, 20.0))
PAGE = Observation(goal="", screenshot=PIXELS, elements=(BUTTON,), viewport=(100, 60))


@pytest.mark.parametrize(
    "change",
    [
        {"visible": False},
        {"states": ()},
        {"states": ("clickable", "covered")},
        {"states": ("clickable", "disabled")},
        {"role": "option", "id": "e13", "parent": "e12"},
    ],
)
def test_what_cannot_be_acted_on_is_not_marked(change: dict[str, object]) -> None:
    other = replace(BUTTON, **change)  # type: ignore[arg-type]
    elements = (BUTTON, other) if other.role == "option" else (other,)
    assert other not in marked_elements(replace(PAGE, elements=elements))


def test_a_mark_is_drawn_around_its_element_on_a_copy() -> None:
    marked = set_of_marks(PAGE)
    assert (PIXELS == 200).all()
    changed = (marked != 200).any(axis=2)
    assert changed[20, 10:40].all()
    assert changed[39, 10:40].all()
    assert not changed[21:39, 11:39].any(), "the element itself stays as it is"
    assert changed.sum() > 2 * (30 + 18) + 50, "and a number stands beside it"


def test_labels_stay_apart_and_within_the_picture() -> None:
    areas = [(float(x), float(y), x + 10.0, y + 10.0) for y in range(0, 100, 25) for x in range(0, 100, 25)]
    labels = place_labels(areas, [(12.0, 9.0)] * len(areas), (100, 100))
    for index, (left, top, right, bottom) in enumerate(labels):
        assert 0 <= left < right <= 100
        assert 0 <= top < bottom <= 100
        for other in labels[:index]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_small_pages_can_be_marked_larger() -> None:
    marked = set_of_marks(PAGE, scale=2)
    assert marked.shape == (120, 200, 3)
    assert (marked != 200).any(axis=2)[40, 20:80].all()


def test_labels_stay_off_words() -> None:
    area, words = (40.0, 40.0, 50.0, 50.0), (50.0, 35.0, 90.0, 55.0)
    left_of_it = place_labels([area], [(12.0, 9.0)], (100, 100), words=[words])[0]
    assert left_of_it[2] <= 40


def test_a_crowd_is_marked_all_the_same() -> None:
    crowd = tuple(replace(BUTTON, id=f"e{i}") for i in range(1, 40))
    assert set_of_marks(replace(PAGE, elements=crowd)).shape == PIXELS.shape


def test_no_picture_without_pixels() -> None:
    with pytest.raises(UsageError, match="without pixels"):
        set_of_marks(replace(PAGE, screenshot=None))
