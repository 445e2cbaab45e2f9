"""Goals in plain English: several ways to say each thing, chosen by what is said."""

from __future__ import annotations

from hashlib import sha256

REACH = (
    "Open the page “{page}”.",
    "Go to “{page}”.",
    "Find the page “{page}” and open it.",
    "Bring up the page “{page}”.",
    "Show me the page “{page}”.",
)
CELL = (
    "On the page “{page}”{table}, what is the “{column}” of “{row}”?",
    "Look up the “{column}” of “{row}” on the page “{page}”{table}.",
    "What does the page “{page}” give as the “{column}” of “{row}”{table}?",
    "Find “{row}” on the page “{page}”{table} and answer with its “{column}”.",
)
LABELLED = (
    "On the page “{page}”{section}, what is the “{label}”?",
    "What does the page “{page}” give as the “{label}”{section}?",
    "Look up the “{label}” on the page “{page}”{section}.",
)
FACT = (
    "What is the “{label}” of “{subject}”, as the page “{page}” says?",
    "On the page “{page}”, find the “{label}” of “{subject}”.",
)
HIGHEST = (
    "On the page “{page}”{table}, which “{noun}” has the highest “{column}”?",
    "Of all rows on the page “{page}”{table}, name the “{noun}” with the greatest “{column}”.",
)
LOWEST = (
    "On the page “{page}”{table}, which “{noun}” has the lowest “{column}”?",
    "Of all rows on the page “{page}”{table}, name the “{noun}” with the smallest “{column}”.",
)
COUNT_ROWS = (
    "How many rows does the table{table} on the page “{page}” have, its headers left out?",
    "On the page “{page}”, count the rows of the table{table}, without the row of headers.",
)
COUNT_EQUAL = (
    "On the page “{page}”{table}, how many rows have “{value}” as their “{column}”?",
    "Count the rows on the page “{page}”{table} whose “{column}” is “{value}”.",
)


def say(phrasings: tuple[str, ...], **named: str) -> str:
    """Return one of the phrasings with the names put in; the same names are always said the same way."""
    digest = sha256("\0".join((phrasings[0], *sorted(named.values()))).encode()).digest()
    return phrasings[digest[0] % len(phrasings)].format(**named)


def in_table(title: str) -> str:
    """Return how a table is named, or nothing."""
    return f" in the table “{title}”" if title else ""


def under(section: str) -> str:
    """Return how a section is named, or nothing."""
    return f" under “{section}”" if section else ""
