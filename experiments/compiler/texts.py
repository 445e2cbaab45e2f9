"""Which texts of a page may be named in a goal, or given as an answer."""

from __future__ import annotations

import re

from rewards.match import contains_words, squeezed

MAX_NAME = 80  # characters of what a goal names
MAX_ANSWER = 80  # characters

RELATIVE = re.compile(
    r"\b(ago|just now|yesterday|today|tomorrow|tonight|moments?|(in|last|next|past|this) "
    r"(an?|\d+)?\s*(second|minute|hour|day|week|month|year)s?)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(r"\b\d{1,2}:\d{2}(:\d{2})?\b")
PAGE_TODAY = re.compile(r"2024-0?1-0?1\b|\b0?1/0?1/(20)?24\b|\bjan(uary)?\.? 0?1,? 2024|\b0?1\.? jan(uary)? 2024", re.I)
DURATION = re.compile(
    r"~?\d+([.,]\d+)?\s*(ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?)"
    r"(\s*\d+\s*(ms|s|sec|m|min|minutes?|seconds?))*",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"(?=[0-9a-fA-F-]*\d)(?=[0-9a-fA-F-]*[a-fA-F])[0-9a-fA-F]{7,}(-[0-9a-fA-F]{4,})*", re.ASCII)
LONG_NUMBER = re.compile(r"\d{9,}")
INSTRUCTION = re.compile(
    r"\b(ignore|disregard|forget)\b.{0,40}\b(instruction|prompt|previous|above|prior)|system prompt"
    r"|\byou are (now|an?)\b|\b(ai|assistant|agent)s?\b.{0,30}\b(must|should|click|answer)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"\w+://|\bwww\.|^[/#?]|/\w[\w.-]*/")
ELEMENT_ID = re.compile(r"\be\d+\b")
SIGNS = " :*.▲▼△▽↑↓⇅↕⬆⬇▴▾▸▾…"
EMPTY = frozenset({"", "-", "–", "—", "n/a", "na", "none", "null", "nil", "unknown", "undefined", "nan", "...", "…"})
BOILERPLATE = frozenset(
    [
        *(
            "home",
            "menu",
            "more",
            "details",
            "view",
            "edit",
            "delete",
            "link",
            "skip",
            "next",
            "previous",
            "close",
            "open",
        ),
        *("back", "ok", "yes", "no", "true", "false", "loading", "?", "×", "x", "here", "click here", "read more"),
        *("learn more", "show more", "skip to content", "skip to main content", "select all", "loading…", "loading..."),
    ]
)


def is_plain(text: str) -> bool:
    """Whether a text can be quoted in one line without misleading whoever reads it."""
    return (
        0 < len(text) <= MAX_NAME
        and text == squeezed(text)
        and any(character.isalnum() for character in text)
        and text.isprintable()
        and not set(text) & set("“”")
        and not text.endswith("…")
        and not INSTRUCTION.search(text)
    )


def is_name(text: str) -> bool:
    """Whether a goal may name something by this text: it stays the same and is neither an id nor an address."""
    return (
        is_plain(text)
        and not RELATIVE.search(text)
        and not CLOCK.search(text)
        and not IDENTIFIER.search(text)
        and not ELEMENT_ID.search(text)
        and not ADDRESS.search(text)
        and not LONG_NUMBER.search(text)
    )


def is_answer(text: str) -> bool:
    """Whether a text can be asked for: short, no boilerplate, and the same on every visit."""
    folded = text.casefold()
    return (
        is_plain(text)
        and len(text) <= MAX_ANSWER
        and folded not in EMPTY
        and folded not in BOILERPLATE
        and not RELATIVE.search(text)
        and not CLOCK.search(text)
        and not PAGE_TODAY.search(text)
        and not DURATION.fullmatch(text)
        and not IDENTIFIER.search(text)
        and not LONG_NUMBER.search(text)
    )


def bare(label: str) -> str:
    """Return a label without the signs at its ends that say how it is sorted, or that it is needed."""
    return squeezed(label.strip(SIGNS))


def says(text: str, part: str) -> bool:
    """Whether a text has another in it, as whole words and without regard to case."""
    return bool(part.strip()) and contains_words(text, part, ignore_case=True, whole_words=True)


def gives_away(goal: str, paths: frozenset[str]) -> bool:
    """Whether a goal says an address, a part of one of these paths, or what may be an element's id."""
    return "://" in goal or ELEMENT_ID.search(goal) is not None or any(path in goal for path in paths)
