"""``webdual compare`` on runs in a real MLflow store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.run_log import Run
from experiments.scores import TaskScore
from experiments.tracking import MlflowTracker, connect

STORE = "mlflow.db"


def log_scores(run: Run, **tasks: int) -> None:
    """Log (successes of 20 episodes) by task."""
    rows = [TaskScore(task=f"miniwob/{task}", successes=n, episodes=20, cost=1.0).to_row() for task, n in tasks.items()]
    run.log_table("success", rows)


def log_practice(run: Run, *success: float) -> None:
    for step, value in enumerate(success):
        spent = {"rollout/steps": 10.0, "train/update_s": 2.0, "train/money": 0.01}
        run.log_metrics({"rollout/task_success": value, **spent}, step=step)


def log_recipe(tracker: MlflowTracker, home: Path, *, seed: int, name: str = "default") -> None:
    """Log a run as training does: a parent with two arms."""
    params = {"name": name, "seed": seed, "learner": {"rate": 0.1}}
    with tracker.run(f"{name}-seed{seed}", directory=home / f"{name}{seed}") as parent:
        parent.log_params(params)
        for arm, wins in (("imitation", 5), ("mixed", 15)):
            with tracker.run(arm, directory=parent.directory / arm, parent=parent) as run:
                run.log_params(params)
                log_scores(run, click=wins + seed, type=wins - seed, **({"extra": 1} if seed else {}))
                if arm == "mixed":
                    log_practice(run, 0.2, float("nan"), 0.95)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of runs: three seeds of a recipe, and everything that cannot be compared."""
    home = tmp_path_factory.mktemp("runs")
    tracker = connect(f"sqlite:///{home / STORE}")
    for seed in range(3):
        log_recipe(tracker, home, seed=seed)
    with pytest.raises(RuntimeError), tracker.run("broken", directory=home / "broken"):
        raise RuntimeError
    with tracker.run("no-table", directory=home / "no-table"):
        pass
    with tracker.run("[bold]odd", directory=home / "odd") as run:
        run.log_text("success.json", '{"columns": ["task"], "data": [["x"]]}')
    with tracker.run("empty", directory=home / "empty") as run:
        run.log_table("success", [TaskScore(task="x", successes=0, episodes=0).to_row()])
    with tracker.run("going-on", directory=home / "going-on"):
        yield home


def test_an_experiments_arms_are_compared_over_seeds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, result = home / "out" / "c.html", home / "c.json"
    where = ["--runs", str(home), "--report", str(report), "--json", str(result)]
    assert main(["compare", "webdual", *where]) == 0
    data = json.loads(result.read_text())
    assert [(group["label"], len(group["runs"])) for group in data["groups"]] == [("imitation", 3), ("mixed", 3)]
    assert (data["shared_tasks"], data["tasks_not_shared"]) == (["miniwob/click", "miniwob/type"], ["miniwob/extra"])
    assert data["totals"][1]["verdict"] == "better"
    assert data["totals"][1]["mean"]["value"] == pytest.approx(0.75)
    assert data["needed"][1] == {"reached": 3, "seeds": 3, "spent": {"steps": 20.0, "seconds": 4.0, "money": 0.02}}
    reasons = {run["name"]: run["why"] for run in data["left_out"]}
    assert set(reasons) == {"broken", "going-on", "no-table", "[bold]odd", "empty"}
    assert (reasons["broken"], reasons["going-on"]) == ("failed", "running")
    assert "no table" in reasons["no-table"]
    shown = capsys.readouterr().out
    assert "Better than imitation" in shown
    assert "[bold]odd" in shown
    assert "3 seeds" in shown
    assert "Learning curves" in report.read_text()


def test_a_baseline_is_chosen_and_runs_are_narrowed(home: Path) -> None:
    result = home / "narrow.json"
    where = ["--runs", str(home), "--json", str(result)]
    assert main(["compare", "webdual", *where, "--baseline", "mixed"]) == 0
    assert [total["verdict"] for total in json.loads(result.read_text())["totals"]] == ["baseline", "worse"]
    assert main(["compare", "webdual", *where, "--where", "arm=mixed", "--where", "seed=1"]) == 0
    (group,) = json.loads(result.read_text())["groups"]
    assert [run["name"] for run in group["runs"]] == ["default-seed1/mixed"]


def test_runs_are_compared_with_their_settings(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["default-seed0/mixed", "default-seed1/imitation"]
    report = home / "runs.html"
    assert main(["compare", *names, "--runs", str(home), "--report", str(report)]) == 0
    shown = capsys.readouterr().out
    assert "Worse than mixed" in shown
    assert "A group of one seed" in shown
    assert "learner.rate" not in shown  # a setting that is the same
    assert "<code>seed</code>" in report.read_text()  # runs side by side differ in their seed, too


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "no experiment (Default, webdual)"),
        (["going-on"], "is running"),
        (["no-table"], "has no table"),
        (["empty"], "no task with an evaluated episode"),
        (["Default"], "Default has no finished run"),
        (["webdual", "--where", "name=none"], "where name=none"),
        (["webdual", "--where", "name"], "NAME=VALUE"),
        (["webdual", "--baseline", "none"], "the groups are: imitation, mixed"),
        (["webdual", "--threshold", "2"], "a threshold is"),
    ],
)
def test_what_cannot_be_compared_is_misuse(
    home: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments, "--runs", str(home)]) == 2
    assert said in capsys.readouterr().err


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "webdual", "--runs", str(tmp_path / "none")]) == 2
    assert "no runs are recorded" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
