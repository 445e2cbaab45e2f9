"""The verifiers of what a table shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from rewards.evidence import ElementState, Evidence
from rewards.match import contains_words, normalised_text, squeezed
from rewards.params import (
    Params,
    Verdict,
    VerifierError,
    choice_of,
    exactly_one,
    only,
    text_of,
    verdict_of,
    whole_of,
)

CELLS = ("cell", "gridcell")
MARKS = " \u25b2\u25bc\u25b4\u25be\u25b3\u25bd\u2191\u2193\u2195\u21c5\u21f5\u2303\u2304"  # of sorting, beside a name
MAX_DIGITS = 100
AMOUNT = re.compile(
    r"(?P<sign>[-+\u2212]?)(?P<before>[^\w\s.,+-]?) ?(?P<number>[0-9][0-9,]*(?:\.[0-9]+)?) ?(?P<after>[^\W\d_]*|%)"
)

COMMA = re.compile(r"(?<![\d.,])(?:0,\d|\d+,(?!\d{3}(?!\d)))")  # of decimals: 0,5 or 12,50
DOTTED = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.,])"
)  # 1.200: thousands beside 950, decimals beside 0.8


def rows(params: Params, evidence: Evidence) -> Verdict:
    """Judge a table's rows: under the header ``column``, every cell ``equals`` a text or ``contains`` words.

    There must be ``least`` rows (1 unless given), or exactly ``count``. Case does not matter.
    """
    only(params, "column", "equals", "contains", "least", "count")
    kind, cells = exactly_one(params, "equals", "contains"), column(evidence, text_of(params, "column"))
    wanted = text_of(params, kind, empty=kind == "equals")
    least, count = whole_of(params, "least", 1), whole_of(params, "count", len(cells))
    if kind == "equals":
        wrong = [cell for cell in cells if normalised_text(cell) != normalised_text(wanted)]
    else:
        wrong = [cell for cell in cells if not contains_words(cell, wanted, ignore_case=True, whole_words=True)]
    if wrong:
        return verdict_of(False, f"a row has {wrong[0][:100]!r}")
    return verdict_of(len(cells) >= least and len(cells) == count, f"{len(cells)} rows fit")


def in_order(params: Params, evidence: Evidence) -> Verdict:
    """Judge whether the cells under the header ``column`` are in ``order``, ``ascending`` or ``descending``.

    They are compared as numbers where all are amounts of one unit, else as texts without regard to case. There must be
    ``least`` rows (2 unless given), and not all alike.
    """
    only(params, "column", "order", "least")
    cells = column(evidence, text_of(params, "column"))
    order, least = choice_of(params, "order", ("ascending", "descending")), whole_of(params, "least", 2)
    if least < 2:
        raise VerifierError("sorted needs at least 2 for least: one row is always in order")
    keys: Sequence[Decimal] | Sequence[str] = amounts(cells) or [normalised_text(cell) for cell in cells]
    if len(cells) < least or len(set(keys)) < 2:
        return verdict_of(False, f"{len(cells)} rows, {len(set(keys))} of them different")
    steps = pairwise(keys if order == "ascending" else keys[::-1])
    wrong = next((number for number, (one, other) in enumerate(steps) if one > other), None)  # type: ignore[operator]
    return verdict_of(wrong is None, f"{len(cells)} rows are {'' if wrong is None else 'not '}{order}")


def column(evidence: Evidence, header: str) -> list[str]:
    """Return the cells under a header, from top to bottom; where cells hold but a link or the like, those."""
    wanted = header_name(header)
    under = [element for element in evidence.elements if element.headers and header_name(element.headers[-1]) == wanted]
    cells = [element for element in under if element.role in CELLS]
    others = [element for element in under if element.role not in CELLS]
    links = [element for element in others if element.role == "link"] or others
    return [_shown(element) for element in (cells if len(cells) >= len(links) else links)]


def header_name(name: str) -> str:
    """Return a header's name without the marks that say how its column is sorted."""
    return normalised_text(squeezed(name).strip(MARKS))


def amounts(cells: Sequence[str]) -> list[Decimal]:
    """Return the amounts that cells hold; none where one holds something else, or they differ in their unit.

    Commas part thousands and points decimals. Where that cannot be so, or may be the other way round, there are none.
    """
    found = [AMOUNT.fullmatch(squeezed(cell)) if len(cell) <= MAX_DIGITS else None for cell in cells]
    whole = ["." not in cell for cell in cells]
    if any(map(COMMA.search, cells)) or (any(whole) and any(map(DOTTED.search, cells))):
        return []  # what they are cannot be told
    if not all(found) or len({(match["before"], match["after"]) for match in found if match}) > 1:
        return []
    return [
        Decimal(match["number"].replace(",", "")) * (1 if match["sign"] in ("", "+") else -1)
        for match in found
        if match
    ]


def _shown(element: ElementState) -> str:
    return squeezed(element.name or element.value)
