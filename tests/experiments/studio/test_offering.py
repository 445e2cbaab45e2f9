"""What a command line names becomes tasks to record and to watch."""

from __future__ import annotations

from pathlib import Path

import pytest

from browser_env.errors import UsageError
from browser_env.seeds import is_held_out
from experiments.cli import main
from experiments.studio.offering import find_tasks, offer
from tests.browser_env.test_task_set import row, write


def test_pages_suites_and_compiled_sets_are_found(tmp_path: Path) -> None:
    place = str(write(tmp_path / "set", row("shop/reach-1"), row("shop/reach-2")))
    assert [task.name for task in find_tasks(place)] == ["shop/reach-1", "shop/reach-2"]
    assert [task.name for task in find_tasks(f"{place}#shop/reach-2")] == ["shop/reach-2"]
    assert [task.name for task in find_tasks("login-user")] == ["miniwob/login-user"]
    origins = ("https://login.example",)
    (page,) = find_tasks("https://example.com", goal="Find it", allowed_origins=origins, viewport=(800, 600))
    assert (page.goal, page.allowed_origins, page.viewport) == ("Find it", origins, (800, 600))


def test_a_compiled_task_is_offered_by_its_name(tmp_path: Path) -> None:
    (task,) = find_tasks(str(write(tmp_path / "set", row("shop/reach-1"))))
    studio = offer(tmp_path / "store", tasks=[task])
    assert studio.find_task("shop/reach-1") == task
    with pytest.raises(UsageError, match="no task"):
        studio.find_task("shop/reach-2")


def test_agents_work_on_seeds_that_evaluation_does_not_score(tmp_path: Path) -> None:
    studio = offer(tmp_path / "store", num_agents=3)
    assert not any(is_held_out(table.first_seed) for table in studio.agents)
    assert len({table.first_seed for table in studio.agents}) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--task", "login-user", "--origins", "https://a.example"], "a task is complete"),
        (["--url", "https://example.com", "--viewport", "wide"], "1280x720"),
    ],
)
def test_misuse_is_said(arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", *arguments, "--store", str(tmp_path / "store")]) == 2
    assert said in capsys.readouterr().err
