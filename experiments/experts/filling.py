"""Tasks in which texts are typed."""

from __future__ import annotations

from browser_env.action import Action, Type
from browser_env.observation import Observation
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


EXPERTS: dict[str, Expert] = {
    "enter-text": enter_text,
    "login-user": login_user,
}
