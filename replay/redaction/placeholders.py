"""Placeholders in place of secrets: ``{{secret:1}}``, or ``{{secret:1:5-8/16}}`` for its 5th to 8th character of 16."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from browser_env.action import Action
from browser_env.errors import UsageError

PLACEHOLDER = re.compile(r"\{\{secret:([1-9][0-9]{0,8})(?::([0-9]{1,9})-([0-9]{1,9})/([0-9]{1,9}))?\}\}")
SEPARATORS = re.compile(r"[\s.-]")


def placeholder(number: int) -> str:
    """Return what stands for a secret."""
    return f"{{{{secret:{number}}}}}"


def part(number: int, *, first: int, last: int, length: int) -> str:
    """Return what stands for some characters of a secret, counted from 1; all of them are the secret itself."""
    whole = first == 1 and last == length
    return placeholder(number) if whole else f"{{{{secret:{number}:{first}-{last}/{length}}}}}"


def is_masked(text: str) -> bool:
    """Whether a text consists of placeholders and separators alone."""
    return PLACEHOLDER.search(text) is not None and not SEPARATORS.sub("", PLACEHOLDER.sub("", text))


def numbers_in(text: str) -> list[int]:
    """Return the numbers of the secrets whose placeholders stand in a text."""
    return [int(match.group(1)) for match in PLACEHOLDER.finditer(text)]


def fill_in(action: Action, secrets: Mapping[int, str]) -> Action:
    """Return an action with the secrets in place of their placeholders; raise :class:`UsageError` where one is missing.

    ``secrets`` maps numbers to values. Of a secret that was typed in parts, the value has to be as long as the one
    that was recorded, blanks, dots and dashes aside.
    """
    changes = {f.name: _fill(getattr(action, f.name), secrets) for f in fields(action)}
    return replace(action, **changes)


def _fill(value: Any, secrets: Mapping[int, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: _value(match, secrets), value)
    if isinstance(value, tuple):
        return tuple(_fill(item, secrets) for item in value)
    return value


def _value(match: re.Match[str], secrets: Mapping[int, str]) -> str:
    number = int(match.group(1))
    if number not in secrets:
        raise UsageError(f"no value was given for {placeholder(number)}; add it to the secrets")
    value = secrets[number]
    if match.group(2) is None:
        return value
    first, last, length = (int(match.group(index)) for index in (2, 3, 4))
    compact = value if len(value) == length else SEPARATORS.sub("", value)
    if len(compact) != length:
        raise UsageError(f"{placeholder(number)} was typed in parts and needs {length} characters, not {len(compact)}")
    return compact[first - 1 : last]
