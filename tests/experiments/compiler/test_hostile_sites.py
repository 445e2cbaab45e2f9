"""A hostile site is compiled from its first page to the set: nothing fails, and nothing there is changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from browser_env.task_set import TaskSet
from experiments.compiler.compiling import Plan, compile_site
from experiments.compiler.site import Site
from tests.experiments.compiler.sites.hostile import snare
from tests.experiments.compiler.sites.serving import Served, served

KEPT_OUT = "/kept/out"


class Silent:
    """Is told how far compiling is, and says nothing."""

    def begin(self, name: str, total: int) -> Callable[[int, str], None]:
        return lambda count, detail: None


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Served, TaskSet]:
    folder = tmp_path_factory.mktemp("sets") / "snare"
    plan = Plan(max_pages=10, minutes=1.5, browsers=1, pixels=False)
    with served(snare) as site:
        tasks = asyncio.run(compile_site(Site(url=site.url, keep_out=(KEPT_OUT,)), plan, folder, stages=Silent()))
    return site, tasks


def test_it_is_not_changed(compiled: tuple[Served, TaskSet]) -> None:
    site, _ = compiled
    assert site.log
    assert site.changes == []
    assert not any(asked.path.startswith(("/logout", KEPT_OUT)) for asked in site.log)


def test_its_tasks_end_at_none_of_its_errors(compiled: tuple[Served, TaskSet]) -> None:
    site, tasks = compiled
    assert any(asked.path.startswith("/broken?") for asked in site.log)
    assert tasks.tasks
    assert not any("/broken" in json.dumps(task.verifier.params) for task in tasks.tasks)
    assert all(task.read_only for task in tasks.tasks)


def test_what_was_left_alone_is_told(compiled: tuple[Served, TaskSet]) -> None:
    _, tasks = compiled
    refused = tasks.sites[0]["graph"]["refused"]
    assert refused["leads to no sound address"]
    assert refused["is kept out of"]
    assert refused["would change the site"] >= 2
    assert refused["answers with an error (500)"]
    assert tasks.sites[0]["licence"] == "unknown"


def test_its_report_is_written(compiled: tuple[Served, TaskSet]) -> None:
    _, tasks = compiled
    assert "Snare" in Path(tasks.folder / "report.html").read_text()
