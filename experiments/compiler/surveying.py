"""Reads what a page offers that an observation does not hold: its forms, what it states as data, where links lead."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from browser_env.errors import BrowserCrashedError, InfraError
from browser_env.page import Page
from experiments.compiler.addresses import is_sound
from experiments.compiler.graph import Control, Fact, Form

UNSOUND = "leads to no sound address"
UNREAD = "sends a form that is one of too many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a link leads."""

    url: str  # absolute
    download: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a page offers; ids are those of its last observation."""

    forms: tuple[Form, ...] = ()  # one without method and action holds the controls that belong to no form
    facts: tuple[Fact, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)  # by the ids of their elements
    closed: Mapping[str, str] = field(default_factory=dict)  # ids of links and buttons that are left alone -> why
    goes_on: bool = False  # a table, a list or a feed says that it has more than the page holds

    def without(self, closed: Iterable[tuple[Form, str]]) -> Survey:
        """Return the survey without some forms, whose buttons are left alone for the reasons given."""
        reasons = list(closed)
        buttons = {id_: reason for form, reason in reasons for id_ in form.submits}
        kept = tuple(form for form in self.forms if form not in [gone for gone, _ in reasons])
        return replace(self, forms=kept, closed={**self.closed, **buttons})


async def survey(page: Page) -> Survey:
    """Survey a page that has just been observed, its frames included; a frame that cannot be read is left out."""
    forms: list[Form] = []
    facts: list[Fact] = []
    links: dict[str, Link] = {}
    closed: dict[str, str] = {}
    goes_on = False
    for frame in page.frames:
        try:
            found = read(json.loads(await frame.evaluate(_script())))
        except BrowserCrashedError:
            raise
        except InfraError:
            continue
        forms += found.forms
        facts += found.facts
        links |= found.links
        closed |= found.closed
        goes_on = goes_on or found.goes_on
    return Survey(forms=tuple(forms), facts=tuple(facts), links=links, closed=closed, goes_on=goes_on)


def read(data: Mapping[str, Any]) -> Survey:
    """Return a survey from what the page script found, without links and forms that lead to no sound address."""
    forms = tuple(_form(form) for form in data["forms"])
    links = {id_: Link(url=url, download=download) for id_, url, download in data["links"]}
    found = Survey(
        forms=forms,
        facts=tuple(dict.fromkeys(Fact(**fact) for fact in data["facts"])),
        links={id_: link for id_, link in links.items() if is_sound(link.url)},
        closed={id_: UNSOUND for id_, link in links.items() if not is_sound(link.url)}
        | dict.fromkeys(data["unread"], UNREAD),
        goes_on=data["goes_on"],
    )
    return found.without((form, UNSOUND) for form in forms if form.method and not is_sound(form.action))


def _form(data: Mapping[str, Any]) -> Form:
    controls = tuple(
        Control(**{**control, "options": tuple((value, label) for value, label in control["options"])})
        for control in data["controls"]
    )
    named = tuple((id_, name, value) for id_, name, value in data["named"])
    submits = tuple(data["submits"])
    return Form(**{**data, "controls": controls, "submits": submits, "named": named})


@functools.cache
def _script() -> str:
    return (Path(__file__).parent / "js" / "survey.js").read_text(encoding="utf-8")
