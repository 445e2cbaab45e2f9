from collections.abc import Callable
from typing import Any

from browser_env.action import Click, Press
from browser_env.task import Task

MakeTask = Callable[..., Task]


def named(observation: Any, name: str) -> str:
    return str(next(e.id for e in observation.elements if e.name == name))


def test_nothing_survives_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("state")
    episodes.reset(task)
    episodes.loop.run(episodes.environment.context.page.evaluate("leave()"))
    traces = episodes.loop.run(episodes.environment.context.page.evaluate("traces()"))
    assert {"cookie", "localStorage", "sessionStorage", "name", "history", "indexedDB"} <= set(traces)
    episodes.reset(task)
    assert episodes.loop.run(episodes.environment.context.page.evaluate("traces()")) == []


def test_the_clipboard_is_empty_after_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("state")
    field = named(episodes.reset(task), "Field")
    for action in (Click(field), Press("Control+a"), Press("Control+c")):
        episodes.step(action)
    observation = episodes.reset(task)
    field = named(observation, "Field")
    for action in (Click(field), Press("Control+a"), Press("Delete"), Press("Control+v")):
        result = episodes.step(action)
    assert result.observation.element(field).value == ""


def test_no_key_or_button_is_held_after_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("events")
    episodes.reset(task)
    page = episodes.environment.context.page
    down = {"type": "rawKeyDown", "key": "Shift", "code": "ShiftLeft", "windowsVirtualKeyCode": 16, "modifiers": 8}
    episodes.loop.run(page.dispatch([("Input.dispatchKeyEvent", down)]))
    observation = episodes.reset(task)
    episodes.step(Click(named(observation, "Button")))
    page = episodes.environment.context.page
    assert episodes.loop.run(page.evaluate("log.filter((event) => event.shiftKey).length")) == 0


def test_tabs_are_gone_after_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("tabs")
    result = episodes.step(Click(named(episodes.reset(task), "Open")))
    assert [tab.title for tab in result.observation.tabs] == ["Tabs", "Blank"]
    assert result.observation.active_tab == 1
    assert len(episodes.reset(task).tabs) == 1
