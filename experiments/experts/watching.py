"""Tasks in which what happens on the page is followed."""

from __future__ import annotations

import re

from browser_env.action import Action, Press, Wait
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, color_at, named, of_role

FAR = 3.0  # dollars that a price seldom falls in a second
MARGIN = 5  # within which of the page's sides a circle is not clicked, in CSS px
LIT = 100  # the least channel of a button that is lit is above this


def simon_says(observation: Observation) -> Action:
    """Click each button while it is lit; the focus tells that this is done, until the light is out."""
    lit = [button for button in of_role(observation, "button") if min(color_at(observation, button)) > LIT]
    if not lit:
        return click(observation.elements[0])  # drops the focus, so that the next light is a new one
    return Press("Escape") if "focused" in lit[0].states else click(lit[0])


def stock_market(observation: Observation) -> Action:
    """Buy once the price is below the goal's; wait long only while it is far above, the key passes less time."""
    limit, *prices = (float(price) for price in re.findall(r"\$(\d+\.\d+)", _said(observation)))
    if prices and prices[-1] < limit:
        return click(named(observation, "Buy", role="button"))
    return Wait() if prices and prices[-1] > limit + FAR else Press("Escape")


def chase_circle(observation: Observation) -> Action:
    """Click the circle again and again, so that the pointer stays in it."""
    return click(of_role(observation, "graphics-symbol")[0])


def moving_items(observation: Observation) -> Action:
    """Click the first circle whose middle is on the page; the key does nothing but pass time."""
    width, _ = observation.viewport
    circles = (e for e in of_role(observation, "graphics-symbol") if MARGIN < e.center[0] < width - MARGIN)
    circle = next(circles, None)
    return click(circle) if circle is not None else Press("Escape")


def _said(observation: Observation) -> str:
    """Return all that the page says, the goal first."""
    return " ".join((observation.goal, *(element.name for element in observation.elements[1:])))


EXPERTS: dict[str, Expert] = {
    "chase-circle": chase_circle,
    "moving-items": moving_items,
    "simon-says": simon_says,
    "stock-market": stock_market,
}
