import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import ElementState, Evidence

TEXT = st.text(max_size=12)
ELEMENTS = st.builds(ElementState, role=TEXT, name=TEXT, value=TEXT, states=st.lists(TEXT, max_size=3).map(tuple))


@given(
    st.builds(
        Evidence,
        url=TEXT,
        text=TEXT,
        elements=st.lists(ELEMENTS, max_size=3).map(tuple),
        form_values=st.dictionaries(TEXT, TEXT, max_size=3),
        answer=st.none() | TEXT,
        page_done=st.booleans(),
        page_reward=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        unanswered=st.lists(TEXT, max_size=2).map(tuple),
        page_checks=st.dictionaries(TEXT, st.booleans(), max_size=3),
    )
)
def test_evidence_survives_json(evidence: Evidence) -> None:
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_an_empty_object_is_empty_evidence() -> None:
    assert Evidence.from_json({}) == Evidence()


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(TypeError):
        Evidence.from_json({"surprise": 1})
