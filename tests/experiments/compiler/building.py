"""Small graphs by hand: pages of a few lines, and the moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from browser_env.action import Action, Click
from browser_env.observation import Element, Observation
from experiments.compiler.graph import Edge, Fact, Form, SiteGraph, State
from experiments.compiler.target import Move
from rewards.evidence import ElementState, Evidence

ORIGIN = "http://site.test"
LINE_PX = 20.0


def element(role: str, name: str = "", **fields: object) -> Element:
    """Return an element that gets its id and place from the page that it is put on."""
    return Element(id="", role=role, name=name, **fields)  # type: ignore[arg-type]


def table(columns: Sequence[str], *rows: Sequence[str], title: str = "", sides: bool = False) -> list[list[Element]]:
    """Return the lines of a table; with ``sides`` each row's first cell is its header."""
    lines = [[element("caption", title)]] if title else []
    lines.append([element("columnheader", column) for column in columns])
    for row in rows:
        cells = [element("cell", text, headers=(column,)) for column, text in zip(columns, row, strict=True)]
        if sides:
            cells = [
                element("rowheader", row[0]),
                *(replace(cell, headers=(row[0], *cell.headers)) for cell in cells[1:]),
            ]
        lines.append(cells)
    return lines


def beside(label: str, value: str) -> list[Element]:
    """Return the line of a value beside the header of its row."""
    return [element("rowheader", label), element("cell", value, headers=(label,))]


def state(
    path: str,
    title: str,
    *lines: Element | list[Element],
    template: str = "page",
    moves: tuple[Move, ...] = (),
    facts: tuple[Fact, ...] = (),
    forms: tuple[Form, ...] = (),
    form_values: dict[str, str] | None = None,
    truncated: bool = False,
) -> State:
    """Return a state that shows these elements, a line below the other; ids count from e1."""
    elements = []
    ids = count(1)
    for row, line in enumerate(lines):
        for column, item in enumerate(line if isinstance(line, list) else [line]):
            box = (column * 100.0, row * LINE_PX, 90.0, LINE_PX)
            elements.append(replace(item, id=f"e{next(ids)}", box=box))
    shown = "\n".join(item.name for item in elements)
    states = tuple(
        ElementState(role=e.role, name=e.name, value=e.value, states=e.states, headers=e.headers) for e in elements
    )
    url = ORIGIN + path
    return State(
        id=f"{path}{len(moves)}{moves[-1].to_json() if moves else ''}",
        url=url,
        title=title,
        template=template,
        observation=Observation(goal="", url=url, elements=tuple(elements), truncated=truncated),
        evidence=Evidence(url=url, title=title, text=shown, elements=states, form_values=form_values or {}),
        path=moves,
        start=url,
        forms=forms,
        facts=facts,
    )


def move(source: State, name: str, action: type[Action] = Click, *, role: str | None = None, **fields: object) -> Move:
    """Return a move at the element of this name."""
    found = next(e for e in source.observation.elements if e.name == name and role in (None, e.role))
    return Move.at(action(found.id, **fields), source.observation)  # type: ignore[call-arg]


def graph(*states: State, links: Sequence[tuple[int, str, int]] = ()) -> SiteGraph:
    """Return a graph of states with clicks between them: from, the name of what is clicked, to."""
    edges = tuple(Edge(source=states[a].id, move=move(states[a], name), target=states[b].id) for a, name, b in links)
    return SiteGraph(url=states[0].url, states={item.id: item for item in states}, edges=edges)
