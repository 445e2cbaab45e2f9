"""Tasks in which the right thing is clicked."""

from __future__ import annotations

import re

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, named, of_role, quoted


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
    match = re.search(r"(\d)(?:st|nd|rd|th)", observation.goal)
    return click(of_role(observation, "textbox")[int(match[1]) - 1 if match else 0])


EXPERTS: dict[str, Expert] = {
    "click-test-2": click_test_2,
    "click-button": click_named_button,
    "click-dialog-2": click_dialog_2,
    "click-tab-2": click_tab_2,
    "focus-text-2": focus_text_2,
}
