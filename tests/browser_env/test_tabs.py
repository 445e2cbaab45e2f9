"""Tabs: opened by pages and by actions, gone to, closed."""

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Back, Click, CloseTab, NewTab, SwitchTab, Upload
from browser_env.task import Task


@pytest.fixture
def ids(episodes: Any, page_task: Callable[..., Task]) -> dict[str, str]:
    observation = episodes.reset(page_task("links"))
    return {element.name: element.id for element in observation.elements}


def tabs(result: Any) -> tuple[list[str], int]:
    observation = result.observation
    return [tab.url.rpartition("/")[2] for tab in observation.tabs], observation.active_tab


@pytest.mark.parametrize("name", ["New", "Popup"])
def test_what_a_page_opens_comes_to_the_front(episodes: Any, ids: dict[str, str], name: str) -> None:
    opened = episodes.step(Click(ids[name]))
    assert tabs(opened) == (["links.html", f"blank.html?{name.lower()}"], 1)
    assert opened.observation.url.endswith(f"?{name.lower()}")
    closed = episodes.step(CloseTab(1))
    assert closed.observation.url.endswith("links.html")


def test_tabs_are_gone_to_and_keep_their_history(episodes: Any, ids: dict[str, str], site: str) -> None:
    assert tabs(episodes.step(NewTab(f"{site}/blank.html?mine"))) == (["links.html", "blank.html?mine"], 1)
    assert tabs(episodes.step(SwitchTab(0))) == (["links.html", "blank.html?mine"], 0)
    assert tabs(episodes.step(Click(ids["Same"]))) == (["blank.html?same", "blank.html?mine"], 0)
    assert tabs(episodes.step(Back())) == (["links.html", "blank.html?mine"], 0)


@pytest.mark.parametrize(
    ("action", "message"),
    [(SwitchTab(5), "no tab 5"), (CloseTab(5), "no tab 5"), (CloseTab(0), "only tab")],
)
def test_tabs_that_are_not_there_are_an_error(episodes: Any, ids: dict[str, str], action: Any, message: str) -> None:
    assert message in episodes.step(action).observation.error


def test_a_new_tab_goes_nowhere_else(episodes: Any, ids: dict[str, str]) -> None:
    assert episodes.step(NewTab("http://elsewhere.test/")).outcome == "blocked"


def test_files_come_from_the_task_s_folder(episodes: Any, page_task: Callable[..., Task], tmp_path: Any) -> None:
    (tmp_path / "one.txt").write_text("one", encoding="utf-8")
    observation = episodes.reset(page_task("files", upload_folder=str(tmp_path)))
    field = next(element for element in observation.elements if element.name == "Many")
    assert "no file" in episodes.step(Upload(field.id, ("two.txt",))).observation.error
    result = episodes.step(Upload(field.id, ("one.txt",)))
    assert result.observation.error is None
    assert result.observation.element(field.id).value == "one.txt"
