from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, sync_playwright

from browser_env.action import Answer, Click, Drag, Point, Type
from browser_env.episode import Episode, Source, Step
from browser_env.errors import InfraError, UsageError
from browser_env.locate import find_browser
from browser_env.observation import Element, Observation, Tab
from browser_env.task import Task, VerifierSpec
from experiments.cli import main
from experiments.watching import episodes_page, render_episodes
from replay.store import ReplayStore
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{data}}&amp;\u2028"
)


def observation(shade: int, *, error: str | None = None, text: str = "Name") -> Observation:
    return Observation(
        goal=f"Say {text}",
        url=f"http://127.0.0.1/?{text}",
        screenshot=np.full((210, 160, 3), shade, dtype=np.uint8),
        elements=(
            Element(id="e1", role="textbox", name=text, value=text, box=(10, 60, 80, 12)),
            Element(id="e2", role="button", name="Ok", box=(10, 90, 30, 12), states=("clickable",)),
            Element(id="e3", role="link", name="Below", box=(10, 900, 30, 12), visible=False),
        ),
        tabs=(Tab(url="http://127.0.0.1/"),),
        error=error,
    )


def episode(*, text: str = "Name", **changes: Any) -> Episode:
    steps = (
        Step(observation=observation(10, text=text), action=Type("e1", text), log_prob=-0.5, value=0.25),
        Step(observation=observation(20, text=text), action=Click("e9"), log_prob=float("-inf"), value=float("nan")),
        Step(observation=observation(20, error=f"no e9 {text}", text=text), action=Drag(("e1", Point(5, 5)))),
        Step(observation=observation(30, text=text), action=Answer(text), intervention=True),
    )
    return replace(
        Episode(
            id="f" * 32,
            task=Task(name=f"suite/{text}", url="http://127.0.0.1", verifier=VerifierSpec(name="page")),
            seed=7,
            source=Source.AGENT,
            steps=steps,
            final=observation(40, text=text),
            outcome=Outcome.FAILURE,
            reward=0.0,
            evidence=Evidence(answer=text, url=text),
            reason=f"wrong: {text}",
            cost=Cost(wall_s=1.5, cpu_s=2.0, tokens=3),
        ),
        **changes,
    )


def payload(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(find_browser().path), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab without network that fails the test at its end if the page complained."""
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_page_holds_what_happened() -> None:
    data = payload(episodes_page([episode()], title="one"))
    (shown,) = data["episodes"]
    assert (shown["task"], shown["seed"], shown["outcome"]) == ("suite/Name", 7, "failure")
    assert dict(shown["facts"])["cost"] == "$0.000022"
    first, second, third, fourth, last = shown["frames"]
    assert first["action"] == "type(e1, 'Name')"
    assert first["marks"] == {"boxes": [[10, 60, 80, 12]], "pointer": [50, 66], "path": [], "label": "“Name”"}
    assert (first["chance"], first["value"]) == (0.606531, 0.25)
    assert (second["failed"], second["chance"], second["value"]) == ("no e9 Name", 0.0, None)
    assert (third["seen"], third["target"]) == ("no e9 Name", ["e1"])
    assert fourth["intervention"] is True
    assert (last["action"], last["image"]) == (None, 3)
    assert [frame["image"] for frame in shown["frames"]] == [0, 1, 1, 2, 3]  # equal pages are stored once
    assert len(data["images"]) == 4
    assert all(image.startswith("data:image/png;base64,") for image in data["images"])


@given(text=st.text(max_size=60))
def test_any_text_stays_data(text: str) -> None:
    page = episodes_page([episode(text=text)], title=text)
    assert payload(page)["episodes"][0]["goal"] == f"Say {text}"
    assert page.count("<script") == 2


def test_page_replays_in_a_browser(tab: Page, tmp_path: Path) -> None:
    render_episodes(
        [episode(), episode(outcome=Outcome.SUCCESS, text="Other")], tmp_path / "deep" / "e.html", title="t"
    )
    tab.goto((tmp_path / "deep" / "e.html").as_uri())
    tab.wait_for_selector("#film li")
    assert tab.inner_text("#action") == "type(e1, 'Name')"
    assert tab.text_content("#overlay .tagtext") == "“Name”"
    assert tab.inner_text("#elements .target td") == "e1"
    tab.keyboard.press("ArrowRight")
    assert "Did not work: no e9 Name" in tab.inner_text("#failed")
    assert tab.is_hidden("#seen")
    tab.keyboard.press("ArrowRight")
    assert "no e9 Name" in tab.inner_text("#seen")
    assert tab.locator("#overlay .tip").count() == 1
    tab.keyboard.press("End")
    assert tab.inner_text("#position") == "outcome"
    assert tab.is_disabled("#next")
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowDown")
    assert tab.inner_text("#goal") == "Say Other"
    tab.keyboard.press("b")
    assert tab.locator("#overlay .box").count() == 2
    tab.select_option("#speed", "180")
    tab.click("#play")
    tab.locator("#position", has_text="outcome").wait_for()
    assert tab.get_attribute("#play", "aria-label") == "Play"
    assert tab.evaluate("location.hash") == "#2.5"


def test_page_draws_the_screenshot_crisp(tab: Page, tmp_path: Path) -> None:
    board = np.indices((210, 160)).sum(axis=0) % 2 * 255
    shot = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    final = replace(observation(0), screenshot=shot)
    render_episodes([episode(steps=(), final=final)], tmp_path / "e.html", title="t")
    tab.goto((tmp_path / "e.html").as_uri())
    tab.wait_for_selector("#film li")
    shades = tab.evaluate(
        """() => { const shot = document.getElementById("shot");
        return [...new Set(shot.getContext("2d").getImageData(0, 0, shot.width, shot.height).data)]; }"""
    )
    assert sorted(shades) == [0, 255]


def test_hostile_text_is_shown_and_not_run(tab: Page, tmp_path: Path) -> None:
    render_episodes([episode(text=HOSTILE)], tmp_path / "e.html", title=HOSTILE)
    tab.goto((tmp_path / "e.html").as_uri())
    tab.wait_for_selector("#film li")
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
    assert tab.title() != "owned"
    assert tab.text_content("#goal") == f"Say {HOSTILE}"
    assert tab.locator("script").count() == 2
    assert tab.locator("img").count() == 0


def test_pages_without_pixels_and_without_elements(tab: Page, tmp_path: Path) -> None:
    bare = Observation(goal="")
    wired = replace(observation(0), screenshot=None)
    steps = (Step(observation=bare, action=Click("e1")), Step(observation=wired, action=Click("e2")))
    render_episodes([episode(steps=steps, final=wired)], tmp_path / "e.html", title="")
    tab.goto((tmp_path / "e.html").as_uri())
    tab.wait_for_selector("#film li")
    assert tab.is_hidden("#belief")
    assert tab.is_hidden("#episodes")
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#overlay .target").count() == 1


def test_nothing_to_show_and_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no episode to show"):
        render_episodes([], tmp_path / "e.html", title="")
    (tmp_path / "file").write_text("")
    with pytest.raises(InfraError, match="cannot write"):
        render_episodes([episode()], tmp_path / "file" / "e.html", title="")


def test_watch_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayStore(tmp_path / "store") as store:
        store.add([episode(steps=episode().steps[:1])])
    out, picture, result = tmp_path / "e.html", tmp_path / "e.png", tmp_path / "e.json"
    options = ["--store", str(tmp_path / "store"), "--html", str(out), "--picture", str(picture), "--json", str(result)]
    assert main(["watch", "f" * 32, *options]) == 0
    assert payload(out.read_text())["episodes"][0]["seed"] == 7
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(result.read_text())["episodes"][0]["outcome"] == "failure"
    assert main(["watch", "nobody", *options]) == 1
    assert main(["watch", "f" * 32, *options[:4], "--picture", str(tmp_path / "e.jpg")]) == 2
    assert "must end in .png" in capsys.readouterr().err
