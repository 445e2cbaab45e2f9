import pytest

from browser_env.action import Back, Click, Point, Type
from browser_env.errors import ActionError
from policy.vlm.replies import read_reply


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("click(e3)", Click("e3")),
        ("The button says so.\n```python\nclick(e3)\n```", Click("e3")),
        ("<think>click(e1) or click(e2)?</think>\nAction: click( (40, 50) )", Click(Point(40.0, 50.0))),
        ("I did click(e1). Next: type(e2, 'a (b) click(e9)').", Type("e2", "a (b) click(e9)")),
        ("type(e2, 'it\\'s)')", Type("e2", "it's)")),
        ("back() is best; right_click(", Back()),
        ("click(this) fails, so click(e4)", Click("e4")),
        ("<think>it ended too early: click(e1)", None),
        ("click(e1) or click(e2)?</think>\n\nclick(e3)", Click("e3")),
        ("<think>one</think>click(e1)<think>two: click(e2)</think>click(e3)", Click("e3")),
        ("a</think>click(e1)<think>and on", Click("e1")),
        ("</think>" * 10_000, None),
        ("double-click nothing", None),
        ("click(e3", None),
        ("page.click(e3)", None),
        ("", None),
    ],
)
def test_the_last_action_is_read_and_thoughts_are_not(text: str, action: object) -> None:
    if action is None:
        with pytest.raises(ActionError):
            read_reply(text)
    else:
        assert read_reply(text) == action
