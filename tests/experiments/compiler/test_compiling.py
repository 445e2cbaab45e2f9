"""A small shop is compiled from the command line; the set is shown, run, audited, merged, and learned from."""

from __future__ import annotations

import json
from pathlib import Path

import gymnasium
import pytest

import browser_env  # noqa: F401 - registers the environments
from browser_env.serving import FolderServer
from browser_env.task_set import TaskSet
from experiments.cli import main
from replay.store import ReplayStore

LIBRARY = Path(__file__).parent / "library"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of the library's tasks; the library itself is gone."""
    folder = tmp_path_factory.mktemp("sets") / "library"
    with FolderServer(LIBRARY) as server:
        url = f"http://{server.address}/index.html"
        asked = ["--out", str(folder), "--pages", "8", "--minutes", "1", "--browsers", "1"]
        assert main(["tasks", "compile", url, *asked, "--json", str(folder.parent / "made.json")]) == 0
    return folder


def test_a_compiled_set_says_what_it_is(compiled: Path) -> None:
    tasks = TaskSet.read(compiled)
    assert len(tasks.tasks) >= 3
    assert all(task.name.startswith("library/") and task.read_only and task.golden for task in tasks.tasks)
    (site,) = tasks.sites
    assert (site["licence"], site["tasks"]) == ("unknown", len(tasks.tasks))
    assert all(row["proof"]["golden"] == 5 for row in tasks.rows)
    made = json.loads((compiled.parent / "made.json").read_text())
    assert made["tasks"] == len(tasks.tasks)
    with ReplayStore(compiled / "demonstrations", read_only=True) as store:
        episodes = list(store.episodes(tag="demonstration"))
    assert sorted(episode.task.name for episode in episodes) == sorted(task.name for task in tasks.tasks)
    assert all(episode.success and episode.final.screenshot is not None for episode in episodes)


def test_its_report_is_one_page_that_loads_nothing(compiled: Path) -> None:
    page = (compiled / "report.html").read_text()
    assert "verified tasks of Library" in page
    assert 'src="http' not in page
    assert page.count("<figure") >= 2


def test_its_golden_runs_are_played_and_audited_without_the_site(
    compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = TaskSet.read(compiled).tasks[0].name
    assert main(["tasks", "show", str(compiled)]) == 0
    assert main(["tasks", "run", str(compiled), name]) == 0
    assert "success" in capsys.readouterr().out
    assert main(["tasks", "run", str(compiled), "library/no"]) == 2
    assert f"webdual tasks run {compiled} --list" in capsys.readouterr().err
    assert main(["tasks", "audit", str(compiled), "--sample", "2"]) == 0


def test_gymnasium_makes_its_tasks(compiled: Path) -> None:
    task = TaskSet.read(compiled).tasks[0]
    with gymnasium.make("webdual/Web-v0", task=f"{compiled}#{task.name}", pixels=False) as env:
        observation, _ = env.reset(seed=7)
        assert observation.goal == task.goal
        for action in task.golden:
            _, reward, terminated, _, _ = env.step(action)
        assert (reward, terminated) == (1.0, True)


def test_sets_are_merged_with_unique_names(compiled: Path, tmp_path: Path) -> None:
    assert main(["tasks", "merge", str(compiled), str(compiled), "--out", str(tmp_path / "both")]) == 0
    tasks, both = TaskSet.read(compiled), TaskSet.read(tmp_path / "both")
    assert len(both.tasks) == 2 * len(tasks.tasks)
    assert {task.name.partition("/")[0] for task in both.tasks} == {"library", "library-2"}
    assert len(both.sites) == 2
    assert main(["tasks", "run", str(tmp_path / "both"), both.tasks[-1].name]) == 0
    assert main(["tasks", "merge", str(compiled), "--out", str(tmp_path / "both")]) == 2
    assert main(["tasks", "merge", str(tmp_path / "both"), str(compiled), "--out", str(tmp_path / "three")]) == 0
    assert len({task.name for task in TaskSet.read(tmp_path / "three").tasks}) == 3 * len(tasks.tasks)


def test_a_policy_is_trained_on_a_set_and_evaluated_on_what_was_left_out(compiled: Path, tmp_path: Path) -> None:
    changes = ("cloning_epochs=2", "num_updates=1", "evaluation_episodes=1", "pixels=false", "near_goal=1")
    settings = [part for change in changes for part in ("--set", change)]
    assert main(["train", "smoke", "--tasks", str(compiled), "--runs", str(tmp_path), *settings]) == 0
    run = (tmp_path / "latest").resolve()
    result = json.loads((run / "result.json").read_text())
    held_out = {name for name, row in result["tasks"].items() if row.get("held_out")}
    assert 0 < len(held_out) < len(result["tasks"])
    assert set(result["mean_held_out"]) == {"imitation", "mixed"}
    report = tmp_path / "held-out.json"
    command = ["eval", str(run / "checkpoints" / "mixed"), "--tasks", str(compiled), "--held-out", "0.2", "--blind"]
    assert main([*command, "--episodes", "1", "--json", str(report)]) == 0
    assert {row["task"] for row in json.loads(report.read_text())["tasks"]} == held_out


@pytest.mark.parametrize(
    "asked",
    [
        *(["http://[x"], ["http://a:b/"], ["http://"], ["ftp://a/"], ["http://a/", "--keep-out", "("]),
        ["http://a/", "--keep-out", "a{99999999999999999999}"],
        ["http://a/", "--allow-writes", "--reset", "sh -c 'unclosed"],
    ],
)
def test_what_cannot_be_compiled_is_told(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "compile", *asked, "--out", str(tmp_path / "set")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("url", ["7", '"http://[x"', "null"])
def test_a_login_without_an_address_is_told(url: str, tmp_path: Path) -> None:
    (tmp_path / "login.json").write_text(f'{{"url": {url}, "moves": []}}')
    asked = ["http://a/", "--login", str(tmp_path / "login.json"), "--out", str(tmp_path / "set")]
    assert main(["tasks", "compile", *asked]) == 2


def test_an_audit_finds_a_verifier_that_accepts_anything(compiled: Path, tmp_path: Path) -> None:
    assert main(["tasks", "merge", str(compiled), "--out", str(tmp_path / "bad")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "bad" / "tasks.jsonl").read_text().splitlines()]
    rows[0]["task"]["verifier"] = {"name": "url", "params": {"regex": ".*"}}
    (tmp_path / "bad" / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:1]))
    report = tmp_path / "audit.json"
    assert main(["tasks", "audit", str(tmp_path / "bad"), "--json", str(report)]) == 1
    assert json.loads(report.read_text())["false_pass"] == 1
