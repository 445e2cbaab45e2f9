"""What is a number on a page, and which answers say the same one."""

from __future__ import annotations

import pytest

from experiments.compiler import specs
from experiments.compiler.asking import wrong
from experiments.compiler.quantities import is_called_by, is_numeric, quantity
from rewards.evidence import Evidence
from rewards.verifier import verify


def accepts(shown: str, given: str, *, is_exact: bool = False) -> bool:
    verifier = specs.answer(shown, is_exact=is_exact)
    return verify(verifier.name, verifier.params, Evidence(url="about:blank", answer=given)).success


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1,250", "1250", ""),
        ("$57.00", "57.00", "$"),
        ("7 kg", "7", "kg"),
        ("-3.5%", "-3.5", "%"),
        ("\u22123.5", "-3.5", ""),
        ("-$5.00", "-5.00", "$"),
        ("EUR 12", "12", "EUR"),
        ("5 \u20ac", "5", "\u20ac"),
        ("0.125", "0.125", ""),
    ],
)
def test_numbers_are_read_with_their_signs(text: str, number: str, unit: str) -> None:
    read = quantity(text)
    assert read is not None
    assert (str(read.number), read.unit) == (number, unit)


@pytest.mark.parametrize(
    "text",
    [
        *("007", "1.2.3", "12 of 40", "2024-01-02", "abc", "", "9" * 30),
        "<5",
        ">5",
        "~5",
        "\u22485",
        "\u22645",
        "5+",
        "(5)",
        "\u00b15",
        "v2",
        "v 2",
        "3rd",
        "A4",
        "#5",
        "1.234",
        "1.234.567 \u20ac",
    ],
)
def test_what_only_looks_like_an_amount_is_none(text: str) -> None:
    assert quantity(text) is None


def test_what_is_numeric_names_no_row() -> None:
    assert all(map(is_numeric, ("5", "~5", "v2", "1.234", "\u22125", "5+", "$5.00")))
    assert not any(map(is_numeric, ("Oslo", "3 blind mice", "2024-01-02")))


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("50 %", "50%"),
        ("50%", "50 %"),
        ("\u00a3 5.00", "\u00a35.00"),
        ("\u00a35.00", "5"),
        ("5 GB", "5GB"),
        ("$1,200.50", "$1200.50"),
        ("$1,200.50", "$1200.5"),
        ("$1200.50", "$1,200.50"),
        ("\u22125 \u00b0C", "-5\u00b0C"),
        ("\u22125", "-5"),
        ("1.234", "1.234"),
    ],
)
def test_the_same_amount_in_other_signs_is_right(shown: str, given: str) -> None:
    assert accepts(shown, given)


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("\u22125", "5"),
        ("<5", "5"),
        ("1.2M", "1.2"),
        ("1.234", "1234"),
        ("50 %", "50 $"),
        ("$5.00", "$50"),
        ("v2", "2"),
    ],
)
def test_another_amount_is_wrong(shown: str, given: str) -> None:
    assert not accepts(shown, given)


def test_what_things_are_called_by_is_answered_as_it_is_written() -> None:
    assert accepts("3.10", "3.1")
    assert not accepts("3.10", "3.1", is_exact=True)
    for label in ("Version", "ISBN", "Order no.", "userId", "Rank", "Pos.", "Zip code", "Publication year", "Priority"):
        assert is_called_by(label), label
    for label in ("Price", "Paid", "Tickets sold", "Level of water", "Places", "Score", "Pages", "Price per month"):
        assert not is_called_by(label), label


def test_a_decoy_that_is_accepted_is_kept() -> None:
    assert wrong("3.10", ("3.1", " 3.10 ", "4")) == ("3.1", "4")
