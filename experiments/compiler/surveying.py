"""Reads what a page offers that an observation does not hold: its forms, what it states as data, where links lead."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser_env.errors import BrowserCrashedError, InfraError
from browser_env.page import Page
from experiments.compiler.addresses import is_sound
from experiments.compiler.graph import Control, Fact, Form


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
    astray: frozenset[str] = frozenset()  # ids of links and buttons whose address nobody can make out
    status: int = 0  # of the answer that the page's document is; 0: not known


async def survey(page: Page) -> Survey:
    """Survey a page that has just been observed, its frames included; a frame that cannot be read is left out."""
    forms: list[Form] = []
    facts: list[Fact] = []
    links: dict[str, Link] = {}
    astray: frozenset[str] = frozenset()
    status = 0
    for number, frame in enumerate(page.frames):
        try:
            found = read(json.loads(await frame.evaluate(_script())))
        except BrowserCrashedError:
            raise
        except InfraError:
            continue
        forms += found.forms
        facts += found.facts
        links |= found.links
        astray |= found.astray
        status = status if number else found.status
    return Survey(forms=tuple(forms), facts=tuple(facts), links=links, astray=astray, status=status)


def read(data: Mapping[str, Any]) -> Survey:
    """Return a survey from what the page script found, without links and forms that lead to no sound address."""
    forms = [_form(form) for form in data["forms"]]
    links = {id_: Link(url=url, download=download) for id_, url, download in data["links"]}
    lost = [form for form in forms if form.method and not is_sound(form.action)]
    astray = {id_ for id_, link in links.items() if not is_sound(link.url)}
    return Survey(
        forms=tuple(form for form in forms if form not in lost),
        facts=tuple(dict.fromkeys(Fact(**fact) for fact in data["facts"])),
        links={id_: link for id_, link in links.items() if id_ not in astray},
        astray=frozenset(astray.union(*(form.submits for form in lost))),
        status=data["status"],
    )


def _form(data: Mapping[str, Any]) -> Form:
    controls = tuple(
        Control(**{**control, "options": tuple((value, label) for value, label in control["options"])})
        for control in data["controls"]
    )
    return Form(method=data["method"], action=data["action"], controls=controls, submits=tuple(data["submits"]))


@functools.cache
def _script() -> str:
    return (Path(__file__).parent / "js" / "survey.js").read_text(encoding="utf-8")
