"""Tasks in which texts are typed."""

from __future__ import annotations

import re

from browser_env.action import Action, Type
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, quoted, submit


def enter_text(observation: Observation) -> Action:
    """Type the quoted text, then submit."""
    field = of_role(observation, "textbox")[0]
    text = quoted(observation)[0]
    return submit(observation) if field.value == text else Type(field.id, text)


def login_user(observation: Observation) -> Action:
    """Type user name and password, then log in."""
    user, password = quoted(observation)
    user_field, password_field = of_role(observation, "textbox")
    if user_field.value != user:
        return Type(user_field.id, user)
    if len(password_field.value) != len(password):
        return Type(password_field.id, password)
    return click(named(observation, "Login", role="button"))


def search_movies(observation: Observation) -> Action:
    """Type genre, director and year into the fields with these labels nearby, then search."""
    match = re.fullmatch(r"Search for (.*) movies directed by (.*) from year (.*)\.", observation.goal)
    for label, text in zip(("Genre", "Director", "Year|Date"), match.groups() if match else (), strict=False):
        field = _field_beside(observation, label)
        if field.value != text:
            return Type(field.id, text)
    return click(next((e for e in observation.elements if e.name in ("Submit", "Search", "Go!")), None))


def _field_beside(observation: Observation, label: str) -> Element:
    """Return the input that is nearest in height to the text that matches a label."""
    fields = of_role(observation, "textbox")
    text = next(e for e in observation.elements if e not in fields and re.search(label, e.name))
    return min(fields, key=lambda field: abs(field.center[1] - text.center[1]))


EXPERTS: dict[str, Expert] = {
    "enter-text": enter_text,
    "enter-text-dynamic": enter_text,
    "login-user": login_user,
    "multi-layouts": search_movies,
    "multi-orderings": search_movies,
}
