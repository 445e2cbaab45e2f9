"""Studies run what is missing, and say how far they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from browser_env.errors import UsageError
from experiments.cli import main
from experiments.study import STUDIES, find_study, folder_of, trials

QUICK = (
    *('tasks=["miniwob/click-test"]', "demonstrations_per_task=2", "cloning_epochs=1", "num_updates=1"),
    *("groups_per_update=1", "evaluation_episodes=1", "imitation_samples=4"),
)


@pytest.mark.parametrize("name", STUDIES)
def test_every_run_of_a_study_has_its_folder_and_recipe(name: str) -> None:
    study = find_study(name)
    chosen = trials(study, task_set=Path("sets/shop") if study.of_set else None)
    assert len({folder_of(trial) for trial in chosen}) == len(chosen) == len(study.seeds) * len(study.variants)
    assert len({json.dumps(trial.to_json()) for trial in chosen}) == len(chosen)


def test_what_is_missing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = [part for change in QUICK for part in ("--set", change)]
    command = ["study", "ablations", "--runs", str(tmp_path), "--variants", "full,no-demonstrations", *changes]
    report = tmp_path / "study.json"
    assert main([*command, "--seeds", "3", "--json", str(report)]) == 0
    rows = json.loads(report.read_text())
    assert [(row["variant"], row["seed"], row["state"]) for row in rows] == [
        ("full", 3, "finished"),
        ("no-demonstrations", 3, "finished"),
    ]
    first = tmp_path / "ablations" / "full-seed3" / "result.json"
    before = first.stat().st_mtime_ns
    shutil.rmtree(tmp_path / "ablations" / "no-demonstrations-seed3")
    assert main([*command, "--seeds", "3", "--list", "--json", str(report)]) == 0
    assert [row["state"] for row in json.loads(report.read_text())] == ["finished", "not begun"]
    assert first.stat().st_mtime_ns == before
    compared = ["compare", "ablations", "--runs", str(tmp_path), "--baseline", "full/mixed", "--json", str(report)]
    assert main(compared) == 0
    labels = [group["label"] for group in json.loads(report.read_text())["groups"]]
    assert labels == ["full/mixed", "full/imitation", "no-demonstrations/imitation", "no-demonstrations/mixed"]
    capsys.readouterr()
    assert main(["study", "ablations", "--runs", str(tmp_path), "--variants", "full", "--seeds", "3"]) == 2
    assert "another recipe" in capsys.readouterr().err


def test_an_untrained_policy_is_evaluated_once_and_on_both_kinds_of_tasks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = 'tasks=["miniwob/click-dialog-2","miniwob/click-button"]'
    changes = [part for change in (tasks, "evaluation_episodes=1") for part in ("--set", change)]
    begun = tmp_path / "held-out" / "untrained-seed3"
    begun.mkdir(parents=True)  # and then it was killed
    command = ["study", "held-out", "--runs", str(tmp_path), "--variants", "untrained", "--seeds", "3", *changes]
    assert main(command) == 0
    result = json.loads((begun / "result.json").read_text())
    assert set(result["mean"]) == set(result["mean_held_out"]) == {"imitation"}
    assert [row.get("held_out", False) for row in result["tasks"].values()].count(True) == 1
    assert "held out)" in capsys.readouterr().out
    for kind in ("held-out", "practised"):
        report = tmp_path / "compared.json"
        compared = ["compare", "held-out", "--tasks", kind, "--runs", str(tmp_path), "--json", str(report)]
        assert main(compared) == 0
        (task,) = json.loads(report.read_text())["shared_tasks"]
        assert result["tasks"][task.removeprefix("miniwob/")].get("held_out", False) == (kind == "held-out")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["vast"], "known are miniwob-56"),
        (["ablations", "--variants", "no-mouse"], "no variant 'no-mouse'"),
        (["ablations", "--seeds", "first"], "are no seeds"),
        (["ablations", "--seeds", "-1"], "0 or more"),
        (["site"], "name its folder with --tasks"),
    ],
)
def test_bad_input_is_said(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "--list", *options]) == 2
    assert complaint in capsys.readouterr().err


def test_a_study_of_a_site_is_of_its_set() -> None:
    (trial, *_) = trials(find_study("site"), task_set=Path("sets/shop"), assignments=["held_out=0.5"])
    assert trial.task_set.endswith("/sets/shop")
    assert (trial.tasks, trial.evaluation_episodes, trial.held_out, trial.near_goal) == ((), 3, 0.5, 1.0)


def test_assignments_change_every_run() -> None:
    assert {trial.num_updates for trial in trials(find_study("ablations"), assignments=["num_updates=7"])} == {7}
    with pytest.raises(UsageError, match="no field"):
        trials(find_study("ablations"), assignments=["updates=7"])
