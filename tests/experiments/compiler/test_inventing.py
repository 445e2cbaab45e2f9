"""Values for controls, and what hostile constraints do to them."""

from __future__ import annotations

import time

import pytest

from experiments.compiler.graph import Control
from experiments.compiler.inventing import invent, is_tame


def number(**constraints: str) -> str | None:
    return invent(Control(id="e1", kind="number", key="n", **constraints), 3)  # type: ignore[arg-type]


def text(pattern: str) -> str | None:
    return invent(Control(id="e1", kind="text", key="n", label="Name", pattern=pattern), 0)


def test_numbers_keep_to_their_bounds() -> None:
    assert number() == "4"
    assert number(min="10", max="20", step="5") == "10"
    assert number(min="0", max="1", step="0.25") == "0.75"
    assert number(min="-3", max="-3") == "-3"


@pytest.mark.parametrize("name", ["min", "max", "step"])
@pytest.mark.parametrize(
    "value",
    ["Infinity", "-Infinity", "NaN", "sNaN", "1e400", "-1e400", "9e999999", "1e-400", "1e99999999999999999999", "x"],
)
def test_bounds_that_are_no_usual_numbers_ask_for_nothing(name: str, value: str) -> None:
    assert number(**{name: value}) is None


@pytest.mark.parametrize(("bounds"), [{"min": "5", "max": "1"}, {"step": "0"}, {"step": "-1"}])
def test_bounds_that_leave_nothing(bounds: dict[str, str]) -> None:
    assert number(**bounds) is None


@pytest.mark.parametrize(
    "pattern",
    ["[A-Z].*", r"[A-Za-z]+ [A-Za-z]+", r"(?:Anna|Tom) \w+", r"(?=.*[a-z]).{4,20}", r"\w+(\s\w+)?", "[]x]?.*"],
)
def test_what_fits_a_pattern_is_found(pattern: str) -> None:
    assert text(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        *("([a-z ]+)+X", "(a|a)*b", "((a)*)*b", "(a?){50}a", "(?:(?:a+)b?)+", "((a+)?)*c", r"(\(+)+\)"),
        *("(?x)( .+ ) +X", "(?#x)a", "(?>a)", "(?i)a", ".*.*.*.*.*.*X", "a" * 101, "(" * 101),
    ],
)
def test_patterns_that_may_take_long_are_not_tried(pattern: str) -> None:
    assert not is_tame(pattern)
    assert text(pattern) is None


@pytest.mark.parametrize("pattern", ["(", ")", "[", "a{99999999999}", "[[a]", "[a--b]", "*", "\\", r"\8", "(?<=a+)b"])
def test_what_is_no_pattern_wants_nothing(pattern: str) -> None:
    assert text(pattern) is None


def test_the_slowest_pattern_that_is_tried_is_soon_done() -> None:
    control = Control(id="e1", kind="text", key="n", pattern=".*.*.*.*.*X", options=(("a" * 60, "a"),))
    began = time.process_time()
    assert invent(control, 0) is None
    assert time.process_time() - began < 5
