"""What is read of a page's tables and labels."""

from __future__ import annotations

from dataclasses import replace

from browser_env.observation import Element
from experiments.compiler.reading import goes_on, labelled
from experiments.compiler.tables import others_beside, tables
from experiments.compiler.texts import bare, is_answer, is_name
from tests.experiments.compiler.building import beside, element, state, table

COLUMNS = ("City", "People")
ROWS = (("Oslo", "709,037"), ("Bergen", "291,940"), ("Moss", "49,668"))


def test_a_table_has_its_rows_and_what_names_them() -> None:
    page = state("/", "Cities", *table(COLUMNS, *ROWS, title="Largest"))
    (read,) = tables(page.observation)
    assert (read.title, read.columns, read.noun) == ("Largest", COLUMNS, "City")
    assert [row.key for row in read.rows] == ["Oslo", "Bergen", "Moss"]
    assert read.column(1) == ("709,037", "291,940", "49,668")


def test_row_headers_name_rows() -> None:
    (read,) = tables(
        state("/", "", *table(("City", "People", "Area"), *((*row, "9") for row in ROWS), sides=True)).observation
    )
    assert read.columns == ("People", "Area")
    assert [row.key for row in read.rows] == ["Oslo", "Bergen", "Moss"]


def test_what_has_no_column_does_not_part_rows() -> None:
    lines = table(COLUMNS, *ROWS)
    lines = [lines[0], *([element("checkbox", ""), *line] for line in lines[1:])]
    (read,) = tables(state("/", "", *lines).observation)
    assert len(read.rows) == 3


def test_tables_below_each_other_are_two() -> None:
    page = state("/", "", *table(COLUMNS, *ROWS), *table(("City", "Area"), ("Oslo", "480"), ("Moss", "138")))
    assert [read.columns for read in tables(page.observation)] == [COLUMNS, ("City", "Area")]


def test_a_cell_of_several_parts_says_nothing() -> None:
    cell = [element("link", "Oslo", headers=("City",)), element("link", "map", headers=("City",))]
    (read,) = tables(state("/", "", [*cell, element("cell", "709,037", headers=("People",))]).observation)
    assert read.rows[0].cells[0].text == ""


def test_rows_that_are_not_below_each_other_are_no_table() -> None:
    page = state("/", "", *table(COLUMNS, *ROWS))
    boxes = [replace(e, box=(e.box[0], 0.0, e.box[2], e.box[3])) for e in page.observation.elements]
    assert tables(replace(page.observation, elements=tuple(boxes))) == []


def test_a_row_that_heads_a_group_is_none_of_the_table() -> None:
    lines = table(COLUMNS, *ROWS)
    elements = state("/", "", *lines[:2], [element("cell", "Inland", headers=("City",))], *lines[2:]).observation
    wide = tuple(replace(e, box=(0.0, e.box[1], 190.0, 20.0)) if e.name == "Inland" else e for e in elements.elements)
    (read,) = tables(replace(elements, elements=wide))
    assert [row.key for row in read.rows] == ["Oslo", "Bergen", "Moss"]


def test_a_header_over_all_columns_heads_a_group_and_one_over_one_another_table() -> None:
    lines = table(COLUMNS, *ROWS)
    page = state("/", "", *lines[:2], [element("columnheader", "Inland")], *lines[2:]).observation
    wide = tuple(replace(e, box=(0.0, e.box[1], 390.0, 20.0)) if e.name == "Inland" else e for e in page.elements)
    (read,) = tables(replace(page, elements=wide))
    assert [row.key for row in read.rows] == ["Oslo", "Bergen", "Moss"]
    assert [len(read.rows) for read in tables(page)] == [1, 2]


def test_cells_that_are_of_no_table_are_noticed() -> None:
    lines = table(COLUMNS, *ROWS)
    one = state("/", "", *lines[:1], *([*line, element("cell", "Edit")] for line in lines[1:]))
    assert not others_beside(one.observation, tables(one.observation))
    two = state("/", "", *lines, element("heading", "Facts"), beside("Mayor", "Anne Lind"))
    assert others_beside(two.observation, tables(two.observation))


def test_a_cell_that_says_what_its_buttons_are_called_says_nothing() -> None:
    def cell(*inside: Element) -> str:
        whole = element("cell", "Alice Edit", headers=("Name",))
        page = state("/", "", [whole, *inside, element("cell", "5", headers=("Age",))])
        return tables(page.observation)[0].rows[0].cells[0].text

    assert cell(element("button", "Edit", headers=("Name",))) == ""
    assert cell(element("link", "Edit", headers=("Name",))) == ""
    assert cell(element("link", "Alice Edit", headers=("Name",))) == "Alice Edit"


def test_a_value_beside_a_row_header_is_labelled() -> None:
    page = state("/", "", element("heading", "Facts"), beside("Mayor", "Anne Lind"))
    assert [(item.section, item.label, item.value) for item in labelled(page.observation)] == [
        ("Facts", "Mayor", "Anne Lind")
    ]


def test_further_pages_are_noticed() -> None:
    for hint in (element("link", "Next »"), element("button", "Load more"), element("generic", "1-20 of 40")):
        assert goes_on(state("/", "", hint).observation)
    assert not goes_on(state("/", "", element("button", "Next", states=("disabled",))).observation)
    assert not goes_on(state("/", "", element("heading", "Next steps")).observation)


def test_texts_that_change_are_neither_names_nor_answers() -> None:
    for text in ("3 minutes ago", "just now", "12:31", "9fceb02d0ae598", "yesterday"):
        assert not is_answer(text)
        assert not is_name(text)
    assert is_answer("12 March 2019")
    assert bare("Price ▲") == "Price"
