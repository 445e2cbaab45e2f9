"""What verifiers are asked with, and what they say: verdicts, and parameters that are read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_NUMBER = 1e300  # a page or a task file may hold integers beyond what a float can


class VerifierError(Exception):
    """The verifier is unknown, its parameters are wrong, or this evidence cannot be judged by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the task was done, what that is worth, and why."""

    success: bool
    reward: float  # from 0 to 1; a page's raw reward may lie outside
    reason: str


Params = Mapping[str, Any]


def verdict_of(success: bool, reason: str) -> Verdict:
    """Return the verdict that is worth 1 or nothing."""
    return Verdict(success=success, reward=float(success), reason=reason)


def is_number(value: object) -> bool:
    """Whether this is a number and finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER


def only(params: Params, *names: str) -> None:
    """Raise :class:`VerifierError` for parameters other than these."""
    if unknown := set(params) - set(names):
        raise VerifierError(f"unknown parameters {sorted(map(str, unknown))}; known are {', '.join(names)}")


def exactly_one(params: Params, *names: str) -> str:
    """Return which of these is given; raise :class:`VerifierError` where it is not one."""
    given = [name for name in names if name in params]
    if len(given) != 1:
        raise VerifierError(f"give exactly one of {', '.join(names)}")
    return given[0]


def text_of(params: Params, name: str, *, empty: bool = False) -> str:
    """Return a text."""
    value = params.get(name)
    if not isinstance(value, str) or not (value.strip() or empty):
        raise VerifierError(f"{name} needs a text, not {value!r:.40}")
    return value


def texts_of(params: Params, name: str) -> Sequence[str]:
    """Return a list of texts, empty where it is not given."""
    value = params.get(name, ())
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise VerifierError(f"{name} needs a list of texts, not {value!r:.40}")
    return value


def choice_of(params: Params, name: str, choices: Sequence[str]) -> str:
    """Return one of several texts."""
    value = params.get(name)
    if value not in choices:
        raise VerifierError(f"{name} needs one of {', '.join(choices)}, not {value!r:.40}")
    return str(value)


def flag_of(params: Params, name: str, default: bool) -> bool:
    """Return true or false."""
    value = params.get(name, default)
    if not isinstance(value, bool):
        raise VerifierError(f"{name} needs true or false, not {value!r:.40}")
    return value


def number_of(params: Params, name: str) -> float:
    """Return a finite number."""
    value = params.get(name)
    if not is_number(value):
        raise VerifierError(f"{name} needs a number, not {value!r:.40}")
    return float(value)  # type: ignore[arg-type]  # _is_number has seen to it


def whole_of(params: Params, name: str, default: int) -> int:
    """Return a whole number from 0."""
    value = params.get(name, default)
    if type(value) is not int or value < 0:
        raise VerifierError(f"{name} needs a whole number from 0, not {value!r:.40}")
    return value


def mapping_of(params: Params, name: str) -> Mapping[str, str]:
    """Return texts by their names, none where they are not given."""
    value = params.get(name, {})
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise VerifierError(f"{name} needs texts by their names")
    return value
