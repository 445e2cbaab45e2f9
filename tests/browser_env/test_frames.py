"""What is inside frames, and where it is on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.aiming import locate
from browser_env.observation import Observation
from browser_env.targets import frame_at, frame_of

OpenTab = Callable[..., Any]


def _element(observation: Observation, name: str) -> Any:
    return next(element for element in observation.elements if element.name == name)


def _add_frame(tab: Any, attributes: str) -> None:
    """Add a frame and wait until it has loaded."""
    tab.evaluate(f"""new Promise((done) => {{
        document.body.insertAdjacentHTML("beforeend", `<iframe {attributes}></iframe>`);
        document.body.lastElementChild.onload = () => done(1);
    }})""")


def _press(tab: Any, id_: str) -> None:
    x, y = tab.loop.run(locate(tab.page, id_)).place
    button = {"x": x, "y": y, "button": "left", "clickCount": 1}
    events = [("Input.dispatchMouseEvent", {"type": kind, **button}) for kind in ("mousePressed", "mouseReleased")]
    tab.loop.run(tab.page.dispatch(events))


def test_elements_in_frames_follow_the_frame_that_holds_them(open_tab: OpenTab) -> None:
    observation = open_tab("frames").observe()
    names = [e.name for e in observation.elements if e.role in ("button", "iframe")]
    assert names[:7] == ["Outside", "Same", "In same", "Below", "Inline", "In srcdoc", "Nested"]
    assert _element(observation, "In same").parent == _element(observation, "Same").id
    assert _element(observation, "Deepest").parent == _element(observation, "Nested").id
    assert "In hidden" not in names
    assert len({element.id for element in observation.elements}) == len(observation.elements)


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("In same", (35, 40, 100, 20)),
        ("Deepest", (220, 70, 66, 21)),
        ("In scaled", (207.5, 135, 50, 10)),
    ],
)
def test_boxes_are_where_frames_are_drawn(open_tab: OpenTab, name: str, box: tuple[float, ...]) -> None:
    element = _element(open_tab("frames").observe(), name)
    assert element.box[:2] == box[:2]
    assert element.box[2:] == pytest.approx(box[2:], abs=8 if name == "Deepest" else 0)


def test_what_a_frame_cuts_off_is_not_visible(open_tab: OpenTab) -> None:
    elements = open_tab("frames").observe().elements
    shown = {element.name: element.visible for element in elements}
    assert shown["In same"]
    assert not shown["Below"]
    assert not shown["In under"]
    assert not next(e for e in elements if e.role == "textbox" and e.box[0] == 305).visible, "cut off outside the frame"


def test_sandboxed_frames_are_seen(open_tab: OpenTab) -> None:
    observation = open_tab("frames").observe()
    sandboxed = _element(observation, "Sandboxed")
    inside = [element.name for element in observation.elements if element.parent == sandboxed.id]
    assert inside == ["", "Field", "Below"], "its script did not run"


def test_frames_of_other_origins_are_seen(open_tab: OpenTab, site: str) -> None:
    tab = open_tab("blank")
    _add_frame(tab, f"src={site.replace('127.0.0.1', 'localhost')}/inner.html?far")
    button = tab.named("In far")
    _press(tab, button.id)
    assert tab.observe().element(button.id).name == "Pressed far"


@pytest.mark.parametrize("name", ["In same", "In scaled", "In under", "In cut"])
def test_elements_in_frames_can_be_aimed_at(open_tab: OpenTab, name: str) -> None:
    tab = open_tab("frames")
    button = tab.named(name)
    _press(tab, button.id)
    assert tab.observe().element(button.id).name == name.replace("In", "Pressed")


def test_an_element_is_found_in_its_frame(open_tab: OpenTab) -> None:
    tab = open_tab("frames")
    observation = tab.observe()
    frames = tab.page.frames
    assert tab.loop.run(frame_of(tab.page, _element(observation, "Outside").id)) == frames[0]
    assert tab.loop.run(frame_of(tab.page, _element(observation, "Deepest").id)).parent not in (None, 0)
    frame, place = tab.loop.run(frame_at(tab.page, (225, 75)))
    assert (frames.index(frames[frame.parent]) > 0, place) == (True, (10, 10))
    assert tab.loop.run(frame_at(tab.page, (5, 5))) == (frames[0], (5, 5))


def test_focus_is_followed_into_frames(open_tab: OpenTab) -> None:
    tab = open_tab("frames")
    field = next(e for e in tab.observe().elements if e.name == "Field" and e.visible)
    _press(tab, field.id)
    tab.loop.run(tab.page.dispatch([("Input.insertText", {"text": "typed"})]))
    observation = tab.observe()
    assert observation.focus == field.id
    assert observation.element(field.id).value == "typed"
    assert tab.evidence().form_values["same"] == "typed"
    assert "In srcdoc" in tab.evidence().text


def test_ids_stay_when_frames_come_and_go(open_tab: OpenTab) -> None:
    tab = open_tab("frames")
    before = tab.observe()
    tab.evaluate("document.querySelector('iframe').remove()")
    _add_frame(tab, "title=New srcdoc='<button>Fresh</button>'")
    after = tab.observe()
    assert _element(after, "Deepest").id == _element(before, "Deepest").id
    assert len({element.id for element in after.elements}) == len(after.elements)
    assert _element(after, "Fresh").id not in {element.id for element in before.elements}


def test_a_covered_frame_covers_what_is_in_it(open_tab: OpenTab) -> None:
    tab = open_tab("frames")
    cover = "<div style='position: absolute; left: 0; top: 25px; width: 190px; height: 100px'>Cover</div>"
    tab.evaluate(f"document.body.insertAdjacentHTML('beforeend', {cover!r})".replace("\n", ""))
    observation = tab.observe()
    assert "covered" in _element(observation, "In same").states
    assert "covered" not in _element(observation, "In srcdoc").states


def test_frames_in_shadow_trees_are_seen(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("""new Promise((done) => {
        const root = document.body.attachShadow({ mode: "closed" });
        root.innerHTML = "<iframe title=Shaded srcdoc='<button>In shade</button>'></iframe>";
        root.firstChild.onload = () => done(1);
    })""")
    names = [element.name for element in tab.observe().elements]
    assert names == ["Shaded", "In shade"]
