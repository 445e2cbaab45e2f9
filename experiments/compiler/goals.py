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
    "On the page “{page}”{table}, which row has the highest “{column}”? Answer with its “{noun}”.",
    "Of all rows on the page “{page}”{table}, find the one with the greatest “{column}” and answer with its “{noun}”.",
    "Give the “{noun}” of the row with the highest “{column}” on the page “{page}”{table}.",
)
LOWEST = (
    "On the page “{page}”{table}, which row has the lowest “{column}”? Answer with its “{noun}”.",
    "Of all rows on the page “{page}”{table}, find the one with the smallest “{column}” and answer with its “{noun}”.",
    "Give the “{noun}” of the row with the lowest “{column}” on the page “{page}”{table}.",
)
COUNT_ROWS = (
    "How many rows are there{table} on the page “{page}”, its headers left out?",
    "On the page “{page}”, count the rows{table}, without the row of headers.",
)
COUNT_EQUAL = (
    "On the page “{page}”{table}, how many rows have “{value}” as their “{column}”?",
    "Count the rows on the page “{page}”{table} whose “{column}” is “{value}”.",
)
NEXT_ENTRY = (
    "On the page “{page}”, which entry of the list under “{section}” comes right after “{entry}”?",
    "Find the list under “{section}” on the page “{page}” and answer with the entry right below “{entry}”.",
)
END_ENTRY = (
    "What is the {which} entry of the list under “{section}” on the page “{page}”?",
    "On the page “{page}”, look at the list under “{section}” and answer with its {which} entry.",
)
NEXT_HEADING = (
    "Which heading of the page “{page}” comes right after the heading “{heading}”?",
    "On the page “{page}”, find the heading “{heading}” and answer with the next heading below it.",
)
COUNT_ENTRIES = (
    "How many entries does the list under “{section}” on the page “{page}” have?",
    "On the page “{page}”, count the entries of the list under “{section}”.",
)
MORE_ENTRIES = (
    "On the page “{page}”, how many more entries does the list under “{more}” have than the list under “{less}”?",
    "By how many entries is the list under “{more}” longer than the list under “{less}” on the page “{page}”?",
)

SET = (
    "On the page “{page}”, {what}, and leave everything else as it is.",
    "Go to the page “{page}” and {what}; change nothing else and send nothing.",
    "On “{page}”, {what}. Nothing else is to be changed or sent.",
)
FILL = (
    "On the page “{page}”, {what} and press “{button}”.",
    "Fill in the form on the page “{page}”: {what}; then press “{button}”. Leave its other fields as they are.",
    "Go to the page “{page}”, {what}, and send the form with “{button}”.",
)
FILL_SENT = (
    "On the page “{page}”, {what} and send the form.",
    "Fill in the form on the page “{page}”: {what}; then send it. Leave its other fields as they are.",
)
PRESS = (
    "On the page “{page}”, press “{what}”.",
    "Go to the page “{page}” and press “{what}”.",
)
EXPAND = (
    "On the page “{page}”, open “{what}”.",
    "Go to the page “{page}” and expand “{what}”.",
    "On the page “{page}”, bring up what “{what}” holds.",
)
TAB = (
    "On the page “{page}”, switch to the tab “{what}”.",
    "Show the tab “{what}” of the page “{page}”.",
)
INSIDE = (
    "Open “{what}” on the page “{page}”. {question}",
    "Look into “{what}” on the page “{page}”. {question}",
)
APPEARS = ("Which text appears? Answer with all of it.", "What does it say then? Answer with its full text.")
ENTRIES = ("How many entries appear? Answer with a number.", "Count the entries that appear.")
SORT_UP = (
    "On the page “{page}”, sort the table by “{column}” in ascending order.",
    "Sort the table on the page “{page}” so that “{column}” goes up from row to row.",
)
SORT_DOWN = (
    "On the page “{page}”, sort the table by “{column}” in descending order.",
    "Sort the table on the page “{page}” so that “{column}” goes down from row to row.",
)
FILTER = (
    "On the page “{page}”, show only the rows whose “{column}” is “{value}”.",
    "Filter the table on the page “{page}” so that it has only rows with “{value}” as their “{column}”.",
)
SORT_ASK = (
    "Sort the table on the page “{page}” by “{column}” in {order} order. What is the “{noun}” of its {which} row?",
    "On the page “{page}”, put the table in {order} order of “{column}”. Answer with the “{noun}” of its {which} row.",
)
FILTER_ASK = (
    "On the page “{page}”, of the rows whose “{column}” is “{value}”, which has the {most} “{by}”? "
    "Answer with its “{noun}”.",
    "Filter the table on the page “{page}” so that it has only rows with “{value}” as their “{column}”. "
    "Which of them has the {most} “{by}”? Answer with its “{noun}”.",
)
SEARCH = (
    "Search for “{query}” on the page “{page}”.",
    "On the page “{page}”, run a search for “{query}”.",
)
SEARCH_IN = (
    "On the page “{page}”, search for “{query}” with the box “{box}”.",
    "Enter “{query}” into the box “{box}” of the page “{page}” and run the search.",
)
SEARCH_OPEN = (
    "Open the page “{target}”; searching for “{query}” finds it.",
    "Bring up the page “{target}”. A search for “{query}” has it among its results.",
    "Go to the page “{target}”, which a search for “{query}” finds.",
)
SEARCH_ASK = (
    "A search for “{query}” leads to what this asks for. {question}",
    "A search for “{query}” helps here. {question}",
)
OTHER_OF_HIGHEST = (
    "On the page “{page}”{table}, what is the “{column}” of the row with the highest “{by}”?",
    "On the page “{page}”{table}, find the row with the greatest “{by}” and answer with its “{column}”.",
)
OTHER_OF_LOWEST = (
    "On the page “{page}”{table}, what is the “{column}” of the row with the lowest “{by}”?",
    "On the page “{page}”{table}, find the row with the smallest “{by}” and answer with its “{column}”.",
)
DIFFERENCE = (
    "On the page “{page}”{table}, how much higher is the “{column}” of “{more}” than that of “{less}”? "
    "Answer with a number.",
    "By how much does the “{column}” of “{more}” exceed that of “{less}” on the page “{page}”{table}? "
    "Answer with a number.",
)
TWO_PAGES = (
    "How much higher is the “{label}” on the page “{more}” than on the page “{less}”? Answer with a number.",
    "By how much does the “{label}” on the page “{more}” exceed that on the page “{less}”? Answer with a number.",
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
