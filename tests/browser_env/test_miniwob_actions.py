"""Pages of MiniWoB++ that are solved by drags, sliders, selections, dates and times."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from browser_env.action import Action, Click, Drag, Point, Press, Type
from browser_env.miniwob import miniwob_task
from browser_env.observation import Element, Observation

Solver = Callable[[Observation], Iterator[Action]]


def named(observation: Observation, name: str) -> Element:
    return next(element for element in observation.elements if element.name == name)


def roles(observation: Observation, role: str) -> list[Element]:
    return [element for element in observation.elements if element.role == role]


def moved(element: Element, dx: float, dy: float) -> Point:
    return Point(element.center[0] + dx, element.center[1] + dy)


def drag_box(observation: Observation) -> Iterator[Action]:
    yield Drag((named(observation, "s").id, Point(*named(observation, "L").center)))


def drag_items(observation: Observation) -> Iterator[Action]:
    places = r"(?:to the (?:(top|bottom)|(\d)\w+ position)|(up|down) by one position)\."
    goal = re.fullmatch(rf"Drag (\w+) {places}", observation.goal)
    assert goal is not None
    listed = [e for e in observation.elements if e.box[1] >= 50 and re.fullmatch(r"[A-Z][\w-]+", e.name)]
    items = list({item.name: item for item in listed}.values())
    start = next(i for i, item in enumerate(items) if item.name == goal[1])
    ends = {"top": 0, "bottom": len(items) - 1, "up": start - 1, "down": start + 1}
    end = int(goal[3]) - 1 if goal[3] else ends[goal[2] or goal[4]]
    yield Drag((items[start].id, moved(items[end], 0, 6 if end > start else -6)))


def resize_textarea(observation: Observation) -> Iterator[Action]:
    area = roles(observation, "textbox")[0]
    x, y, width, height = area.box
    corner = (x + width - 6, y + height - 6)
    by = 8 if "larger" in observation.goal else -8
    yield Drag((Point(*corner), Point(corner[0] + by, corner[1] + by)))


def draw_line(observation: Observation) -> Iterator[Action]:
    dot = roles(observation, "graphics-symbol")[0]
    dx, dy = (22, 0) if "horizontal" in observation.goal else (0, 22)
    yield Drag((moved(dot, -dx, -dy), moved(dot, dx, dy)))


def highlight_text(observation: Observation) -> Iterator[Action]:
    paragraph = next(e for e in observation.elements if e.name and e.name != "Submit" and e.box[1] >= 50)
    x, y, width, height = paragraph.box
    yield Drag((Point(x, y + 4), Point(x + width - 0.5, y + height - 3)))


def enter_date(observation: Observation) -> Iterator[Action]:
    month, day, year = re.findall(r"\d+", observation.goal)
    field = next(element for element in observation.elements if "editable" in element.states)
    yield Type(field.id, f"{year}-{month}-{day}")


def enter_time(observation: Observation) -> Iterator[Action]:
    goal = re.search(r"(\d+):(\d\d)\s*([AP]M)", observation.goal)
    assert goal is not None
    field = next(element for element in observation.elements if "editable" in element.states)
    yield Type(field.id, f"{int(goal[1]) % 12 + 12 * (goal[3] == 'PM'):02d}:{goal[2]}")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("page", "solve", "submits"),
    [
        ("drag-box", drag_box, True),
        ("drag-items", drag_items, False),
        ("resize-textarea", resize_textarea, True),
        ("draw-line", draw_line, True),
        ("highlight-text", highlight_text, True),
        ("enter-date", enter_date, True),
        ("enter-time", enter_time, True),
    ],
)
def test_pages_are_solved(episodes: Any, page: str, solve: Solver, submits: bool, seed: int) -> None:
    observation = episodes.reset(miniwob_task(page), seed=seed)
    for action in solve(observation):
        result = episodes.step(action)
        assert result.observation.error is None
    if submits:
        assert result.outcome is None
        result = episodes.step(Click(named(result.observation, "Submit").id))
    assert (result.outcome, result.reward) == ("success", 1.0)


def slider(observation: Observation) -> tuple[Element, int]:
    handle = next(e for e in observation.elements if "clickable" in e.states and e.name == "")
    return handle, next(int(e.name) for e in observation.elements if re.fullmatch(r"-?\d+", e.name))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_slider_is_dragged_to_a_value(episodes: Any, seed: int) -> None:
    observation = episodes.reset(miniwob_task("use-slider"), seed=seed)
    wanted = int(re.findall(r"-?\d+", observation.goal)[0])
    ends = []
    for end in (Point(0, 208), Point(159, 50)):  # the least and the most, however the slider lies
        result = episodes.step(Drag((slider(observation)[0].id, end)))
        ends.append(slider(result.observation))
    (low, least), (high, most) = ends
    part = (wanted - least) / (most - least)
    place = [(1 - part) * low.center[axis] + part * high.center[axis] for axis in (0, 1)]
    _, value = slider(episodes.step(Drag((high.id, Point(*place)))).observation)
    if value != wanted:  # there are more values than pixels
        episodes.step(Press("ArrowUp" if wanted > value else "ArrowDown", abs(wanted - value)))
    result = episodes.step(Click(named(result.observation, "Submit").id))
    assert (result.outcome, result.reward) == ("success", 1.0)
