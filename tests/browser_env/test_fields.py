import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.fields import FORMS, moment_events, same_moment


def typed(events: list[tuple[str, dict[str, Any]]]) -> str:
    """What the keys write, > for each step to the next part."""
    down = [params for _, params in events if params.get("type") in ("keyDown", "rawKeyDown")]
    return "".join(params.get("text", ">" if params["key"] == "ArrowRight" else "") for params in down)


@pytest.mark.parametrize(
    ("kind", "text", "precision", "keys"),
    [
        ("date", "2024-05-01", "", "05012024"),
        ("time", "00:05", "", "1205AM"),
        ("time", "12:00", "", "1200PM"),
        ("time", "13:45", "s", "014500PM"),
        ("time", "13:45:09", "", "014509PM"),
        ("time", "13:45:09.5", "ms", "014509500PM"),
        ("datetime-local", "2024-05-01T13:45", "", "05012024>0145PM"),
        ("datetime-local", "2024-05-01 13:45", "", "05012024>0145PM"),
        ("month", "2024-09", "", "Sep>2024"),
        ("date", "5/1/2024", "", "05012024"),
        ("time", "12:05 AM", "", "1205AM"),
        ("time", "8:05 PM", "", "0805PM"),
        ("datetime-local", "05/01/2024, 01:45 PM", "", "05012024>0145PM"),
        ("week", "2024-W07", "", "072024"),
    ],
)
def test_moments_are_typed_part_by_part(kind: str, text: str, precision: str, keys: str) -> None:
    events = moment_events(kind, text, precision=precision)
    assert events is not None
    assert typed(events) == keys


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", "5-1-2024"),
        ("time", "13:05 PM"),
        ("date", ""),
        ("time", "1:45"),
        ("month", "May 2024"),
        ("week", "2024-07"),
        ("date", "x"),
    ],
)
def test_another_text_is_no_moment(kind: str, text: str) -> None:
    assert moment_events(kind, text, precision="") is None
    assert not same_moment(kind, text, text)


@given(st.datetimes(min_value=datetime.datetime(1000, 1, 1)))
def test_any_moment_can_be_typed_and_is_itself(moment: datetime.datetime) -> None:
    text = moment.isoformat(timespec="milliseconds")
    for kind, part in (("date", text[:10]), ("time", text[11:]), ("datetime-local", text), ("month", text[:7])):
        assert moment_events(kind, part, precision="ms")
        assert same_moment(kind, part, part)


def test_zeros_that_are_left_out_change_no_moment() -> None:
    assert same_moment("time", "13:45", "13:45:00.000")
    assert same_moment("time", "13:45:01.5", "13:45:01.500")
    assert not same_moment("time", "13:45", "13:45:01")
    assert not same_moment("date", "2024-05-01", "")


@given(st.sampled_from(sorted(FORMS)), st.text(max_size=30) | st.text("0123456789-:TW. ", max_size=24))
def test_any_text_is_typed_or_refused(kind: str, text: str) -> None:
    events = moment_events(kind, text, precision="")
    assert events is None or events
