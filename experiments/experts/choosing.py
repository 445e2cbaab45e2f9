"""Tasks in which something is checked or selected, and sent."""

from __future__ import annotations

import re

from browser_env.action import Action, Select
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, named, of_role, submit


def click_checkboxes(observation: Observation) -> Action:
    """Check every named box, then submit."""
    match = re.fullmatch(r"Select (.*) and click Submit\.", observation.goal)
    wanted = match[1].split(", ") if match else []
    for box in of_role(observation, "checkbox"):
        if box.name in wanted and "checked" not in box.states:
            return click(box)
    return submit(observation)


def click_option(observation: Observation) -> Action:
    """Choose the named radio button, then submit."""
    match = re.fullmatch(r"Select (.*) and click Submit\.", observation.goal)
    option = named(observation, match[1] if match else "", role="radio")
    return submit(observation) if option and "checked" in option.states else click(option)


def choose_list(observation: Observation) -> Action:
    """Choose the named option, then submit."""
    match = re.fullmatch(r"Select (.*) from the list and click Submit\.", observation.goal)
    wanted = match[1] if match else ""
    choices = of_role(observation, "combobox")[0]
    return submit(observation) if choices.value == wanted else Select(choices.id, (wanted,))


def click_scroll_list(observation: Observation) -> Action:
    """Choose the named options, one more at a time, then submit."""
    match = re.fullmatch(r"Select (.*) from the scroll list and click Submit\.", observation.goal)
    named_ones = match[1].split(", ") if match else []
    options = [option for option in of_role(observation, "option") if option.name in named_ones]
    missing = [option for option in options if "selected" not in option.states]
    if not missing:
        return submit(observation)
    chosen = tuple(option.name for option in options if option not in missing[1:])
    return Select(of_role(observation, "listbox")[0].id, chosen)


EXPERTS: dict[str, Expert] = {
    "click-checkboxes": click_checkboxes,
    "click-checkboxes-large": click_checkboxes,
    "click-checkboxes-transfer": click_checkboxes,
    "click-option": click_option,
    "choose-list": choose_list,
    "click-scroll-list": click_scroll_list,
}
