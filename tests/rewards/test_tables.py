from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import ElementState, Evidence, VerifierError, verify
from rewards.tables import amounts


def table(header: str, *cells: str, role: str = "cell", row_headers: bool = False) -> Evidence:
    def headers(number: int) -> tuple[str, ...]:
        return (f"Row {number}", header) if row_headers else (header,)

    under = [ElementState(role=role, name=cell, headers=headers(n)) for n, cell in enumerate(cells)]
    return Evidence(url="http://shop.test/", elements=(ElementState(role="columnheader", name=header), *under))


def succeeds(name: str, evidence: Evidence, **params: Any) -> bool:
    return verify(name, params, evidence).success


# rows


def test_every_row_has_to_fit() -> None:
    shown = table("Category", "Office", "office", " Office ")
    assert succeeds("rows", shown, column="Category", equals="Office")
    assert succeeds("rows", shown, column="Category", equals="Office", least=3)
    assert not succeeds("rows", shown, column="Category", equals="Office", least=4)
    assert succeeds("rows", shown, column="Category", equals="Office", count=3)
    assert not succeeds("rows", shown, column="Category", equals="Office", count=2)
    assert not succeeds("rows", table("Category", "Office", "Garden"), column="Category", equals="Office")


def test_words_are_whole() -> None:
    assert succeeds("rows", table("Name", "Oak Table", "Round table"), column="Name", contains="table")
    assert not succeeds("rows", table("Name", "Oak Tablet"), column="Name", contains="table")


def test_a_table_without_rows_and_another_column_are_no_success() -> None:
    assert not succeeds("rows", table("Name"), column="Name", contains="table")
    assert not succeeds("rows", table("Name", "table"), column="Title", contains="table")
    assert succeeds("rows", table("Name"), column="Name", contains="table", least=0, count=0)


def test_a_headers_marks_of_sorting_and_its_rows_header_do_not_matter() -> None:
    assert succeeds("rows", table("Name \u25b2", "a", row_headers=True), column="Name", equals="a")


def test_cells_that_hold_a_link_are_read_by_it() -> None:
    assert succeeds("rows", table("Name", "Oak", "Oak", role="link"), column="Name", equals="Oak", count=2)


# sorted


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (("9", "10", "100"), "ascending"),
        (("$1,200.50", "$9.99", "$9.99"), "descending"),
        (("-3", "0", "+2"), "ascending"),
        (("2 kg", "11 kg"), "ascending"),
        (("5%", "40%"), "ascending"),
        (("apple", "Banana", "cherry"), "ascending"),
        (("Zoe", "anna"), "descending"),
        (("2023-12-31", "2024-01-01"), "ascending"),
    ],
)
def test_cells_in_order(cells: tuple[str, ...], order: str) -> None:
    other = "descending" if order == "ascending" else "ascending"
    assert succeeds("sorted", table("X", *cells), column="X", order=order)
    assert not succeeds("sorted", table("X", *cells), column="X", order=other)


@pytest.mark.parametrize("cells", [(), ("1",), ("3", "3", "3"), ("1", "3", "2")])
def test_cells_in_no_order(cells: tuple[str, ...]) -> None:
    for order in ("ascending", "descending"):
        assert not succeeds("sorted", table("X", *cells), column="X", order=order)


@pytest.mark.parametrize(
    "cells", [("0,125", "0,25", "0,5"), ("12,50 €", "3 €"), ("1.200", "3.500", "950"), ("1,23,456", "7")]
)
def test_what_may_be_thousands_or_decimals_is_no_amount(cells: tuple[str, ...]) -> None:
    assert amounts(cells) == []


def test_commas_part_thousands_and_points_decimals() -> None:
    assert amounts(["1,234", "1,234,567.5", "12"]) == [Decimal(1234), Decimal("1234567.5"), Decimal(12)]
    assert amounts(["1.250", "10.125", "0.8"]) == [Decimal("1.250"), Decimal("10.125"), Decimal("0.8")]


def test_amounts_of_different_units_are_texts() -> None:
    assert amounts(["1 kB", "2 MB"]) == []
    assert amounts(["$1", "2"]) == []
    assert [float(number) for number in amounts(["$1,000", "-$2.5"])] == [1000, -2.5]


def test_at_least_two_rows_can_be_in_order() -> None:
    with pytest.raises(VerifierError, match="at least 2"):
        verify("sorted", {"column": "X", "order": "ascending", "least": 1}, table("X", "1", "2"))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2))
def test_sorted_numbers_are_sorted(numbers: list[int]) -> None:
    shown = table("X", *map(str, sorted(numbers)))
    assert succeeds("sorted", shown, column="X", order="ascending") == (len(set(numbers)) > 1)


JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(), st.lists(st.text(), max_size=2))


@given(
    name=st.sampled_from(["rows", "sorted", "request"]),
    params=st.dictionaries(
        st.sampled_from(["column", "equals", "contains", "least", "count", "order", "method", "prefix", "fields"]), JUNK
    ),
    cells=st.lists(st.text(), max_size=4),
)
def test_nothing_but_an_error_of_its_own_is_raised(name: str, params: dict[str, Any], cells: list[str]) -> None:
    shown = table(str(params.get("column", "X")) or "X", *cells)
    with suppress(VerifierError):
        assert verify(name, params, shown).reason
