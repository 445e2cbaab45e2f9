"""Tasks at an inbox: an email is starred, deleted, answered or passed on."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from browser_env.action import Action, Type
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, named, of_role, quoted

DELETING = re.compile(r"(?i)\bdelete|\bremove|\bget rid|\btrash|\bthrow|recycling|don't want|take .* out of")
STARRING = re.compile(r"(?i)\bmark|\bstar\b|\bflag|import|imiport")
NAME = r"([A-Z][\w-]+)\b"
RECIPIENTS = (  # how goals say who gets an email, the surest first
    re.compile(r"forward that email to (.+)\.$"),
    re.compile(rf"\bto {NAME}"),
    re.compile(rf"^{NAME} (?:wants|needs|must|is waiting)"),
    re.compile(rf"(?i:\b(?:send|give|forward|email|put|let|want|sure)) {NAME}(?!')"),
    re.compile(rf"\bin {NAME}'s inbox"),
    re.compile(rf"{NAME}\.?$"),
)


class Row(NamedTuple):
    """What the inbox shows of one email."""

    sender: Element
    subject: Element
    body: Element
    trash: Element
    star: Element


def handle_email(observation: Observation) -> Action:
    """Star or delete in the inbox; otherwise open the email, begin the answer, write it and send it."""
    fields = of_role(observation, "textbox")
    if fields:
        wanted = _answer(observation) if len(fields) == 1 else recipient(observation.goal)
        return click(_sending(observation)) if fields[0].value == wanted else Type(fields[0].id, wanted)
    button = named(observation, "Reply" if _answer(observation) else "Forward", role="generic")
    if button is not None and named(observation, "to me", role="generic"):
        return click(button)
    row = _meant(observation)
    if row is None or _answer(observation):
        return click(row and row.subject)
    goal = observation.goal
    return click(row.trash if DELETING.search(goal) else row.star if STARRING.search(goal) else row.subject)


def recipient(goal: str) -> str:
    """Return the name of whom an email is to be passed on to."""
    return next((found[-1] for pattern in RECIPIENTS if (found := pattern.findall(goal))), "")


def _meant(observation: Observation) -> Row | None:
    """Return the email whose sender the goal names; of several, not the recipient's, and the longest name's."""
    goal = observation.goal.replace(f'"{_answer(observation)}"', "")
    rows = [row for row in _inbox(observation) if re.search(rf"{row.sender.name}(?:'?s)?\b", goal)]
    others = [row for row in rows if row.sender.name != recipient(goal)]
    return max(others or rows, key=lambda row: len(row.sender.name), default=None)


def _inbox(observation: Observation) -> list[Row]:
    """Return the emails of the inbox: each ends in two icons side by side."""
    elements = observation.elements
    ends = [i for i, (a, b) in enumerate(pairwise(elements)) if _is_icon(a) and _is_icon(b) and a.box[1] == b.box[1]]
    return [Row(*elements[i - 3 : i + 2]) for i in ends]


def _is_icon(element: Element) -> bool:
    return not element.name and element.role == "generic" and "clickable" in element.states


def _sending(observation: Observation) -> Element | None:
    """Return the icon at the right of the bar above what is written."""
    return max(filter(_is_icon, observation.elements), key=lambda icon: icon.box[0], default=None)


def _answer(observation: Observation) -> str:
    """Return the text that is to be answered with; empty where none is."""
    return next((text for text in quoted(observation) if text.strip()), "")


EXPERTS: dict[str, Expert] = dict.fromkeys(
    (
        "email-inbox",
        "email-inbox-delete",
        "email-inbox-forward",
        "email-inbox-forward-nl",
        "email-inbox-forward-nl-turk",
        "email-inbox-important",
        "email-inbox-nl-turk",
        "email-inbox-noscroll",
        "email-inbox-reply",
        "email-inbox-star-reply",
    ),
    handle_email,
)
