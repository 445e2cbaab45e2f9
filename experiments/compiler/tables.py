"""The tables of a page, read from the headers of their cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from browser_env.observation import Element, Observation
from experiments.compiler.quantities import is_numeric
from experiments.compiler.reading import WHOLE_CELLS, text_of
from experiments.compiler.texts import is_name

CELLS = WHOLE_CELLS | {"rowheader", "columnheader"}
MAX_GAP = 12  # elements without a column between two cells of a table
MAX_LOOKED = 60  # cells of a table that are compared with the next
MIN_COLUMNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table."""

    text: str = ""  # empty where it holds nothing, or parts that have no common name
    elements: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table."""

    key: str  # what names it; empty where nothing does
    cells: tuple[Cell, ...]  # by column


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with named columns, as far as it is shown."""

    title: str  # its caption or the heading above it; empty where there is none
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    key: int | None  # the column that names the rows; None: row headers do, or nothing

    def column(self, index: int) -> tuple[str, ...]:
        """Return what the cells of a column say."""
        return tuple(row.cells[index].text for row in self.rows)

    @property
    def has_keys(self) -> bool:
        """Whether every row has a name of its own."""
        keys = [row.key for row in self.rows]
        return all(map(is_name, keys)) and len({key.casefold() for key in keys}) == len(keys)

    @property
    def noun(self) -> str:
        """What a row is, as the table says it; empty where it does not."""
        return "" if self.key is None else self.columns[self.key]


Place = tuple[str, str]  # names of a cell's row header (or nothing) and of its column's header
Line = list[tuple[Place, Element]]


def tables(observation: Observation) -> list[Table]:
    """Return the tables whose rows can be told apart, in document order."""
    found = []
    for title, block in _blocks(observation.elements):
        columns = tuple(dict.fromkeys(column for (_, column), _ in block))
        lines = _without_heads(list(_lines(block, columns)))
        if len(columns) >= MIN_COLUMNS and all(_is_above(upper, lower) for upper, lower in pairwise(lines)):
            found.append(_table(title, columns, lines))
    return found


def _blocks(elements: Sequence[Element]) -> Iterator[tuple[str, Line]]:
    """Yield the cells of each table with what stands above it."""
    title = side = ""
    block: Line = []
    gap: list[Element] = []
    for element in elements:
        if element.role == "rowheader" and not element.headers:
            side = element.name
        place = _place(element, side)
        if place is None:
            gap.append(element)
        if block and (_ends(element, block) if place is None else not _goes_on(place, element, gap, block)):
            yield title, block
            block = []
        if place is not None:
            block.append((place, element))
            gap = []
        elif element.role in ("caption", "heading") and element.name:
            title = element.name
    if block:
        yield title, block


def _place(element: Element, side: str) -> Place | None:
    """Return the headers of an element in a table; None where it has no column's."""
    if len(element.headers) == 2:
        return element.headers[0], element.headers[1]
    if len(element.headers) == 1 and element.headers[0] != side and element.role != "columnheader":
        return "", element.headers[0]
    return None


def _ends(element: Element, block: Line) -> bool:
    """Whether a table ends before an element that has no column: at a title, or at the headers of another."""
    if element.role == "columnheader":
        return not _heads_group(element, block)
    if element.role in ("heading", "caption"):
        return True
    return element.role not in CELLS and any(element.name == column for (_, column), _ in block[:MAX_LOOKED])


def _heads_group(element: Element, block: Line) -> bool:
    """Whether a header stands over several columns of a table and below its rows: over what comes next of it."""
    columns = {column: cell for (_, column), cell in block[:MAX_LOOKED]}
    return sum(_overlap(element, cell, 0) for cell in columns.values()) > 1 and _is_above(
        [block[-1]], [(("", ""), element)]
    )


def _goes_on(place: Place, element: Element, gap: Sequence[Element], block: Line) -> bool:
    """Whether a cell is of the table that the last one was of: not far behind it, and in line with its column."""
    if len(gap) > MAX_GAP:
        return False
    if place == block[-1][0] and not gap:
        return True
    above = [other for (_, column), other in block[:MAX_LOOKED] if column == place[1]]
    if above:
        return any(_in_column(element, other) for other in above)
    last = block[-1][1]
    return all(_overlap(item, last, 1) for item in gap)


def _in_column(one: Element, other: Element) -> bool:
    return _overlap(one, other, 0) or abs(one.box[0] - other.box[0]) <= 2


def _overlap(one: Element, other: Element, axis: int) -> bool:
    """Whether two boxes share some of an axis: 0 across, 1 down."""
    first, second = one.box, other.box
    return first[axis] < second[axis] + second[axis + 2] and second[axis] < first[axis] + first[axis + 2]


def _lines(block: Line, columns: Sequence[str]) -> Iterator[Line]:
    """Split cells into rows: a row begins where the columns do."""
    order = {column: i for i, column in enumerate(columns)}
    line: Line = []
    for place, element in block:
        if line and (order[place[1]] < order[line[-1][0][1]] or place[0] != line[-1][0][0] or _is_below(element, line)):
            yield line
            line = []
        line.append((place, element))
    if line:
        yield line


def _is_below(element: Element, line: Line) -> bool:
    """Whether an element is a cell below all cells of a line."""
    cells = [other for _, other in line if other.role in CELLS]
    return element.role in CELLS and bool(cells) and all(not _overlap(element, other, 1) for other in cells)


def _without_heads(lines: list[Line]) -> list[Line]:
    """Leave out lines of one cell that reaches over other columns: they head a group of rows."""
    spans: dict[str, float] = {}
    for line in lines:
        for (_, column), element in line if len({place for place, _ in line}) > 1 else ():
            spans.setdefault(column, element.box[0] + element.box[2] / 2)
    return [line for line in lines if not _reaches_over(line, spans)]


def _reaches_over(line: Line, middles: Mapping[str, float]) -> bool:
    columns = {column for (_, column), _ in line}
    left, right = min(e.box[0] for _, e in line), max(e.box[0] + e.box[2] for _, e in line)
    return len(columns) == 1 and any(left < x < right for column, x in middles.items() if column not in columns)


def others_beside(observation: Observation, found: Sequence[Table]) -> bool:
    """Whether a page has cells before or behind these tables, so that there is more than them to be called a table."""
    places = {element.id: i for i, element in enumerate(observation.elements)}
    spans = []
    for table in found:
        inside = [places[e.id] for row in table.rows for cell in row.cells for e in cell.elements]
        last = [observation.elements[max(inside)]] if inside else []
        spans += [(min(inside), max(inside), last[0])] if last else []
    return any(
        element.role in CELLS - {"columnheader"}
        and bool(element.name)
        and not any(a <= i <= b or (a - MAX_GAP <= i and _overlap(element, last, 1)) for a, b, last in spans)
        for i, element in enumerate(observation.elements)
    )


def _is_above(upper: Line, lower: Line) -> bool:
    return max(element.box[1] for _, element in upper) < min(element.box[1] for _, element in lower)


def _table(title: str, columns: tuple[str, ...], lines: Sequence[Line]) -> Table:
    cells = [tuple(_cell(line, column) for column in columns) for line in lines]
    sides = [line[0][0][0] for line in lines]
    key = None if all(sides) else _key_column(columns, cells)
    names = sides if all(sides) else [row[key].text if key is not None else "" for row in cells]
    rows = tuple(Row(key=name, cells=row) for name, row in zip(names, cells, strict=True))
    return Table(title=title, columns=columns, rows=rows, key=key)


def _cell(line: Line, column: str) -> Cell:
    elements = tuple(element for place, element in line if place[1] == column)
    return Cell(text=text_of(elements), elements=elements)


def _key_column(columns: Sequence[str], cells: Sequence[tuple[Cell, ...]]) -> int | None:
    """Return the first column whose cells are names, each another."""
    for i in range(len(columns)):
        texts = [row[i].text for row in cells]
        if all(is_name(text) and not is_numeric(text) for text in texts) and len(
            {text.casefold() for text in texts}
        ) == len(texts):
            return i
    return None
