import time
from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Click, Wait
from browser_env.context import MAX_TABS
from browser_env.errors import ActionError
from browser_env.task import Task
from rewards.verifier import verify

MakeTask = Callable[..., Task]


def named(observation: Any, name: str) -> str:
    return str(next(e.id for e in observation.elements if e.name == name))


def press(episodes: Any, task: Task, name: str) -> Any:
    return episodes.step(Click(named(episodes.reset(task), name)))


def test_a_popup_comes_to_the_front_and_is_under_control(episodes: Any, page_task: MakeTask) -> None:
    result = press(episodes, page_task("tabs"), "Open")
    context = episodes.environment.context
    assert result.observation.url.endswith("/blank.html")
    assert result.observation.screenshot.shape == (300, 400, 3)
    assert episodes.loop.run(context.page.evaluate("new Date().getUTCFullYear()")) == 2024


def test_tabs_are_switched_and_closed(episodes: Any, page_task: MakeTask) -> None:
    press(episodes, page_task("tabs"), "Open")
    context = episodes.environment.context
    episodes.loop.run(context.activate(0))
    seen = episodes.step(Wait(1)).observation
    assert (seen.active_tab, seen.url.endswith("/tabs.html"), len(seen.tabs)) == (0, True, 2)
    episodes.loop.run(context.close_page(1))
    assert len(episodes.step(Wait(1)).observation.tabs) == 1
    with pytest.raises(ActionError, match="only tab"):
        episodes.loop.run(context.close_page(0))
    with pytest.raises(ActionError, match="no tab 5"):
        episodes.loop.run(context.activate(5))


def test_a_page_cannot_open_tabs_without_end(other_episodes: Any, page_task: MakeTask) -> None:
    """As many take longer to begin than the other tests' browser is waited for."""
    result = press(other_episodes, page_task("tabs"), "Flood")
    blocked = result.blocked
    for _ in range(20):
        if blocked:
            break
        blocked = other_episodes.step(Wait(10)).blocked
    assert 1 < len(other_episodes.environment.context.pages) <= MAX_TABS
    assert blocked[0].startswith("tab ")


def test_a_window_that_closes_itself_leaves_an_empty_tab(episodes: Any, page_task: MakeTask) -> None:
    result = press(episodes, page_task("trouble"), "Close")
    assert result.outcome is None
    assert episodes.step(Wait(1)).observation.elements is not None


def wait_for_download(episodes: Any) -> Any:
    """Return the result of the step that sees a file; it arrives in the machine's time, not the page's."""
    for _ in range(20):
        result = episodes.step(Wait(100))
        if result.observation.downloads:
            break
        time.sleep(0.05)
    return result


@pytest.mark.parametrize("name", ["File in a tab", "File in a tab of its own"])
def test_a_tab_that_was_opened_for_a_file_goes(name: str, episodes: Any, page_task: MakeTask) -> None:
    press(episodes, page_task("tabs"), name)
    result = wait_for_download(episodes)
    assert (result.outcome, len(result.observation.downloads)) == (None, 1)
    assert [tab.title for tab in result.observation.tabs] == ["Tabs"]
    assert name in [element.name for element in result.observation.elements]
    press_again = next(element.id for element in result.observation.elements if element.name == "Open")
    assert len(episodes.step(Click(press_again)).observation.tabs) == 2, "the page goes on working"


def test_a_download_is_kept_under_a_name_of_ours(episodes: Any, page_task: MakeTask) -> None:
    press(episodes, page_task("tabs"), "Small file")
    result = wait_for_download(episodes)
    (download,) = episodes.environment.context.downloads.values()
    assert result.observation.downloads == (download.name,)
    assert verify("download", {"ends": "Report.csv"}, episodes.environment.evidence).success
    assert (download.state, download.size) == ("completed", 2000)
    assert "/" not in download.name
    assert download.path.read_bytes() == b"x" * 2000
    episodes.reset(page_task("blank"))
    assert not download.path.exists()


def test_downloads_stop_at_their_quota(episodes: Any, page_task: MakeTask) -> None:
    blocked = press(episodes, page_task("tabs"), "Big file").blocked
    for _ in range(40):
        blocked += episodes.step(Wait(1000)).blocked if episodes.environment._task else ()
        downloads = list(episodes.environment.context.downloads.values())
        if downloads and downloads[0].state != "inProgress":
            break
    assert downloads[0].state == "canceled"
    assert any(refused.startswith("download http://") for refused in blocked)


def test_a_download_whose_frame_is_gone_is_broken_off(episodes: Any, page_task: MakeTask) -> None:
    folder = episodes.loop.run(episodes.host.browser()).downloads_folder
    blocked = press(episodes, page_task("tabs"), "Lost file").blocked
    for _ in range(200):  # it arrives in the machine's time
        if blocked:
            break
        time.sleep(0.05)
        blocked += episodes.step(Wait(10)).blocked
    assert set(blocked) == {"download of a frame that is gone"}
    assert not any(file.is_file() for file in folder.rglob("*"))


@pytest.mark.parametrize(("accept", "text", "seen"), [(True, "Anna", "true Anna"), (False, "", "false null")])
def test_dialogs_are_answered_one_after_the_other(
    episodes: Any, page_task: MakeTask, accept: bool, text: str, seen: str
) -> None:
    asked = press(episodes, page_task("trouble"), "Ask").observation
    assert (asked.dialog.kind, asked.dialog.message) == ("confirm", "Sure?")
    context = episodes.environment.context
    episodes.loop.run(context.answer(accept=accept))
    asked = episodes.step(Wait(1)).observation
    assert (asked.dialog.kind, asked.dialog.message) == ("prompt", "Name?")
    episodes.loop.run(context.answer(accept=accept, text=text))
    done = episodes.step(Wait(1)).observation
    assert done.dialog is None
    assert seen in [e.name for e in done.elements]


def test_without_a_dialog_there_is_nothing_to_answer(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(page_task("blank"))
    with pytest.raises(ActionError, match="no dialog"):
        episodes.loop.run(episodes.environment.context.answer(accept=True))


def test_a_storm_of_alerts_ends_with_the_episode(episodes: Any, page_task: MakeTask) -> None:
    alerts = press(episodes, page_task("trouble"), "Alerts")
    assert alerts.observation.dialog.message == "0"
    assert episodes.reset(page_task("blank")).elements
