"""Tasks in which what happens on the page is followed."""

from __future__ import annotations

from browser_env.action import Action, Press
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, color_at, of_role

LIT = 100  # the least channel of a button that is lit is above this


def simon_says(observation: Observation) -> Action:
    """Click each button while it is lit; the focus tells that this is done, until the light is out."""
    lit = [button for button in of_role(observation, "button") if min(color_at(observation, button)) > LIT]
    if not lit:
        return click(observation.elements[0])  # drops the focus, so that the next light is a new one
    return Press("Escape") if "focused" in lit[0].states else click(lit[0])


EXPERTS: dict[str, Expert] = {
    "simon-says": simon_says,
}
