import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import ActionError
from browser_env.keys import MODIFIERS, NAMED_KEYS, press_events, type_events

CHORDS = st.tuples(
    st.lists(st.sampled_from(sorted(MODIFIERS)), unique=True, max_size=3),
    st.sampled_from(sorted(NAMED_KEYS)) | st.characters(),
)


@given(CHORDS)
def test_what_goes_down_comes_up_in_reverse(chord: tuple[list[str], str]) -> None:
    held, key = chord
    events = [params for _, params in press_events("+".join([*held, key]))]
    down = [event["key"] for event in events if event["type"] != "keyUp"]
    up = [event["key"] for event in events if event["type"] == "keyUp"]
    assert up == down[::-1]
    assert down[:-1] == held


@given(st.text(max_size=20))
def test_any_text_can_be_pressed_or_is_an_action_error(chord: str) -> None:
    with contextlib.suppress(ActionError):
        assert press_events(chord)


@given(st.text(max_size=20))
def test_typing_writes_every_character(text: str) -> None:
    written = "".join(params.get("text", "") for _, params in type_events(text))
    assert written.replace("\r", "\n") == text.replace("\r", "\n")


@pytest.mark.parametrize(
    ("chord", "written"),
    [("a", "a"), ("Shift+a", "A"), ("+", "+"), ("Shift++", "+"), ("Space", " "), ("Control+a", None), ("Enter", "\r")],
)
def test_a_chord_writes(chord: str, written: str | None) -> None:
    texts = [params["text"] for _, params in press_events(chord) if "text" in params]
    assert texts == ([written] if written is not None else [])


@pytest.mark.parametrize("chord", ["", "Ctrl+a", "a+b", "Control+", "enter", "Control+Nothing"])
def test_unknown_keys_are_action_errors(chord: str) -> None:
    with pytest.raises(ActionError, match="Control\\+a"):
        press_events(chord)
