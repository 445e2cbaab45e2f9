"""JavaScript dialogs: what is known while one is open, and how it is answered."""

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Action, Click, Dialog, Press, Type
from browser_env.task import Task


@pytest.fixture
def ids(episodes: Any, page_task: Callable[..., Task]) -> dict[str, str]:
    observation = episodes.reset(page_task("dialogs"))
    return {element.name: element.id for element in observation.elements}


def said(result: Any) -> str:
    return next(e.name for e in result.observation.elements if e.name.startswith(("said", "nothing", "changed")))


@pytest.mark.parametrize(
    ("button", "answer", "value"),
    [
        ("Alert", Dialog(), '"seen"'),
        ("Alert", Dialog(accept=False), '"seen"'),
        ("Confirm", Dialog(), "true"),
        ("Confirm", Dialog(accept=False), "false"),
        ("Prompt", Dialog(), '"Anna"'),
        ("Prompt", Dialog(text="Bob é"), '"Bob é"'),
        ("Prompt", Dialog(text=""), '""'),
        ("Prompt", Dialog(accept=False), "null"),
    ],
)
def test_dialogs_are_answered(episodes: Any, ids: dict[str, str], button: str, answer: Dialog, value: str) -> None:
    opened = episodes.step(Click(ids[button]))
    assert opened.observation.dialog.kind == button.lower()
    assert opened.settled == "dialog"
    result = episodes.step(answer)
    assert result.settled == "quiet"
    assert (result.observation.dialog, result.observation.error) == (None, None)
    assert said(result) == f"said: {value}"


@pytest.mark.parametrize("action", [Press("a"), Click("e1"), Type("e1", "x")])
def test_nothing_else_can_be_done_meanwhile(episodes: Any, ids: dict[str, str], action: Action) -> None:
    episodes.step(Click(ids["Confirm"]))
    assert "answer it first" in episodes.step(action).observation.error
    assert said(episodes.step(Dialog())) == "said: true"


def test_one_dialog_may_follow_another(episodes: Any, ids: dict[str, str]) -> None:
    result = episodes.step(Click(ids["Three"]))
    for word in ("one", "two", "three"):
        assert result.observation.dialog.message == word
        result = episodes.step(Dialog())
    assert said(result) == 'said: "all"'


def test_a_dialog_may_come_of_leaving_a_field(episodes: Any, ids: dict[str, str]) -> None:
    episodes.step(Type(ids["Field"], "x"))
    opened = episodes.step(Press("Tab"))
    assert opened.observation.dialog.message == "Change?"
    assert said(episodes.step(Dialog())) == "changed: true"


def test_without_a_dialog_there_is_nothing_to_answer(episodes: Any, ids: dict[str, str]) -> None:
    assert "no dialog is open" in episodes.step(Dialog()).observation.error
