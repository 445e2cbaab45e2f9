"""What a page's elements show together: headings, sections, and values beside their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from browser_env.observation import Element, Observation
from experiments.compiler.texts import BOILERPLATE
from rewards.match import contains_words

PARTS = frozenset(("button", "menuitem", "checkbox", "switch", "combobox", "textbox", "searchbox", "radio"))
WHOLE_CELLS = frozenset({"cell", "gridcell"})  # their names are all that they hold
MORE = re.compile(
    r"\b(next|previous|prev|older|newer|(load|show|view|see) more|more results|page \d+|rows per page)\b"
    r"|^(show|view|see) all( \d+)?( (results|rows|items|entries))?$"
    r"|\b\d[\d,]*\s*(-|–|to)\s*\d[\d,]*\s+of\s+(about\s+)?\d[\d,]*",
    re.IGNORECASE,
)
PRESSED = ("link", "button")
ARROWS = ("›", "»", ">", "→", "‹", "«", "<", "←")
MAX_HINT = 40  # characters: what is longer is prose


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A value beside its label."""

    section: str  # the heading that it is under
    label: str
    value: str


def headings(observation: Observation) -> list[Element]:
    """Return the page's headings in document order."""
    return [element for element in observation.elements if element.role == "heading" and element.name]


def sections(observation: Observation) -> dict[str, str]:
    """Return the name of the heading that stands last before each element, by the elements' ids."""
    found = {}
    section = ""
    for element in observation.elements:
        if element.role == "heading" and element.name:
            section = element.name
        found[element.id] = section
    return found


def goes_on(observation: Observation) -> bool:
    """Whether there seems to be more of this page than it shows: further pages, or elements that are not listed."""
    dead = {element.id for element in observation.elements if "disabled" in element.states}
    live = [element for element in observation.elements if not {element.id, element.parent} & dead]
    return observation.truncated or any(map(_hints_at_more, live)) or _has_numbered_pages(live)


def _has_numbered_pages(elements: Iterable[Element]) -> bool:
    """Whether two links or buttons in a row, the text of the current page aside, are called by successive numbers."""
    numbers = [int(e.name) for e in elements if e.role in PRESSED and re.fullmatch(r"[1-9]\d{0,3}", e.name)]
    return any(other == one + 1 for one, other in pairwise(numbers))


def _hints_at_more(element: Element) -> bool:
    if element.role in ("heading", "option"):
        return False
    return (element.role in PRESSED and _has_arrow(element.name)) or (
        len(element.name) <= MAX_HINT and MORE.search(element.name) is not None
    )


def _has_arrow(name: str) -> bool:
    """Whether a name is an arrow, or a word or number before one, as those of pages are."""
    return name in ARROWS or (len(name) <= MAX_HINT and name.endswith((" ›", " »")))


def labelled(observation: Observation) -> list[Labelled]:
    """Return the values that stand beside a row header in tables without named columns."""
    under = sections(observation)
    elements = observation.elements
    return [
        Labelled(section=under[header.id], label=header.name, value=text)
        for header, beside in _rows_of_one(elements)
        if (text := text_of(beside))
    ]


def _rows_of_one(elements: Sequence[Element]) -> Iterator[tuple[Element, list[Element]]]:
    """Yield row headers and what stands in the only cell beside them."""
    for i, header in enumerate(elements):
        if header.role != "rowheader" or header.headers or not header.name:
            continue
        beside = []
        for element in elements[i + 1 :]:
            if element.headers != (header.name,):
                break
            beside.append(element)
        if sum(element.role in WHOLE_CELLS for element in beside) <= 1:
            yield header, beside


def _is_part(element: Element, text: str) -> bool:
    """Whether a cell's text has in it what something to press in the cell is called."""
    pressed = element.role in PARTS or (element.role == "link" and element.name.casefold() in BOILERPLATE)
    return pressed and bool(element.name) and contains_words(text, element.name, ignore_case=True, whole_words=True)


def text_of(elements: Sequence[Element]) -> str:
    """Return what a cell says; empty where it says nothing, or is of several parts that have no common name."""
    whole = [element.name for element in elements if element.role in WHOLE_CELLS and element.name]
    if whole:
        return whole[0] if len(whole) == 1 and not any(_is_part(element, whole[0]) for element in elements) else ""
    texts = {element.name for element in elements if element.name and element.role != "img"}
    ids = {element.id for element in elements}
    nested = all(element.parent in ids for element in elements[1:] if element.name)
    return texts.pop() if len(texts) == 1 and nested else ""
