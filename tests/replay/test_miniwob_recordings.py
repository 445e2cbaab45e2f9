from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from browser_env.action import Click, DoubleClick, Drag, Point, Press, Scroll, Select, Type
from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.observation import STATES
from replay.miniwob_recordings import ImportReport, RecordingError, import_recording, import_recordings
from rewards.outcome import Outcome

NAME = "batch-one/click-things/click-things_1.json.gz"
Dom = dict[str, Any]
State = dict[str, Any]


def node(tag: str, ref: int, *children: Dom, box: tuple[float, ...] = (0, 50, 100, 20), **more: Any) -> Dom:
    left, top, width, height = box
    place = {"left": left, "top": top, "width": width, "height": height}
    return {"tag": tag, "ref": ref, "children": list(children), "id": "", "classes": "", **place, **more}


def body(*children: Dom, ref: int = 1) -> Dom:
    return node("BODY", ref, *children, box=(0, 0, 800, 210))


def find(dom: Dom, ref: int) -> Dom | None:
    return dom if dom["ref"] == ref else next((hit for child in dom["children"] if (hit := find(child, ref))), None)


def changed(dom: Dom, ref: int, /, **changes: Any) -> Dom:
    """Return the page with an element changed."""
    result = copy.deepcopy(dom)
    target = find(result, ref)
    assert target is not None
    target.update(changes)
    return result


def event(dom: Dom, ref: int | None, kind: str, **details: Any) -> list[State]:
    """Return the states of both phases of an event that the element receives."""
    marked = dom if ref is None else changed(dom, ref, recordingTarget=True)
    return [{"time": 5, "dom": marked, "action": {"type": kind, "timing": timing, **details}} for timing in (1, 3)]


def press(
    dom: Dom, ref: int | None, *, x: float = 10, y: float = 60, to: tuple[float, float] | None = None
) -> list[State]:
    up = {"x": x, "y": y} if to is None else {"x": to[0], "y": to[1]}
    return [
        *event(dom, ref, "mousedown", x=x, y=y),
        *event(dom, ref, "mouseup", **up),
        *event(dom, ref, "click", **up),
    ]


def key(dom: Dom, ref: int, code: int, char: int = 0) -> list[State]:
    pressed = event(dom, ref, "keypress", keyCode=char, charCode=char) if char else []
    return [
        *event(dom, ref, "keydown", keyCode=code, charCode=0),
        *pressed,
        *event(dom, ref, "keyup", keyCode=code, charCode=0),
    ]


def recording(states: list[State], first: Dom | None = None, **more: Any) -> Dom:
    first_state = {"time": 0, "dom": first or states[0]["dom"], "action": None}
    return {"utterance": "Do it.", "taskName": "click-things", "rawReward": 1, "states": [first_state, *states], **more}


def packed(document: Any) -> bytes:
    return gzip.compress(json.dumps(document).encode(), mtime=0)


def imported(states: list[State], **more: Any) -> Episode:
    return import_recording(NAME, packed(recording(states, **more)), consent="consent-1")


def actions(states: list[State], **more: Any) -> list[object]:
    return [step.action for step in imported(states, **more).steps]


def after(dom: Dom) -> list[State]:
    """Return a last state, without an event, that shows the page after all effects."""
    return [{"time": 900, "dom": dom, "action": {"type": "click", "timing": 3, "x": 0, "y": 0}}]


FORM = body(
    node(
        "DIV",
        2,
        node("INPUT_text", 3, box=(0, 50, 100, 20), value="", text=""),
        node("INPUT_text", 4, box=(0, 80, 100, 20), value="", text=""),
        node("BUTTON", 5, box=(0, 110, 60, 20), text="Submit"),
    )
)


def focused(dom: Dom, ref: int) -> Dom:
    return changed(dom, ref, focused=True)


def test_a_click_becomes_a_step_with_the_page_before_it() -> None:
    pressed = changed(FORM, 5, text="Done")
    episode = imported([*press(FORM, 5), *after(pressed)])
    (step,) = episode.steps
    assert step.action == Click("e3")
    assert step.observation.element("e3").name == "Submit"  # type: ignore[union-attr]
    assert episode.final.element("e3").name == "Done"  # type: ignore[union-attr]


def test_the_episode_tells_task_source_outcome_and_consent() -> None:
    episode = imported([*press(FORM, 5), *after(FORM)])
    assert (episode.task.name, episode.task.suite) == ("miniwob/click-things", "miniwob")
    assert episode.task.url == "http://miniwob.test/miniwob/click-things.html"
    assert episode.task.verifier.name == "page_reward"
    assert (episode.source, episode.seed, episode.consent) == (Source.HUMAN, -1, "consent-1")
    assert (episode.outcome, episode.reward) == (Outcome.SUCCESS, 1.0)
    assert (episode.evidence.page_done, episode.evidence.page_reward) == (True, 1)
    assert episode.cost.wall_s == pytest.approx(0.9)
    assert episode.cost.steps == 1
    assert episode.tags == ("miniwob-recordings", "batch-one")
    assert episode.final.goal == "Do it."
    assert episode.final.screenshot is None


@pytest.mark.parametrize("raw", [-1, 0, 0.5])
def test_less_than_the_full_reward_is_a_failure(raw: float) -> None:
    episode = imported(press(FORM, 5), rawReward=raw)
    assert (episode.outcome, episode.reward, episode.evidence.page_reward) == (Outcome.FAILURE, 0.0, raw)


def test_the_id_depends_on_the_content_only() -> None:
    document = recording(press(FORM, 5))
    plain = import_recording("a/b/c.json", json.dumps(document).encode(), consent="one")
    zipped = import_recording("x/y/z.json.gz", packed(document), consent="two")
    assert plain.id == zipped.id
    assert plain.id != imported(press(FORM, 3)).id


def test_a_missing_task_name_is_the_folders() -> None:
    document = recording(press(FORM, 5))
    del document["taskName"]
    episode = import_recording("batch/enter-text/a.json.gz", packed(document), consent="c")
    assert episode.task.name == "miniwob/enter-text"
    with pytest.raises(RecordingError, match="no task name"):
        import_recording("a.json.gz", packed(document), consent="c")


@pytest.mark.parametrize("utterance", ["Do  it.\n", {"utterance": "Do it.", "fields": {}}, '{"utterance": "Do it."}'])
def test_the_goal_may_be_wrapped(utterance: Any) -> None:
    assert imported(press(FORM, 5), utterance=utterance).final.goal == "Do it."


def test_people_must_have_consented() -> None:
    with pytest.raises(DataError, match="consent"):
        import_recording(NAME, packed(recording(press(FORM, 5))), consent="")


def typed_a() -> list[State]:
    on = focused(FORM, 3)
    return [*press(FORM, 3), *key(on, 3, 65, 97), *key(changed(on, 3, value="a"), 3, 66, 98)]


def test_typing_is_one_action_and_swallows_the_click_that_focuses() -> None:
    filled = changed(focused(FORM, 3), 3, value="ab")
    wrong = changed(filled, 3, value="abx")
    states = [*typed_a(), *key(filled, 3, 88, 120), *key(wrong, 3, 8), *press(filled, 5)]
    episode = imported(states)
    assert [step.action for step in episode.steps] == [Type("e1", "ab"), Click("e3")]
    assert episode.steps[0].observation.focus is None
    assert episode.steps[1].observation.element("e1").value == "ab"  # type: ignore[union-attr]


def test_a_click_that_only_focuses_stays_where_nothing_is_typed() -> None:
    assert actions([*press(FORM, 3), *press(focused(FORM, 3), 5)]) == [Click("e1"), Click("e3")]


def test_a_paste_counts_as_typing() -> None:
    on = focused(FORM, 3)
    pasted = changed(on, 3, value="pasted")
    control = event(on, 3, "keydown", keyCode=17, charCode=0)
    states = [*press(FORM, 3), *control, *event(on, 3, "keydown", keyCode=86, charCode=0), *press(pasted, 5)]
    assert actions(states) == [Type("e1", "pasted"), Click("e3")]


def test_enter_is_a_press_and_tab_only_where_the_next_key_needs_it() -> None:
    filled = changed(focused(FORM, 3), 3, value="ab")
    second = focused(changed(FORM, 3, value="ab"), 4)
    both = changed(second, 4, value="c")
    done = focused(changed(changed(FORM, 3, value="ab"), 4, value="c"), 5)
    states = [*typed_a(), *key(filled, 3, 9), *key(second, 4, 67, 99)]
    assert actions([*states, *key(both, 4, 13)]) == [Type("e1", "ab"), Type("e2", "c"), Press("Enter")]
    expected = [Type("e1", "ab"), Type("e2", "c"), Press("Tab"), Press("Space")]
    assert actions([*states, *key(both, 4, 9), *key(done, 5, 32, 32)]) == expected


def test_keys_elsewhere_are_presses_unless_nothing_comes_of_them() -> None:
    box = body(node("DIV", 2, text="score 0"))
    moved = changed(box, 2, text="score 1")
    assert actions([*key(box, 1, 40), *key(moved, 1, 39), *press(moved, 2)]) == [Press("ArrowDown"), Click("e1")]


def test_a_chord_names_its_modifiers() -> None:
    on = focused(FORM, 5)
    states = [
        *event(on, 5, "keydown", keyCode=17),
        *event(on, 5, "keydown", keyCode=65),
        *event(on, 5, "keyup", keyCode=17),
    ]
    assert actions([*states, *key(on, 5, 65, 97)]) == [Press("Control+a"), Press("a")]


def test_a_moved_press_is_a_drag_but_on_a_button_a_click() -> None:
    page = body(node("DIV", 2, text="box"), node("BUTTON", 3, box=(0, 80, 60, 20), text="Go"))
    assert actions(press(page, 2, to=(60, 65))) == [Drag((Point(10, 60), Point(60, 65)))]
    assert actions(press(page, 2, to=(12, 61))) == [Click("e1")]
    assert actions(press(page, 3, y=85, to=(30, 85))) == [Click("e2")]


def test_a_double_click_is_one_action_unless_its_first_click_did_something() -> None:
    page = body(node("SPAN", 2, text="1"))
    second = changed(page, 2, text="2")
    double = event(page, 2, "dblclick", x=10, y=60)
    assert actions([*press(page, 2), *press(page, 2), *double]) == [DoubleClick("e1")]
    double = event(second, 2, "dblclick", x=10, y=60)
    assert actions([*press(page, 2), *press(second, 2), *double]) == [Click("e1"), Click("e1")]


def test_repetitions_without_effect_are_one_action() -> None:
    assert actions([*press(FORM, 5), *press(FORM, 5), *press(FORM, 5)]) == [Click("e3")]


def test_marking_the_goals_text_is_no_action() -> None:
    states = [*press(FORM, None, x=100, y=5, to=(150, 5)), *press(FORM, 1, x=150, y=200), *press(FORM, 5)]
    assert actions(states) == [Click("e3")]


def test_a_click_beside_all_elements_that_does_something_has_a_point() -> None:
    closed = body(node("BUTTON", 5, text="Submit"))
    assert actions([*press(FORM, 1, x=150, y=200), *press(closed, 5)])[0] == Click(Point(150, 200))


def test_a_label_keeps_the_click_that_it_received() -> None:
    box = node("INPUT_checkbox", 3, value=False, text="")
    page = body(node("LABEL", 2, box, node("t", -1, text="apples")))
    checked = changed(page, 3, value=True)
    states = [*press(page, 2), *event(checked, 3, "click", x=10, y=60), *after(checked)]
    episode = imported(states)
    assert [step.action for step in episode.steps] == [Click("e1")]
    label, checkbox = episode.final.elements
    assert (label.role, label.name, checkbox.role, checkbox.name) == ("label", "apples", "checkbox", "apples")
    assert "checked" in checkbox.states
    assert checkbox.parent == label.id


def test_a_scroll_goes_as_far_as_the_content_went() -> None:
    def page(top: float) -> Dom:
        item = node("P", 3, box=(0, top, 100, 20), text="first")
        return body(node("DIV", 2, item, box=(0, 50, 160, 100)), node("BUTTON", 4, box=(0, 150, 60, 20), text="Go"))

    states = [*event(page(41), 2, "scroll"), *press(page(-30), 4)]
    episode = imported(states, first=page(50))
    assert [step.action for step in episode.steps] == [Scroll(Point(80, 100), dy=80.0), Click("e2")]
    assert episode.steps[0].observation.elements[0].box[1] == 50


def listbox(*chosen: str) -> Dom:
    options = [
        node("OPTION", 10 + i, text=name, bgColor="rgb(30, 144, 255)" if name in chosen else "rgba(0, 0, 0, 0)")
        for i, name in enumerate("abc")
    ]
    return body(node("SELECT", 2, *options, box=(0, 50, 100, 90)), node("BUTTON", 3, box=(0, 150, 60, 20), text="Go"))


def test_choosing_in_an_open_list_is_one_select_of_what_is_chosen_in_the_end() -> None:
    control = event(listbox("a"), 2, "keydown", keyCode=17)
    states = [*press(listbox(), 10), *control, *press(listbox("a"), 12), *press(listbox("a", "c"), 3)]
    episode = imported(states)
    assert [step.action for step in episode.steps] == [Select("e1", ("a", "c")), Click("e5")]
    assert [element.role for element in episode.final.elements] == ["listbox", "option", "option", "option", "button"]
    assert episode.final.elements[0].value == "a, c"
    assert "selected" in episode.final.elements[1].states


CLOSED = body(node("SELECT", 2, box=(0, 50, 100, 20)), node("BUTTON", 3, box=(0, 80, 60, 20), text="Go"))


def test_the_choice_in_a_closed_list_comes_from_the_goal_of_a_solved_recording() -> None:
    states = [*press(CLOSED, 2), *event(CLOSED, 2, "mouseup", x=-20, y=-300), *press(focused(CLOSED, 2), 3)]
    goal = "Select Costa Rica from the list and click Submit."
    episode = imported(states, utterance=goal)
    assert [step.action for step in episode.steps] == [Select("e1", ("Costa Rica",)), Click("e2")]
    assert "choice-from-goal" in episode.tags
    with pytest.raises(RecordingError, match="choice not recorded"):
        imported(states, utterance=goal, rawReward=-1)
    with pytest.raises(RecordingError, match="choice not recorded"):
        imported(states)


def test_what_comes_after_the_end_is_no_action_and_keeps_its_ids() -> None:
    renewed = body(*changed(FORM, 5, text="Over")["children"], ref=21)
    for old in (2, 3, 4, 5):
        renewed = changed(renewed, old, ref=old + 20)
    ended = event(renewed, 25, "click", x=10, y=60)[1:]
    episode = imported([*press(FORM, 5), *ended, *press(renewed, 25)])
    assert [step.action for step in episode.steps] == [Click("e3")]
    assert [element.id for element in episode.final.elements] == ["e1", "e2", "e3"]
    assert episode.final.elements[2].name == "Over"


def test_numbers_that_the_page_gives_out_twice_are_two_elements() -> None:
    page = body(node("DIV", 2, node("A", 7, text="one")), node("DIV", 3, node("A", 7, text="two")))
    elements = imported(press(page, 3)).final.elements
    assert [(element.id, element.name) for element in elements] == [("e1", "one"), ("e2", "two")]


def test_elements_follow_the_live_walkers_conventions() -> None:
    page = body(
        node("DIV", 2, node("t", -1, text="Hello"), node("SPAN", 3, text="world", classes="alink")),
        node("LABEL", 4, text="Secret"),
        node("INPUT_password", 5, value="abc", text=""),
        node("INPUT_number", 6, value="7", text="", box=(0, 300, 10, 10)),
        node("LI", 7, node("A", 8, text="Tab #1"), classes="ui-tabs-tab ui-tabs-active"),
        node("svg", 9, node("circle", 10, classes={}), classes={}),
        node("BR", 11),
        node("DIV", 12, box=(0, 0, 0, 0), text="boxless"),
    )
    elements = imported(press(page, 3)).final.elements
    assert [(element.role, element.name, element.value) for element in elements] == [
        ("generic", "Hello", ""),
        ("generic", "world", ""),
        ("label", "Secret", ""),
        ("textbox", "Secret", "\u2022" * 3),
        ("spinbutton", "", "7"),
        ("tab", "Tab #1", ""),
        ("link", "Tab #1", ""),
        ("img", "", ""),
        ("graphics-symbol", "", ""),
    ]
    assert elements[1].parent == elements[0].id
    assert elements[1].states == ("clickable",)
    assert elements[3].states == ("clickable", "editable")
    assert elements[5].states == ("clickable", "expanded", "selected")
    assert [element.visible for element in elements].index(False) == 4
    assert all(set(element.states) <= set(STATES) for element in elements)


def test_a_wrapped_control_has_the_name_of_the_label_before_it() -> None:
    wrapper = node("DIV", 3, node("INPUT_text", 4, value="", text=""))
    elements = imported(press(body(node("LABEL", 2, text="City"), wrapper), 2)).final.elements
    assert [(element.role, element.name) for element in elements] == [("label", "City"), ("textbox", "City")]


def test_an_observation_does_not_give_the_target_away() -> None:
    plain = imported([*press(FORM, 5), *after(FORM)])
    other = imported([*press(FORM, 3), *after(FORM)])
    assert plain.steps[0].observation == other.steps[0].observation


BROKEN: list[tuple[str, bytes]] = [
    ("damaged gzip", packed(recording(press(FORM, 5)))[:-20]),
    ("damaged gzip", b"\x1f\x8bnot gzip"),
    ("not JSON", b"hello"),
    ("not JSON", b"\xff\xfe\x00"),
    ("not JSON", b"[" * 100_000),
    ("not JSON", b"9" * 10_000),
    ("too large", gzip.compress(b" " * (33 * 2**20))),
    ("wrong shape", b"[]"),
    ("wrong shape", packed({"states": {}})),
    ("no states", packed({"states": []})),
    ("wrong shape", packed({"states": [None]})),
    ("wrong shape", packed(recording([{"time": 0, "dom": [], "action": None}], FORM))),
    ("wrong shape", packed(recording([{"time": "0", "dom": FORM, "action": None}]))),
    ("wrong shape", packed(recording([{"time": 0, "dom": FORM, "action": "click"}]))),
    ("wrong shape", packed(recording([{"time": 0, "dom": FORM, "action": {"timing": 1}}]))),
    ("wrong shape", packed(recording(press(changed(FORM, 5, left=float("nan")), 5)))),
    ("wrong shape", packed(recording(press(changed(FORM, 5, width=10**400), 5)))),
    ("wrong shape", packed(recording(press(changed(FORM, 5, tag=None), 5)))),
    ("wrong shape", packed(recording(press(changed(FORM, 5, children=[1]), 5)))),
    ("wrong shape", packed(recording(press(FORM, 5), rawReward=None))),
    ("wrong shape", packed(recording(press(FORM, 5), utterance=None))),
    ("wrong shape", packed(recording(press(FORM, 5), utterance=" "))),
    ("wrong shape", packed(recording(press(FORM, 5), taskName=3))),
    ("no task name", packed(recording(press(FORM, 5), taskName="../../etc"))),
]


@pytest.mark.parametrize(("reason", "data"), BROKEN)
def test_a_broken_recording_has_a_reason(reason: str, data: bytes) -> None:
    with pytest.raises(RecordingError) as caught:
        import_recording(NAME, data, consent="c")
    assert caught.value.reason == reason


def test_a_dom_that_is_nested_too_deeply_is_refused() -> None:
    deep = node("DIV", 2)
    for _ in range(150):
        deep = node("DIV", 2, deep)
    with pytest.raises(RecordingError, match="deeper"):
        import_recording(NAME, packed(recording([], body(deep))), consent="c")


def test_half_a_surrogate_pair_can_be_stored() -> None:
    imported(press(changed(FORM, 5, text="\ud800"), 5)).final.elements[2].name.encode("utf-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=200) | JSON.map(packed))
def test_nothing_but_recording_errors_comes_of_anything(data: bytes) -> None:
    with pytest.raises(RecordingError):
        import_recording(NAME, data, consent="c")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all parts of a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key_, part in parts for place in places(part, (*path, key_)))]


GOOD = json.loads(json.dumps(recording([*typed_a(), *press(focused(FORM, 3), 5)])))
PLACES = places(GOOD)[1:]


@settings(max_examples=200)
@given(st.sampled_from(PLACES), JSON)
def test_one_odd_value_gives_a_sound_episode_or_a_recording_error(place: tuple[Any, ...], odd: Any) -> None:
    document = copy.deepcopy(GOOD)
    part = document
    for key_ in place[:-1]:
        part = part[key_]
    part[place[-1]] = odd
    try:
        episode = import_recording(NAME, packed(document), consent="c")
    except RecordingError:
        return
    for observation in episode.observations:
        ids = [element.id for element in observation.elements]
        assert len(ids) == len(set(ids))
    for step in episode.steps:
        target = getattr(step.action, "target", None)
        assert not isinstance(target, str) or step.observation.element(target)


def test_an_import_counts_what_it_brings_and_what_it_cannot_read(tmp_path: Path) -> None:
    folder = tmp_path / "batch" / "click-things"
    folder.mkdir(parents=True)
    good = packed(recording([*typed_a(), *press(changed(focused(FORM, 3), 3, value="ab"), 5)]))
    (folder / "a.json.gz").write_bytes(good)
    (folder / "b.json.gz").write_bytes(good)
    (folder / "c.json.gz").write_bytes(good[:50])
    (folder / "d.json").write_text(json.dumps(recording(press(FORM, 5), rawReward=-1)))
    (folder / "notes.txt").write_text("hello")
    report, seen = ImportReport(), list[int]()
    episodes = list(import_recordings(tmp_path, consent="c", report=report, progress=seen.append))
    assert [episode.tags[1] for episode in episodes] == ["batch", "batch"]
    assert (report.files, report.episodes, report.successes, report.steps) == (5, 2, 1, 3)
    assert report.actions == {"click": 2, "type": 1}
    assert {reason: [name.split("/")[-1] for name in names] for reason, names in report.failures.items()} == {
        "duplicate": ["b.json.gz"],
        "damaged gzip": ["c.json.gz"],
        "not a recording": ["notes.txt"],
    }
    assert report.tasks == {"miniwob/click-things": {"episodes": 2, "successes": 1, "steps": 3}}
    assert json.loads(json.dumps(report.to_json()))["episodes"] == 2
    assert seen == [1, 2, 3, 4, 5]
