from dataclasses import replace

from browser_env.action import Point
from browser_env.observation import Element, Observation
from experiments.studio.aim import choices, list_of, resolve, takes_text


def seen(*elements: Element, focus: str | None = None) -> Observation:
    return Observation(goal="", elements=elements, focus=focus, viewport=(200, 200))


def element(number: int, role: str, box: tuple[float, float, float, float], **more: object) -> Element:
    return Element(id=f"e{number}", role=role, box=box, **more)  # type: ignore[arg-type]


def test_the_smallest_element_is_meant() -> None:
    link, button = element(1, "link", (0, 0, 100, 100)), element(2, "button", (60, 60, 20, 20))
    assert resolve(seen(link, button), 70, 70) == "e2"
    assert resolve(seen(link, button), 5, 5) == "e1"


def test_a_point_stays_a_point_where_the_middle_means_another_element() -> None:
    link, button = element(1, "link", (0, 0, 100, 100)), element(2, "button", (40, 40, 20, 20))
    assert resolve(seen(link, button), 5, 5) == Point(5.0, 5.0)


def test_a_point_stays_a_point_where_the_middle_is_off_screen_or_covered() -> None:
    assert resolve(seen(element(1, "button", (0, 150, 50, 200))), 5, 160) == Point(5.0, 160.0)
    assert resolve(seen(element(1, "button", (0, 0, 50, 20), states=("covered",))), 5, 5) == Point(5.0, 5.0)


def test_where_in_a_picture_matters() -> None:
    assert resolve(seen(element(1, "img", (0, 0, 50, 50))), 25, 25) == Point(25.0, 25.0)
    assert resolve(seen(), 25.26, 25) == Point(25.3, 25.0)


def test_what_is_in_a_button_or_a_link_is_the_button_or_the_link() -> None:
    button, icon = element(1, "button", (0, 0, 40, 20)), element(2, "generic", (2, 2, 16, 16), parent="e1")
    assert resolve(seen(button, icon), 5, 5) == "e1"
    card, picture = element(1, "link", (0, 0, 100, 100)), element(2, "img", (10, 10, 80, 80), parent="e1")
    assert resolve(seen(card, picture), 80, 20) == "e1"
    field, line = element(1, "textbox", (0, 0, 100, 100)), element(2, "paragraph", (0, 0, 100, 80), parent="e1")
    assert resolve(seen(field, line), 80, 20) == Point(80.0, 20.0), "where the caret goes"


def test_where_somebody_clicks_into_a_text_matters() -> None:
    assert resolve(seen(element(1, "textbox", (0, 0, 100, 20))), 5, 5) == "e1"
    field = element(1, "textbox", (0, 0, 100, 20), value="world", states=("editable",))
    assert resolve(seen(field), 5, 5) == Point(5.0, 5.0)
    assert resolve(seen(element(1, "combobox", (0, 0, 100, 20), value="red")), 5, 5) == "e1", "a list"
    assert resolve(seen(element(1, "spinbutton", (0, 0, 100, 20))), 95, 5) == Point(95.0, 5.0)


def test_a_control_of_its_own_within_a_link_is_not_the_link() -> None:
    card, star = element(1, "link", (0, 0, 100, 100)), element(2, "generic", (80, 0, 20, 20), parent="e1")
    star = replace(star, states=("clickable",))
    assert resolve(seen(card, star), 85, 5) == Point(85.0, 5.0)


def test_texts_that_act_and_small_boxes_are_meant_as_a_whole() -> None:
    text = element(1, "generic", (0, 0, 120, 12), name="Details", states=("clickable",))
    assert resolve(seen(text), 100, 5) == "e1"
    assert resolve(seen(element(1, "generic", (0, 0, 52, 52))), 5, 5) == "e1"
    assert resolve(seen(element(1, "generic", (0, 0, 150, 150), states=("clickable",))), 5, 5) == Point(5.0, 5.0)
    assert resolve(seen(element(1, "paragraph", (0, 0, 150, 12), name="Words")), 5, 5) == Point(5.0, 5.0)


def test_the_options_of_a_closed_list_are_not_on_the_page() -> None:
    box = (10.0, 10.0, 60.0, 20.0)
    folded = [element(2, "option", box, parent="e1", name="red"), element(3, "option", box, parent="e1", name="blue")]
    page = seen(element(1, "combobox", box), *folded)
    assert resolve(page, 30, 20) == "e1"
    assert choices(page, "e1") == ("red", "blue")
    assert choices(page, Point(1, 1)) == ()
    assert list_of(page, "e3") == "e1"


def test_what_has_the_focus_takes_text_unless_it_is_locked() -> None:
    box = (0.0, 0.0, 9.0, 9.0)
    assert takes_text(seen(element(1, "textbox", box), focus="e1"))
    assert takes_text(seen(element(1, "generic", box, states=("editable",)), focus="e1"))
    assert not takes_text(seen(element(1, "textbox", box, states=("readonly",)), focus="e1"))
    assert not takes_text(seen(element(1, "button", box), focus="e1"))
    assert not takes_text(seen())
