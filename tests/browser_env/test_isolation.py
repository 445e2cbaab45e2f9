from collections.abc import Callable
from typing import Any

from browser_env.action import Click, Press
from browser_env.task import Task

MakeTask = Callable[..., Task]
TRACES = {
    *("cookie", "localStorage", "sessionStorage", "name", "history", "indexedDB"),
    *("caches", "serviceWorker"),
}


def named(observation: Any, name: str) -> str:
    return str(next(e.id for e in observation.elements if e.name == name))


def test_nothing_survives_a_reset(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("state")
    episodes.reset(task)
    episodes.loop.run(episodes.environment.context.page.evaluate("leave()"))
    traces = episodes.loop.run(episodes.environment.context.page.evaluate("traces()"))
    assert set(traces) == TRACES
    episodes.reset(task)
    assert episodes.loop.run(episodes.environment.context.page.evaluate("traces()")) == []


def test_no_answer_is_kept_over_a_reset(episodes: Any, page_task: MakeTask) -> None:
    answers = []
    for _ in range(2):
        episodes.reset(page_task("state"))
        page = episodes.environment.context.page
        for _ in range(2):
            answers.append(int(episodes.loop.run(page.evaluate("fetch('/count').then((answer) => answer.text())"))))
    first = answers[0]
    assert answers == [first, first, first + 1, first + 1]


def test_no_permission_survives_a_reset(episodes: Any, page_task: MakeTask, site: str) -> None:
    query = "navigator.permissions.query({name: 'geolocation'}).then((status) => status.state)"

    async def grant() -> None:
        context = episodes.environment.context
        where = {"origin": site, "browserContextId": context.id}
        await context._ask("Browser.grantPermissions", {"permissions": ["geolocation"], **where})

    task = page_task("state")
    episodes.reset(task)
    before = episodes.loop.run(episodes.environment.context.page.evaluate(query))
    episodes.loop.run(grant())
    granted = episodes.loop.run(episodes.environment.context.page.evaluate(query))
    episodes.reset(task)
    after = episodes.loop.run(episodes.environment.context.page.evaluate(query))
    assert (granted, after) == ("granted", before)
    assert before != "granted"


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
