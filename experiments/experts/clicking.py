"""Tasks in which the right thing is clicked."""

from __future__ import annotations

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, named, of_role, ordinal, quoted


def click_test_2(observation: Observation) -> Action:
    """Click the button whose name the goal ends with."""
    return click(named(observation, observation.goal.rstrip(".").split()[-1], role="button"))


def click_named_button(observation: Observation) -> Action:
    """Click the button that the goal quotes."""
    return click(named(observation, quoted(observation)[0], role="button"))


def click_dialog_2(observation: Observation) -> Action:
    """Click the quoted button of the dialog; "x" is the one in its title bar."""
    label = quoted(observation)[0]
    return click(named(observation, {"x": "Close"}.get(label, label), role="button"))


def click_tab_2(observation: Observation) -> Action:
    """Click the quoted link where it is shown; otherwise open the next tab."""
    link = named(observation, quoted(observation)[0], role="generic")
    if link is not None:
        return click(link)
    tabs = [element for element in observation.elements if element.name.startswith("Tab #") and element.role != "tab"]
    tabs = tabs or of_role(observation, "tab")
    shown = next((i for i, tab in enumerate(tabs) if {"selected", "focused"} & set(tab.states)), 0)
    return click(tabs[(shown + 1) % len(tabs)])


def focus_text_2(observation: Observation) -> Action:
    """Click the input that the goal counts."""
    return click(of_role(observation, "textbox")[ordinal(observation)])


def click_only_button(observation: Observation) -> Action:
    """Click the first button there is."""
    return click(of_role(observation, "button")[0])


def click_button_sequence(observation: Observation) -> Action:
    """Click button ONE, and once that has the focus button TWO."""
    one, two = (named(observation, name, role="button") for name in ("ONE", "TWO"))
    return click(two if one is not None and "focused" in one.states else one)


def click_link(observation: Observation) -> Action:
    """Click the link that the goal quotes."""
    return click(named(observation, quoted(observation)[0], role="generic"))


def click_tab(observation: Observation) -> Action:
    """Click the tab that the goal ends with."""
    return click(named(observation, observation.goal.removeprefix("Click on ").rstrip("."), role="tab"))


def click_widget(observation: Observation) -> Action:
    """Click a control of the quoted kind; an area for text is higher than a line for it."""
    kind = quoted(observation)[0]
    if kind not in ("text", "textarea"):
        return click(next(iter(of_role(observation, kind)), None))
    fields = of_role(observation, "textbox")
    return click(next((field for field in fields if (field.box[3] > 23) == (kind == "textarea")), None))


def focus_text(observation: Observation) -> Action:
    """Click the only input."""
    return click(of_role(observation, "textbox")[0])


def click_ascending_numbers(observation: Observation) -> Action:
    """Click the first figure that is left: they are listed in order and go when clicked."""
    return click(next(iter(of_role(observation, "graphics-symbol")), None))


EXPERTS: dict[str, Expert] = {
    "ascending-numbers": click_ascending_numbers,
    "click-test": click_only_button,
    "click-test-2": click_test_2,
    "click-test-transfer": click_test_2,
    "click-button": click_named_button,
    "click-button-sequence": click_button_sequence,
    "click-dialog": click_only_button,
    "click-dialog-2": click_dialog_2,
    "click-link": click_link,
    "click-tab": click_tab,
    "click-tab-2": click_tab_2,
    "click-tab-2-easy": click_link,
    "click-tab-2-medium": click_tab_2,
    "click-tab-2-hard": click_tab_2,
    "click-widget": click_widget,
    "focus-text": focus_text,
    "focus-text-2": focus_text_2,
    "unicode-test": click_named_button,
}
