import pytest

from browser_env.action import Action, Click, Navigate, Press, Select, Type, parse_action
from browser_env.errors import UsageError
from replay.redaction import fill_in
from replay.redaction.placeholders import is_masked, part


@pytest.mark.parametrize(
    ("action", "filled"),
    [
        (Type("e1", "to {{secret:1}}!", clear=False), Type("e1", "to hünter22!", clear=False)),
        (Press("{{secret:1:2-2/8}}"), Press("ü")),
        (Type("e1", "{{secret:2:5-8/16}}"), Type("e1", "2222")),
        (Select("e1", ("{{secret:1}}", "b")), Select("e1", ("hünter22", "b"))),
        (Navigate("http://shop.test/?a={{secret:2}}"), Navigate("http://shop.test/?a=1111 2222 3333 4444")),
        (Click("e1"), Click("e1")),
    ],
)
def test_secrets_are_filled_in(action: Action, filled: Action) -> None:
    assert fill_in(action, {1: "hünter22", 2: "1111 2222 3333 4444"}) == filled
    assert parse_action(action.to_text()) == action


def test_a_secret_that_is_missing_or_too_short_is_named() -> None:
    with pytest.raises(UsageError, match=r"no value was given for \{\{secret:3\}\}"):
        fill_in(Type("e1", "{{secret:3}}"), {})
    with pytest.raises(UsageError, match="needs 8 characters, not 3"):
        fill_in(Press("{{secret:1:2-2/8}}"), {1: "abc"})


def test_all_parts_are_the_secret() -> None:
    assert part(3, first=1, last=4, length=4) == "{{secret:3}}"
    assert part(3, first=2, last=4, length=4) == "{{secret:3:2-4/4}}"


@pytest.mark.parametrize(("text", "masked"), [("{{secret:1}} {{secret:1:1-2/3}}", True), ("a{{secret:1}}", False)])
def test_a_masked_text_holds_nothing_else(text: str, masked: bool) -> None:
    assert is_masked(text) == masked
