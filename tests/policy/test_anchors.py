import numpy as np
import pytest

from browser_env.observation import Element, Observation
from policy.alignment import align
from policy.anchors import ANCHOR_FEATURES, MOST_AFTER, MOST_BEFORE, anchor_features, lines
from policy.config import CompactConfig
from policy.page import Page, read_page


def posts() -> Page:
    """Two posts of a name and three icons each; the goal means the second one's."""
    elements = []
    for row, name in enumerate(("@ann", "@bob")):
        elements.append(Element(id=f"e{row}", role="generic", name=name, box=(0, 50 * row, 40, 10)))
        elements += [
            Element(id=f"e{row}{i}", role="img", name="", box=(20 * i, 50 * row + 20, 10, 10)) for i in range(3)
        ]
    return read_page(Observation(goal="Like what @bob says", elements=tuple(elements)), CompactConfig())


def test_icons_know_how_far_the_named_element_is() -> None:
    page = posts()
    features = anchor_features(page, align(page).links, *lines(page))
    assert features.shape == (8, ANCHOR_FEATURES)
    assert features[4:, :MOST_BEFORE].argmax(axis=1).tolist() == [0, 0, 1, 2]
    assert not features[4, :MOST_BEFORE].any(), "an anchor is not its own"
    width, height = page.observation.viewport
    assert features[7, MOST_BEFORE : MOST_BEFORE + 2] == pytest.approx([(45 - 20) / width, 20 / height])
    after = features[:, MOST_BEFORE + 3 : MOST_BEFORE + 3 + MOST_AFTER]
    assert [row.argmax() if row.any() else None for row in after] == [3, 2, 1, 0, None, None, None, None]


def test_rows_and_columns_are_where_middles_meet() -> None:
    rows, columns = lines(posts())
    assert np.flatnonzero(rows[5]).tolist() == [5, 6, 7]
    assert np.flatnonzero(columns[5]).tolist() == [1, 5]


def test_without_anchors_or_elements_there_is_nothing() -> None:
    for elements in ((), (Element(id="e1", role="img", name="", box=(float("nan"), 0, 10, 10)),)):
        page = read_page(Observation(goal="Go", elements=elements), CompactConfig())
        features = anchor_features(page, align(page).links, *lines(page))
        assert features.shape == (len(elements), ANCHOR_FEATURES)
        assert not features.any()
