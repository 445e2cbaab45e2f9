from collections.abc import Callable
from typing import Any

import pytest

from browser_env.aiming import locate
from browser_env.errors import ActionError, DialogOpenError, DocumentGoneError, InfraError
from browser_env.turning import Turn

from .conftest import Tab

ADVANCE = "webdual.advance(50)"


def _take(tab: Tab, work: str = ADVANCE, *, pixels: bool = False) -> Turn:
    turns = tab.page.turns
    return tab.loop.run(
        turns.take(work, arguments="null, false", pixels=pixels, network_s=1.0, on_told=lambda value: None)
    )


def test_work_comes_before_the_frame_and_the_frame_before_reading(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("blank")
    tab.evaluate("""
        document.body.innerHTML = "<button>before</button>";
        window.order = [];
        setTimeout(() => { order.push("timer"); document.querySelector("button").style.width = "77px"; }, 40);
        new ResizeObserver(([entry]) => {
            order.push("layout " + entry.contentRect.width);
            entry.target.textContent = "seen in the frame";
        }).observe(document.querySelector("button"));
    """)
    turn = _take(tab)
    assert turn.told["ran"] == 1
    assert turn.reading is not None
    assert [row[2] for row in turn.reading["elements"]] == ["seen in the frame"]
    assert tab.evaluate("order.slice(0, 1)") == ["timer"]
    assert tab.evaluate("order.length") >= 2


def test_a_turn_reads_what_looking_step_by_step_reads(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("elements")
    turn = _take(tab, pixels=True)
    assert turn.reading is not None
    assert turn.picture is not None
    rows = {row[0]: row[2] for row in turn.reading["elements"]}
    assert rows == {element.id: element.name for element in tab.observe().elements}


def test_a_document_that_goes_away_at_work_is_told_of(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("blank")
    with pytest.raises(DocumentGoneError):
        _take(tab, "new Promise(() => { location.href = 'still.html' })")
    assert tab.observe().url.endswith("still.html")


def test_work_that_throws_is_a_failure_of_the_page(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("blank")
    with pytest.raises(InfraError, match="out of order"):
        _take(tab, "Promise.reject(new Error('out of order'))")
    assert _take(tab).reading is not None


def test_a_turn_that_a_dialog_held_up_does_not_speak_for_the_next(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("blank")
    tab.evaluate("setTimeout(() => { alert('stop'); document.body.textContent = 'went on'; }, 10)")
    with pytest.raises(DialogOpenError):
        _take(tab)
    tab.loop.run(tab.context.answer(accept=True, text=""))
    turn = _take(tab, "({ now: true })")
    assert turn.told == {"now": True}
    assert tab.evaluate("document.body.textContent") == "went on"


def test_the_page_cannot_tell_in_its_stead(open_tab: Callable[..., Tab]) -> None:
    assert open_tab("blank").evaluate("typeof webdualTell + typeof webdual") == "undefinedundefined"


@pytest.mark.parametrize("page", ["elements", "controls", "visibility", "scrollers", "reach"])
def test_noted_aims_are_where_elements_are_located(open_tab: Callable[..., Tab], page: str) -> None:
    tab = open_tab(page)
    tab.observe()
    reading = _take(tab).reading
    assert reading is not None
    aims: dict[str, Any] = reading["aims"]
    assert aims
    for element_id, aim in aims.items():
        found = tab.loop.run(locate(tab.page, element_id))
        assert found.place == tuple(aim)
        assert found.kind not in ("menu", "option")


def test_aims_hold_until_anything_is_asked_of_the_page(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab("elements")
    tab.page.aims = {"e1": (1.0, 1.0)}
    tab.evaluate("document.body.innerHTML = ''")
    assert not tab.page.aims
    with pytest.raises(ActionError):
        tab.loop.run(locate(tab.page, "e1"))
