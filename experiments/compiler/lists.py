"""The lists of a page: entries below each other under a heading."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from browser_env.observation import Element, Observation
from experiments.compiler.reading import headings
from experiments.compiler.texts import bare, is_name
from rewards.match import normalised_text

ENTRIES = frozenset(("link", "listitem"))
TEXTS = frozenset(("b", "strong", "em", "i", "label", "paragraph", "p", "span", "div", "text", "generic", "term"))
MIN_ENTRIES = 3
MAX_ASIDE_PX = 2.0  # between the left sides of entries
MAX_LABEL_ASIDE_PX = 24.0  # between a text above a list and its entries
MAX_APART = 2.5  # heights of an entry between the tops of two
MAX_INDENT_PX = 60.0  # of one heading below another, or of a list's entries to either side of theirs
NUMBERED = re.compile(r"(\d+|[A-Z])(\.\d+)*[.):]?\s")
FAR = 3.0  # heights of an entry: what is further below is of something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list that is the only one under its heading."""

    section: str  # the heading that it is under, or the text right above it
    is_first: bool  # the heading is the page's first
    entries: tuple[str, ...]  # empty: an entry of several parts


def lists(observation: Observation) -> list[Listing]:
    """Return the lists that are told by the heading or the text that they are under, in document order."""
    if observation.truncated:
        return []
    seen = [heading for heading in headings(observation) if is_visible(heading)]
    names = Counter(normalised_text(heading.name) for heading in headings(observation))
    texts = Counter(normalised_text(element.name) for element in observation.elements)
    parts = defaultdict(list)
    for element in observation.elements:
        parts[element.parent].append(element.name)
    found = []
    for heading, below in _sections(observation):
        run = _run(below)
        if len(run) < MIN_ENTRIES or not _is_under(run[0], heading):
            continue
        label = _right_above(run[0], below)
        title, count = (heading, names) if label is None else (label, texts)
        if count[normalised_text(title.name)] > 1 or not is_name(bare(title.name)):
            continue
        entries = tuple(_text(element, parts[element.id]) for element in run)
        first = title.id == seen[0].id
        found.append(Listing(section=bare(title.name), is_first=first, entries=entries))
    return found


def is_visible(element: Element) -> bool:
    """Whether an element has a place on the page that one can see."""
    left, top, width, height = element.box
    return left >= 0 and top >= 0 and width > 1 and height > 1


def _sections(observation: Observation) -> Iterator[tuple[Element, list[Element]]]:
    """Yield visible headings with what can be seen between them and the next, without what is within something else."""
    heading: Element | None = None
    below: list[Element] = []
    for element in observation.elements:
        if element.role == "heading" and element.name:
            if heading is not None and is_visible(heading):
                yield heading, below
            heading, below = element, []
        elif element.parent is None and is_visible(element):
            below.append(element)
    if heading is not None and is_visible(heading):
        yield heading, below


def _run(below: Sequence[Element]) -> list[Element]:
    """Return the entries below each other; none where others are beside or near them."""
    start = next((i for i, element in enumerate(below) if element.role in ENTRIES), len(below))
    run: list[Element] = []
    for element in below[start:]:
        if element.role not in ENTRIES or (run and not _follows(element, run[-1])):
            break
        run.append(element)
    if not run:
        return []
    end = run[-1].box[1] + FAR * run[-1].box[3]
    rest = [element for element in below[start + len(run) :] if element.role in ENTRIES]
    return run if all(element.box[1] > end for element in rest) and all(e.name for e in run) else []


def _is_under(entry: Element, heading: Element) -> bool:
    """Whether one sees an entry below a heading, and not in another column."""
    left, top, width, height = heading.box
    beside = entry.box[0] < left - MAX_INDENT_PX or entry.box[0] > left + width + MAX_INDENT_PX
    return entry.box[1] >= top + height / 2 and not beside


def _right_above(entry: Element, below: Sequence[Element]) -> Element | None:
    """Return the text that stands right above an entry, as if it headed it; None where nothing does."""
    before = below[: below.index(entry)][-1:]
    return next(
        (
            text
            for text in before
            if text.name and text.role in TEXTS and abs(text.box[0] - entry.box[0]) <= MAX_LABEL_ASIDE_PX
            if 0 < entry.box[1] - text.box[1] <= MAX_APART * max(text.box[3], 1)
        ),
        None,
    )


def _follows(element: Element, last: Element) -> bool:
    step = element.box[1] - last.box[1]
    aligned = abs(element.box[0] - last.box[0]) <= MAX_ASIDE_PX
    return element.role == last.role and aligned and last.box[3] / 2 < step <= MAX_APART * max(last.box[3], 1)


def successions(observation: Observation) -> list[tuple[str, str]]:
    """Return the names of headings that one can see next to each other, each named once and without a number."""
    found = headings(observation)
    names = Counter(normalised_text(heading.name) for heading in found)
    return [
        (upper.name, lower.name)
        for upper, lower in pairwise(found)
        if upper.box[1] + upper.box[3] <= lower.box[1] and abs(upper.box[0] - lower.box[0]) <= MAX_INDENT_PX
        if all(
            is_visible(item)
            and names[normalised_text(item.name)] == 1
            and is_name(item.name)
            and bare(item.name) == item.name
            and not NUMBERED.match(item.name)
            for item in (upper, lower)
        )
    ]


def _text(entry: Element, parts: Sequence[str]) -> str:
    """Return what an entry says; empty where parts of it are not in its name."""
    return entry.name if all(part in entry.name for part in parts) else ""
