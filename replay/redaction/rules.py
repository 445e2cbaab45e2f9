"""What counts as a secret: the kinds that are known, and what a site owner names besides."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from browser_env.errors import DataError, UsageError

KINDS = ("password", "card", "code", "email")
KIND_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")
SECRET_PARAMETERS = (
    *(
        "password",
        "passwd",
        "pwd",
        "pass",
        "passphrase",
        "secret",
        "token",
        "access_token",
        "refresh_token",
        "id_token",
    ),
    *("auth", "authorization", "api_key", "apikey", "key", "otp", "code", "pin", "tan", "sessionid", "session"),
    *("sid", "jwt", "signature", "sig", "email", "e-mail", "mail", "card", "cardnumber", "cvc", "cvv"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """Whatever this pattern matches, in any text, is a secret; of a pattern with a group, the group."""

    kind: str
    pattern: str  # a regular expression

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        _check_pattern(self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRule:
    """What an element holds is a secret where all that is given here fits: its value, or its name where it has none."""

    kind: str
    role: str | None = None  # exactly
    name: str | None = None  # a regular expression that is found in the name, in any case
    description: str | None = None  # the same, of the description
    header: str | None = None  # the same, of one of the headers
    within: str | None = None  # the same, of the name of an element around it

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        given = (self.name, self.description, self.header, self.within)
        if all(condition is None for condition in (self.role, *given)):
            raise DataError("an element rule needs a condition: role, name, description, header or within")
        for pattern in given:
            if pattern is not None:
                _check_pattern(pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionRules:
    """What is a secret."""

    kinds: tuple[str, ...] = KINDS  # the known ones that are looked for
    values: tuple[str, ...] = ()  # texts that are secrets wherever they stand
    texts: tuple[TextRule, ...] = ()
    elements: tuple[ElementRule, ...] = ()
    url_parameters: tuple[str, ...] = SECRET_PARAMETERS  # in any case
    public: tuple[str, ...] = ()  # texts that are no secrets, such as the address of a shop

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise DataError(f"unknown kind {min(unknown)!r:.40} of secrets; known are {', '.join(KINDS)}")


DEFAULT_RULES = RedactionRules()


def read_rules(path: Path) -> RedactionRules:
    """Read rules from a ``.toml`` or ``.json`` file; raise :class:`DataError` for what are none."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); name a .toml or .json file of rules") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is neither TOML nor JSON: {error!s:.200}") from error
    try:
        return rules_from(data)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def rules_from(data: Any) -> RedactionRules:
    """Return the rules that a table of a file says, beside the defaults it does not mention."""
    table = _table(data, RedactionRules)
    values: dict[str, Any] = {}
    for name, items in table.items():
        values[name] = tuple(_read_item(name, item) for item in _list(name, items))
    return RedactionRules(**values)


def _read_item(name: str, item: Any) -> TextRule | ElementRule | str:
    if name == "texts":
        return TextRule(**_texts(item, TextRule))
    return ElementRule(**_texts(item, ElementRule)) if name == "elements" else _text(item)


def _texts(data: Any, cls: type) -> dict[str, str]:
    table = {name: _text(value) for name, value in _table(data, cls).items()}
    missing = {f.name for f in fields(cls) if f.name in ("kind", "pattern")} - set(table)
    if missing:
        raise DataError(f"a rule lacks {min(missing)!r}")
    return table


def _table(data: Any, cls: type) -> Mapping[str, Any]:
    known = [f.name for f in fields(cls)]
    if not isinstance(data, Mapping):
        raise DataError(f"a table with {', '.join(known)} was expected, not {data!r:.40}")
    if unknown := set(data) - set(known):
        raise DataError(f"unknown entry {min(map(str, unknown))!r:.40}; known are {', '.join(known)}")
    return data


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{name} needs a list, not {value!r:.40}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise DataError(f"a text was expected, not {value!r:.40}")
    return value


def _check_kind(kind: str) -> None:
    if not KIND_NAME.match(kind):
        raise DataError(f"{kind!r:.40} is no kind of secret; use small letters, digits, '_' and '-'")


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(f"{pattern!r:.80} is no regular expression: {error}") from error
