"""Tasks in which a value is entered in the form that its field takes."""

from __future__ import annotations

import re

from browser_env.action import Action, Click, Press, Type
from browser_env.fields import same_moment
from browser_env.observation import Observation
from experiments.experts.seeing import COLORS, Expert, click, color_at, enter, named, of_role, quoted, submit


def enter_password(observation: Observation) -> Action:
    """Type the quoted password into each field that does not hold as many characters, then submit."""
    password = quoted(observation)[0]
    for field in of_role(observation, "textbox"):
        if len(field.value) != len(password):
            return Type(field.id, password)
    return submit(observation)


def login_user_popup(observation: Observation) -> Action:
    """Decline what pops up; type user name and password, then log in."""
    decline = named(observation, "Cancel", role="button")
    if decline is not None:
        return Click(decline.id)
    for field, text in zip(of_role(observation, "textbox"), quoted(observation), strict=True):
        if len(field.value) != len(text):
            return Type(field.id, text)
    return click(named(observation, "OK", role="button"))


def enter_time(observation: Observation) -> Action:
    """Type the goal's time, then submit."""
    match = re.search(r"\d+:\d\d [AP]M", observation.goal)
    return _enter_moment(observation, "time", match[0] if match else "12:00 AM")


def enter_date(observation: Observation) -> Action:
    """Type the goal's date, then submit."""
    match = re.search(r"\d\d/\d\d/\d{4}", observation.goal)
    return _enter_moment(observation, "date", match[0] if match else "01/01/2010")


def enter_text_2(observation: Observation) -> Action:
    """Type the quoted text in the case that the goal names, then submit."""
    text = quoted(observation)[0]
    cased = text.upper() if "upper case" in observation.goal else text.lower()
    return enter(observation, of_role(observation, "textbox")[0], cased)


def use_spinner(observation: Observation) -> Action:
    """Press the upper or the lower button until the number is there, then submit."""
    match = re.match(r"Select (-?\d+) with", observation.goal)
    wanted = int(match[1]) if match else 0
    value = int(of_role(observation, "spinbutton")[0].value)
    up, down = of_role(observation, "button")[:2]
    return submit(observation) if value == wanted else click(up if value < wanted else down)


def use_colorwheel(observation: Observation) -> Action:
    """Type the named colour, then submit by keys: the picker covers the button."""
    match = re.match(r"Select (\w+) with", observation.goal)
    return _enter_color(observation, COLORS[match[1] if match else "black"])


def use_colorwheel_2(observation: Observation) -> Action:
    """Type the colour of the square in the goal, then submit by keys."""
    square = next(element for element in of_role(observation, "generic") if not element.name)
    return _enter_color(observation, color_at(observation, square))


def _enter_color(observation: Observation, color: tuple[int, ...]) -> Action:
    """Type a colour in hexadecimal digits, go on to the button, press it."""
    field = of_role(observation, "textbox")[0]
    text = "".join(f"{channel:02X}" for channel in color)
    if field.value != text:
        return Type(field.id, text)
    return Press("Tab" if "focused" in field.states else "Enter")


def _enter_moment(observation: Observation, kind: str, text: str) -> Action:
    """Type a date or a time into the only field, then submit."""
    field = of_role(observation, "textbox")[0]
    return submit(observation) if same_moment(kind, field.value, text) else Type(field.id, text)


EXPERTS: dict[str, Expert] = {
    "enter-password": enter_password,
    "enter-text-2": enter_text_2,
    "enter-time": enter_time,
    "enter-date": enter_date,
    "login-user-popup": login_user_popup,
    "use-colorwheel": use_colorwheel,
    "use-colorwheel-2": use_colorwheel_2,
    "use-spinner": use_spinner,
}
