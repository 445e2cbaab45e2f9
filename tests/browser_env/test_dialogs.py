"""JavaScript dialogs: what is known while one is open, and how it is answered."""

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Action, Answer, Click, CloseTab, Dialog, GiveUp, NewTab, Press, SwitchTab, Type, Wait
from browser_env.errors import DialogOpenError
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome


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


@pytest.mark.parametrize("action", [Press("a"), Click("e1"), Type("e1", "x"), NewTab(), SwitchTab(0), CloseTab(0)])
def test_nothing_else_can_be_done_meanwhile(episodes: Any, ids: dict[str, str], action: Action) -> None:
    episodes.step(Click(ids["Confirm"]))
    assert "answer it first" in episodes.step(action).observation.error
    assert said(episodes.step(Dialog())) == "said: true"


def test_a_tab_comes_to_the_front_whose_dialog_another_opened(episodes: Any, ids: dict[str, str]) -> None:
    popup = episodes.step(Click(ids["Popup"])).observation
    assert [element.name for element in popup.elements] == ["Alert there"]
    opened = episodes.step(Click(popup.elements[0].id))
    assert opened.observation.dialog.message == "From afar"
    result = episodes.step(Dialog())
    assert said(result) == "nothing"
    assert [element.name for element in episodes.step(SwitchTab(1)).observation.elements] == ["Alert there"]


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


def test_page_time_goes_on_after_a_dialog_in_a_timer(episodes: Any, page_task: Callable[..., Task]) -> None:
    episodes.reset(page_task("held", step_ms=2000))
    page = episodes.environment.context.page
    assert episodes.step(Wait(3000)).observation.dialog.message == "Go on?"
    result = episodes.step(Dialog())
    now = episodes.loop.run(page.evaluate("performance.now()"))
    assert result.observation.dialog is None
    assert page.elapsed_ms == now
    times = []
    for _ in range(3):
        episodes.step(Wait(10))
        times.append(episodes.loop.run(page.evaluate("performance.now()")))
        assert page.elapsed_ms == times[-1]
    assert now < times[0] < times[1] < times[2]


def test_without_a_dialog_there_is_nothing_to_answer(episodes: Any, ids: dict[str, str]) -> None:
    assert "no dialog is open" in episodes.step(Dialog()).observation.error


GONE = [  # hold of a page of which nothing is known
    VerifierSpec(name="text", params={"contains": "nothing", "absent": True}),
    VerifierSpec(name="element", params={"role": "button", "name": "Alert", "count": 0}),
    VerifierSpec(name="not", params={"of": {"name": "text", "params": {"contains": "nothing"}}}),
]


@pytest.mark.parametrize("verifier", GONE, ids=lambda verifier: verifier.name)
@pytest.mark.parametrize(
    ("action", "outcome"),
    [(Answer("x"), Outcome.FAILURE), (GiveUp(), Outcome.FAILURE), (Wait(1), Outcome.TRUNCATED)],
    ids=["answer", "give up", "the step limit"],
)
def test_nothing_is_earned_behind_a_dialog(
    episodes: Any, page_task: Callable[..., Task], verifier: VerifierSpec, action: Action, outcome: Outcome
) -> None:
    observation = episodes.reset(page_task("dialogs", verifier=verifier, max_steps=2))
    episodes.step(Click(next(e.id for e in observation.elements if e.name == "Confirm")))
    result = episodes.step(action)
    assert (result.outcome, result.reward) == (outcome, 0.0)
    assert "nothing" in result.evidence.text


def test_an_answer_behind_a_dialog_is_judged_by_what_was_last_seen(
    episodes: Any, page_task: Callable[..., Task]
) -> None:
    answered = {"name": "answer", "params": {"equals": "nothing"}}
    seen = {"name": "text", "params": {"contains": "nothing"}}
    observation = episodes.reset(
        page_task("dialogs", verifier=VerifierSpec(name="all", params={"of": [answered, seen]}))
    )
    episodes.step(Click(next(e.id for e in observation.elements if e.name == "Confirm")))
    assert episodes.step(Answer("nothing")).outcome is Outcome.SUCCESS


@pytest.mark.parametrize("verifier", GONE, ids=lambda verifier: verifier.name)
def test_nothing_is_earned_on_a_page_that_begins_with_a_dialog(
    episodes: Any, page_task: Callable[..., Task], verifier: VerifierSpec
) -> None:
    observation = episodes.reset(page_task("greeting", verifier=verifier))
    assert observation.dialog.message == "Welcome"
    assert observation.screenshot.shape == (300, 400, 3)
    assert not observation.screenshot.any()
    result = episodes.step(Answer("x"))
    assert (result.outcome, result.reward) == (Outcome.FAILURE, 0.0)


def test_a_browser_that_draws_when_it_likes_tells_of_a_dialog_too(open_tab: Any, plain_browser: Any, site: str) -> None:
    tab = open_tab("blank", browser=plain_browser)
    with pytest.raises(DialogOpenError, match="Welcome"):
        tab.loop.run(tab.page.navigate(f"{site}/greeting.html"))


def test_a_page_that_begins_with_a_dialog_is_read_once_it_is_answered(
    episodes: Any, page_task: Callable[..., Task]
) -> None:
    episodes.reset(page_task("greeting", verifier=VerifierSpec(name="text", params={"contains": "nothing here"})))
    assert episodes.step(Dialog()).outcome is Outcome.SUCCESS
