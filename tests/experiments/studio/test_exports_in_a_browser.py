"""Each form of export, downloaded through the gallery, holds the episode that was kept."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from browser_env.episode import Episode
from browser_env.task import Task
from experiments.exchange.chrome_recorder import read_chrome_recorder
from experiments.exchange.tables import read_tables
from replay.store import ReplayStore
from tests.experiments.studio.acting import begin, click_named, consent, keep, type_text
from tests.experiments.studio.running import Running


def recorded(page: Page, running: Running, task: Task) -> Episode:
    consent(page)
    begin(page, task.name)
    click_named(page, running, "Note", role="textbox", scale=1)
    type_text(page, "for Ada")
    return keep(page, running)


def downloaded(page: Page, form: str, folder: Path) -> Path:
    """The file that the gallery's export of this form gives."""
    page.get_by_label("Export as").select_option(label=form)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Export").click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def test_each_export_is_downloaded_and_read_again(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task, tmp_path: Path
) -> None:
    running = studio(tasks=[shop_task])
    page = visit(running)
    episode = recorded(page, running, shop_task)
    page.get_by_role("link", name="Gallery").click()
    page.locator("#episodes button").click()

    web = downloaded(page, "a web page", tmp_path)
    assert web.name == f"episode-{episode.id}.html"
    offline = page.context.new_page()
    offline.goto(web.as_uri())
    expect(offline.locator("body")).to_contain_text("Step 1 of 2")
    offline.close()

    script = downloaded(page, "a Playwright script", tmp_path)
    assert script.suffix == ".py"
    compile(script.read_text(), "script", "exec")
    assert "for Ada" in script.read_text()

    plan = read_chrome_recorder(downloaded(page, "a recording for Chrome DevTools", tmp_path).read_text())
    assert len(plan.moves) >= len(episode.steps)

    with zipfile.ZipFile(downloaded(page, "Parquet tables, for datasets", tmp_path)) as archive:
        archive.extractall(tmp_path / "tables")
    assert list(read_tables(tmp_path / "tables")) == [episode]


def test_an_export_that_cannot_be_had_is_told(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task, tmp_path: Path
) -> None:
    running = studio(tasks=[shop_task])
    page = visit(running)
    recorded(page, running, shop_task)
    page.get_by_role("link", name="Gallery").click()
    page.locator("#episodes button").click()
    assert zipfile.is_zipfile(downloaded(page, "a Minari dataset", tmp_path))
    with ReplayStore(running.store) as store:
        store.revoke(subject="Ada")
    page.get_by_label("Export as").select_option(label="a web page")
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#news")).to_contain_text("no episode")
