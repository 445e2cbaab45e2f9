"""Draws a site's graph: its states as dots, those of one template in a box, boxes in columns by their distance."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from experiments.compiler.graph import SiteGraph, State

MOST_BOXES = 36  # the templates with the most states; the others share a last box
WIDTH, PER_ROW, PITCH, HEAD, GAP_X, GAP_Y = 176, 11, 15, 24, 66, 14  # pixels, dots in a row
MOST_DOTS = 66  # of a box
TITLE_LENGTH = 26  # characters
OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A template and its place in the picture."""

    states: tuple[State, ...]
    x: float
    y: float
    height: float


def graph_picture(graph: SiteGraph, *, goals: Collection[str] = ()) -> str:
    """Return the graph as SVG; states whose ids are among ``goals`` are drawn as ends of tasks."""
    boxes = _boxes(graph)
    width = max(box.x + WIDTH for box in boxes.values()) + 4
    height = max(box.y + box.height for box in boxes.values()) + 4
    home = _group(graph.home, boxes)
    drawn = [_ways(graph, boxes), *(_box(box, goals, is_home=name == home) for name, box in boxes.items())]
    return (
        f'<svg class="graph" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' role="img" aria-label="{len(graph.states)} states in {len(boxes)} groups">{"".join(drawn)}</svg>'
    )


def _boxes(graph: SiteGraph) -> dict[str, Box]:
    groups = _groups(graph)
    depths = _depths(graph)
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for name, states in groups.items():
        columns[min(depths.get(state.id, 99) for state in states)].append(name)
    boxes: dict[str, Box] = {}
    for column, depth in enumerate(sorted(columns)):
        y = 2.0
        for name in sorted(columns[depth], key=lambda name: -len(groups[name])):
            rows = -(-min(len(groups[name]), MOST_DOTS) // PER_ROW)
            height = HEAD + rows * PITCH + 8
            boxes[name] = Box(states=tuple(groups[name]), x=2 + column * (WIDTH + GAP_X), y=y, height=height)
            y += height + GAP_Y
    return boxes


def _groups(graph: SiteGraph) -> dict[str, list[State]]:
    found: defaultdict[str, list[State]] = defaultdict(list)
    for state in graph.states.values():
        found[state.template].append(state)
    largest = sorted(found, key=lambda name: (graph.home.template != name, -len(found[name])))
    groups = {name: found[name] for name in largest[:MOST_BOXES]}
    if rest := [state for name in largest[MOST_BOXES:] for state in found[name]]:
        groups[OTHERS] = rest
    return groups


def _depths(graph: SiteGraph) -> dict[str, int]:
    """Return how many moves each state is from the first one."""
    depths, waiting = {graph.home.id: 0}, deque([graph.home.id])
    while waiting:
        here = waiting.popleft()
        for edge in graph.outgoing.get(here, ()):
            if edge.target not in depths:
                depths[edge.target] = depths[here] + 1
                waiting.append(edge.target)
    return depths


def _group(state: State, boxes: dict[str, Box]) -> str:
    return state.template if state.template in boxes else OTHERS


def _ways(graph: SiteGraph, boxes: dict[str, Box]) -> str:
    count: Counter[tuple[str, str]] = Counter()
    for edge in graph.edges:
        ends = graph.states.get(edge.source), graph.states.get(edge.target)
        if ends[0] is not None and ends[1] is not None:
            count[_group(ends[0], boxes), _group(ends[1], boxes)] += 1
    return "".join(_way(boxes[a], boxes[b], number) for (a, b), number in count.items() if a != b)


def _way(first: Box, second: Box, number: int) -> str:
    forward, same = second.x > first.x, second.x == first.x
    x0, x1 = (first.x + WIDTH, second.x) if forward else (first.x, second.x + WIDTH)
    y0, y1 = first.y + first.height / 2, second.y + second.height / 2
    bend = GAP_X * 0.7 * (1 if forward or same else -1)
    if same:  # a loop on the right
        x0, x1, back = x1, x1, bend
    else:
        back = -bend
    line = f"M{x0:g} {y0:g}C{x0 + bend:g} {y0:g} {x1 + back:g} {y1:g} {x1:g} {y1:g}"
    return f'<path class="way" stroke-width="{_thick(number):.1f}" d="{line}"/>'


def _thick(number: int) -> float:
    return float(min(1 + number**0.5 / 3, 5))


def _box(box: Box, goals: Collection[str], *, is_home: bool) -> str:
    first = box.states[0]
    title = escape(_short(first.title or first.url.rpartition("/")[2] or first.url))
    many = len(box.states)
    head = (
        f'<rect class="box{" home" if is_home else ""}" x="{box.x}" y="{box.y}" width="{WIDTH}" height="{box.height}"'
        f' rx="9"/><text x="{box.x + 10}" y="{box.y + 17}">{title}</text>'
        f'<text class="count" x="{box.x + WIDTH - 8}" y="{box.y + 17}" text-anchor="end">{many}</text>'
    )
    return f"<g>{head}{_dots(box, goals)}</g>"


def _dots(box: Box, goals: Collection[str]) -> str:
    drawn = []
    for index, state in enumerate(_in_order(box.states)[:MOST_DOTS]):
        x, y = box.x + 14 + index % PER_ROW * PITCH, box.y + HEAD + 8 + index // PER_ROW * PITCH
        kind = "goal" if state.id in goals else "page" if state.is_page else "view"
        label = escape(f"{state.title} — {state.url}"[:200])
        drawn.append(f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"><title>{label}</title></circle>')
    return "".join(drawn)


def _in_order(states: Sequence[State]) -> list[State]:
    return sorted(states, key=lambda state: not state.is_page)


def _short(text: str) -> str:
    return text if len(text) <= TITLE_LENGTH - 4 else text[: TITLE_LENGTH - 5] + "…"
