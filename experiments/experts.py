"""Scripted experts: one short function a task, from an observation to the next right action.

They see what a policy sees and nothing else, so what they show can be learned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from browser_env.acting import Decision
from browser_env.action import Action, Click, GiveUp, Select, Type
from browser_env.errors import UsageError
from browser_env.observation import Element, Observation, Screenshot

Expert = Callable[[Observation], Action]

COLORS = {  # CSS colour name -> RGB
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "olive": (128, 128, 0),
    "lime": (0, 255, 0),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "purple": (128, 0, 128),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "pink": (255, 192, 203),
    "magenta": (255, 0, 255),
}


def click_named_button(observation: Observation) -> Action:
    """Click the button that the goal quotes."""
    return _click(_named(observation, _quoted(observation)[0], role="button"))


def click_test_2(observation: Observation) -> Action:
    """Click the button whose name the goal ends with."""
    return _click(_named(observation, observation.goal.rstrip(".").split()[-1], role="button"))


def click_dialog_2(observation: Observation) -> Action:
    """Click the quoted button of the dialog; "x" is the one in its title bar."""
    label = _quoted(observation)[0]
    return _click(_named(observation, {"x": "Close"}.get(label, label), role="button"))


def click_checkboxes(observation: Observation) -> Action:
    """Check every named box, then submit."""
    match = re.fullmatch(r"Select (.*) and click Submit\.", observation.goal)
    wanted = match[1].split(", ") if match else []
    for box in _of_role(observation, "checkbox"):
        if box.name in wanted and "checked" not in box.states:
            return _click(box)
    return _submit(observation)


def click_option(observation: Observation) -> Action:
    """Choose the named radio button, then submit."""
    match = re.fullmatch(r"Select (.*) and click Submit\.", observation.goal)
    option = _named(observation, match[1] if match else "", role="radio")
    return _submit(observation) if option and "checked" in option.states else _click(option)


def click_tab_2(observation: Observation) -> Action:
    """Click the quoted link where it is shown; otherwise open the next tab."""
    link = _named(observation, _quoted(observation)[0], role="generic")
    if link is not None:
        return _click(link)
    tabs = [element for element in observation.elements if element.name.startswith("Tab #") and element.role != "tab"]
    tabs = tabs or _of_role(observation, "tab")
    shown = next((i for i, tab in enumerate(tabs) if {"selected", "focused"} & set(tab.states)), 0)
    return _click(tabs[(shown + 1) % len(tabs)])


def click_color(observation: Observation) -> Action:
    """Click the box that has the named colour, looking at its middle pixel."""
    match = re.fullmatch(r"Click on the (\w+) colored box\.", observation.goal)
    wanted = COLORS.get(match[1] if match else "")
    boxes = [e for e in observation.elements if not e.name and e.box[1] >= 50 and e.box[2] >= 8]
    return _click(next((box for box in boxes if _color_at(observation, box) == wanted), None))


def identify_shape(observation: Observation) -> Action:
    """Click the button that names the figure: its text tells letters and digits, its pixels the shapes."""
    figure = next(e for e in observation.elements if e.role == "graphics-symbol")
    if figure.name:
        return _click(_named(observation, "Number" if figure.name.isdigit() else "Letter", role="button"))
    filled = _fill_fraction(observation, figure)
    shape = "Rectangle" if filled > 0.92 else "Circle" if filled > 0.65 else "Triangle"
    return _click(_named(observation, shape, role="button"))


def focus_text_2(observation: Observation) -> Action:
    """Click the input that the goal counts."""
    match = re.search(r"(\d)(?:st|nd|rd|th)", observation.goal)
    return _click(_of_role(observation, "textbox")[int(match[1]) - 1 if match else 0])


def enter_text(observation: Observation) -> Action:
    """Type the quoted text, then submit."""
    field = _of_role(observation, "textbox")[0]
    text = _quoted(observation)[0]
    return _submit(observation) if field.value == text else Type(field.id, text)


def login_user(observation: Observation) -> Action:
    """Type user name and password, then log in."""
    user, password = _quoted(observation)
    user_field, password_field = _of_role(observation, "textbox")
    if user_field.value != user:
        return Type(user_field.id, user)
    if len(password_field.value) != len(password):
        return Type(password_field.id, password)
    return _click(_named(observation, "Login", role="button"))


def choose_list(observation: Observation) -> Action:
    """Choose the named option, then submit."""
    match = re.fullmatch(r"Select (.*) from the list and click Submit\.", observation.goal)
    wanted = match[1] if match else ""
    choices = _of_role(observation, "combobox")[0]
    return _submit(observation) if choices.value == wanted else Select(choices.id, (wanted,))


EXPERTS: dict[str, Expert] = {
    "miniwob/click-test-2": click_test_2,
    "miniwob/click-button": click_named_button,
    "miniwob/click-dialog-2": click_dialog_2,
    "miniwob/click-checkboxes": click_checkboxes,
    "miniwob/click-option": click_option,
    "miniwob/click-tab-2": click_tab_2,
    "miniwob/click-color": click_color,
    "miniwob/identify-shape": identify_shape,
    "miniwob/focus-text-2": focus_text_2,
    "miniwob/enter-text": enter_text,
    "miniwob/login-user": login_user,
    "miniwob/choose-list": choose_list,
}


class ExpertPolicy:
    """Acts as the expert of one task."""

    version = 0

    def __init__(self, task: str):
        if task not in EXPERTS:
            raise UsageError(f"there is no scripted expert for {task!r}; known are {', '.join(EXPERTS)}")
        self._expert = EXPERTS[task]

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Decide for each observation; experts are deterministic."""
        return [Decision(action=self._expert(observation)) for observation in observations]


def _quoted(observation: Observation) -> list[str]:
    return re.findall(r'"([^"]*)"', observation.goal)


def _of_role(observation: Observation, role: str) -> list[Element]:
    return [element for element in observation.elements if element.role == role]


def _named(observation: Observation, name: str, *, role: str) -> Element | None:
    return next((element for element in _of_role(observation, role) if element.name == name), None)


def _submit(observation: Observation) -> Action:
    return _click(_named(observation, "Submit", role="button"))


def _click(element: Element | None) -> Action:
    return Click(element.id) if element is not None else GiveUp("what the goal names is not on the page")


def _pixels(observation: Observation, element: Element) -> Screenshot:
    assert observation.screenshot is not None, "this expert needs pixels"
    x, y, width, height = element.box
    return observation.screenshot[int(y) : int(np.ceil(y + height)), int(x) : int(np.ceil(x + width))]


def _color_at(observation: Observation, element: Element) -> tuple[int, ...]:
    region = _pixels(observation, element)
    return tuple(int(channel) for channel in region[region.shape[0] // 2, region.shape[1] // 2])


def _fill_fraction(observation: Observation, element: Element) -> float:
    """Return how much of the figure's tight bounding box is not white."""
    inked = _pixels(observation, element).min(axis=2) < 250
    rows, columns = np.flatnonzero(inked.max(axis=1)), np.flatnonzero(inked.max(axis=0))
    return float(inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean())
