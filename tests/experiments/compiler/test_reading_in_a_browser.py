"""What is read of tables as a real browser shows them."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from browser_env.observation import Observation
from experiments.compiler.reading import goes_on, labelled
from experiments.compiler.site import Site
from experiments.compiler.tables import Table, tables
from experiments.compiler.visiting import visitors

PAGE = """<!doctype html><meta charset=utf-8><title>Stock</title><h1>Stock</h1>
<table><caption>Garden</caption>
<thead><tr><th><input type=checkbox></th><th><a href=#a>Name</a></th><th>Price ▲</th><th>Tags</th></tr></thead><tbody>
<tr><td><input type=checkbox></td><td><a href=#r>Rake</a></td><td>12.50</td><td><b>new</b> <b>wood</b></td></tr>
<tr><td><input type=checkbox></td><td><a href=#s>Spade</a></td><td>20.00</td><td></td></tr>
<tr><td><input type=checkbox></td><td><a href=#h>Hose, a long and green one that takes several lines to say</a></td>
<td>7.25</td><td>long</td></tr>
</tbody></table>
<h2>Rooms</h2>
<div role=grid><div role=row><span role=columnheader>Room</span> <span role=columnheader>Seats</span></div>
<div role=row><span role=gridcell>North</span> <span role=gridcell>12</span></div>
<div role=row><span role=gridcell>South</span> <span role=gridcell>40</span></div></div>
<h2>Opening</h2>
<table><tr><th>Saturday</th><td>ten to noon</td></tr><tr><th>Sunday</th><td><a href=#c>closed</a></td></tr></table>
<table><tr><td>laid</td><td>out</td></tr></table>
<button disabled>Next</button>
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal clean."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observation]:
    """The page as a browser shows it."""
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield asyncio.run(_visit(f"http://127.0.0.1:{server.server_address[1]}/index.html"))
        server.shutdown()


async def _visit(url: str) -> Observation:
    async with visitors(Site(url=url), count=1) as (visitor,):
        return (await visitor.play(url, ())).observations[-1]


def _named(shown: Observation, title: str) -> Table:
    return next(table for table in tables(shown) if table.title == title)


def test_a_table_with_boxes_and_links_is_read(shown: Observation) -> None:
    garden = _named(shown, "Garden")
    assert garden.columns == ("Name", "Price ▲", "Tags")
    assert [row.key for row in garden.rows][:2] == ["Rake", "Spade"]
    assert garden.column(1) == ("12.50", "20.00", "7.25")
    assert garden.rows[1].cells[2].text == ""


def test_a_grid_of_roles_is_read(shown: Observation) -> None:
    rooms = _named(shown, "Rooms")
    assert (rooms.columns, rooms.column(1)) == (("Room", "Seats"), ("12", "40"))


def test_values_beside_row_headers_are_read(shown: Observation) -> None:
    assert [(item.label, item.value) for item in labelled(shown)] == [("Saturday", "ten to noon"), ("Sunday", "closed")]


def test_tables_without_headers_are_none(shown: Observation) -> None:
    assert {table.title for table in tables(shown)} == {"Garden", "Rooms"}


def test_a_button_that_cannot_be_pressed_leads_nowhere(shown: Observation) -> None:
    assert not goes_on(shown)
