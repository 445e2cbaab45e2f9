"""Tasks on a page of short posts: buttons below the posts of one user are clicked."""

from __future__ import annotations

import re

from browser_env.action import Action
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, pixels, quoted, submit

ICONS = ("Reply", "Retweet", "Like", "Share")  # below each post, from left to right
MENU = 3  # the place of the icon that opens further buttons, where there is such a menu
ICON_WIDTH = 10  # in CSS px; what is narrower is a gap
COLORED = 60  # difference of channels from which a pixel is not grey


def click_post_button(observation: Observation) -> Action:
    """Click the button of the user's post, in its menu where no icon stands for it."""
    label = quoted(observation)[0]
    icons = _posts(observation)[0]
    if label in ICONS[:MENU]:
        return click(icons[ICONS.index(label)])
    wanted = (label, f"{label} {_user(observation)}")
    shown = [element for element in observation.elements if element.role == "listitem" and element.name in wanted]
    return click(shown[0] if shown else icons[MENU])


def click_post_buttons(observation: Observation) -> Action:
    """Click the button of the user's posts from top to bottom, of as many as the goal says, then submit."""
    place = ICONS.index(quoted(observation)[0])
    amount = re.search(r"on (\d+) post", observation.goal)
    icons = [post[place] for post in _posts(observation)][: int(amount[1]) if amount else None]
    return next((click(icon) for icon in icons if not _is_done(observation, icon)), submit(observation))


def _user(observation: Observation) -> str:
    match = re.search(r"@\w+", observation.goal)
    return match[0] if match else ""


def _posts(observation: Observation) -> list[list[Element]]:
    """Return the icons of each of the user's posts, in their order."""
    user = _user(observation)
    listed = [element for element in observation.elements if not element.name or element.name.startswith("@")]
    goal = observation.elements[0].id
    starts = [i for i, element in enumerate(listed) if element.name == user and element.parent != goal]
    return [[e for e in listed[i + 1 : i + 6] if not e.name and e.box[2] >= ICON_WIDTH][:4] for i in starts]


def _is_done(observation: Observation, icon: Element) -> bool:
    """Tell whether an icon is coloured; those scrolled out at the top were done before."""
    if not icon.visible:
        return icon.box[1] < observation.viewport[1] / 2
    seen = pixels(observation, icon).astype(int)
    return bool((seen.max(axis=2) - seen.min(axis=2)).max() > COLORED)


EXPERTS: dict[str, Expert] = {
    "social-media": click_post_button,
    "social-media-all": click_post_buttons,
    "social-media-some": click_post_buttons,
}
