"""Training end to end: real Chromium, real MLflow on SQLite, real kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from browser_env.errors import DataError
from experiments.cli import main
from experiments.experiment import load_recipe
from experiments.tracking import connect, default_uri
from replay.store import ReplayStore
from rewards import Outcome

SMALL = (  # of a recipe: a network that learns in seconds
    *("policy.d_model=32", "policy.layers=1", "policy.heads=2", "policy.embedding=16", "policy.spell_hidden=16"),
    *("num_envs=2", "groups_per_update=4", "imitation_samples=8", "evaluation_episodes=2"),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of runs for all tests here, so that MLflow's tables are made once."""
    return tmp_path_factory.mktemp("runs")


def arguments(runs: Path, *more: str, recipe: str = "smoke", changes: Sequence[str] = SMALL) -> list[str]:
    settings = [part for change in changes for part in ("--set", change)]
    return ["train", recipe, "--runs", str(runs), *settings, *more]


def start(runs: Path, *more: str) -> subprocess.Popen[bytes]:
    """Train in a process of its own."""
    return start_with(runs, arguments(runs, *more))


def start_with(runs: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Run the command line in a process of its own, which writes to train.log."""
    command = [sys.executable, "-m", "experiments.cli", *arguments]
    with (runs / "train.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], *, within_s: float = 120) -> None:
    """Return once the condition holds while the process runs."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        assert process.poll() is None, "it ended early"
        time.sleep(0.05)


def newest(runs: Path, before: set[Path], *, recipe: str = "smoke") -> Path | None:
    made = {path for path in runs.glob(f"{recipe}-*") if path not in before}
    return max(made, key=lambda path: path.stat().st_mtime) if made else None


def descendants(pid: int) -> set[int]:
    """Return the processes that descend from one."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {pid}


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def sealed(directory: Path) -> set[str]:
    with ReplayStore(directory / "store", read_only=True) as store:
        return {info.id for info in store.query()}


@pytest.fixture(scope="module")
def finished(runs: Path) -> Path:
    """A run that went through all phases."""
    assert main(arguments(runs)) == 0
    return (runs / "latest").resolve()


def test_a_run_ends_with_a_result(finished: Path) -> None:
    result = json.loads((finished / "result.json").read_text())
    assert set(result) == {"tasks", "mean", "wall_s", "env_steps", "cost_per_success", "mlflow_run"}
    assert set(result["tasks"]) == {"click-test-2", "enter-text"}
    for task in result["tasks"].values():
        assert task["episodes"] == 2
        assert 0 <= task["imitation"] <= 1
        assert 0 <= task["mixed"] <= 1
    assert result["mean"]["mixed"] == pytest.approx(sum(t["mixed"] for t in result["tasks"].values()) / 2)
    assert result["env_steps"] > 0
    assert result["wall_s"] > 0


def test_mlflow_holds_both_arms(finished: Path, runs: Path) -> None:
    tracker = connect(default_uri(runs))
    parent = tracker.find(finished.name)
    assert parent.status == "FINISHED"
    assert parent.id == json.loads((finished / "result.json").read_text())["mlflow_run"]
    for arm in ("imitation", "mixed"):
        run = tracker.find(f"{finished.name}/{arm}")
        assert run.status == "FINISHED"
        assert run.params["policy.d_model"] == "32"
        assert "evaluation/success" in run.metrics
        assert "cost/money" in run.metrics
        assert [row["episodes"] for row in tracker.table(run, name="success")] == [2, 2]


def test_runs_are_compared(finished: Path, runs: Path, tmp_path: Path) -> None:
    names = [f"{finished.name}/{arm}" for arm in ("imitation", "mixed")]
    assert main(["compare", *names, "--runs", str(runs), "--json", str(tmp_path / "c.json")]) == 0
    data = json.loads((tmp_path / "c.json").read_text())
    assert [group["label"] for group in data["groups"]] == ["imitation", "mixed"]
    assert {curve["axis"] for curve in data["curves"][1]} == {"steps", "seconds", "money"}


def test_a_checkpoint_is_evaluated_and_watched(finished: Path, tmp_path: Path) -> None:
    checkpoint = str(finished / "checkpoints" / "mixed")
    report = tmp_path / "eval.json"
    assert main(["eval", checkpoint, "--tasks", "enter-text", "--episodes", "2", "--json", str(report)]) == 0
    assert json.loads(report.read_text())["tasks"][0]["episodes"] == 2
    assert main(["eval", "untrained", "--tasks", "click-test-2", "--episodes", "1", "--json", str(report)]) == 0
    assert json.loads(report.read_text())["tasks"][0]["episodes"] == 1
    page = tmp_path / "watch.html"
    assert main(["watch", checkpoint, "--tasks", "enter-text", "--html", str(page)]) == 0
    assert "enter-text" in page.read_text()


def test_a_finished_run_is_not_repeated(finished: Path, runs: Path) -> None:
    before = sealed(finished)
    assert main(["train", "--runs", str(runs), "--resume", finished.name]) == 0
    assert sealed(finished) == before


@pytest.mark.parametrize("moment", ["demonstration", "evaluation/imitation", "practice"])
def test_a_killed_run_goes_on(moment: str, runs: Path, finished: Path) -> None:
    before = set(runs.glob("smoke-*"))
    process = start(runs, "--set", "num_updates=3")

    def reached() -> bool:
        directory = newest(runs, before)
        if directory is None or not (directory / "store" / "index.sqlite").exists():
            return False
        try:
            with ReplayStore(directory / "store", read_only=True) as store:
                return len(store.query(tag=moment)) >= 2
        except DataError:  # it is being made just now
            return False

    wait_for(reached, process)
    family = descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    directory = newest(runs, before)
    assert directory is not None
    kept = sealed(directory)
    assert (directory / "clock.json").exists() is (moment != "demonstration"), "what was spent before counts"
    deadline = time.monotonic() + 15
    while any(map(alive, family)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if alive(pid)], "browsers outlived the run"
    assert main(["train", "--runs", str(runs), "--resume", directory.name]) == 0
    assert kept <= sealed(directory)
    assert (directory / "result.json").exists()


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [
        ("smoke", (*SMALL, "cloning_epochs=12")),
        ("vlm-smoke", ("demonstrations_per_task=3", "validation_demonstrations=1", "cloning_epochs=6")),
    ],
)
def test_cloning_goes_on_exactly_where_it_was_killed(recipe: str, changes: tuple[str, ...], runs: Path) -> None:
    command = arguments(runs, recipe=recipe, changes=(*changes, "num_updates=0", "evaluation_episodes=1"))
    assert main(command) == 0
    unbroken = (runs / "latest").resolve()
    before = set(runs.iterdir())
    process = start_with(runs, command)

    def begun() -> bool:
        directory = newest(runs, before, recipe=recipe)
        return directory is not None and (directory / "checkpoints" / "cloning" / "config.json").exists()

    wait_for(begun, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    directory = newest(runs, before, recipe=recipe)
    assert directory is not None
    kept = json.loads((directory / "checkpoints" / "cloning" / "config.json").read_text())["version"]
    assert kept >= 1
    assert not (directory / "checkpoints" / "imitation").exists(), "it was killed in the middle"
    assert main(["train", "--runs", str(runs), "--resume", directory.name]) == 0
    losses, wanted = cloned(directory), cloned(unbroken)
    assert [step for step, _ in wanted] == list(range(len(wanted)))
    assert len(losses) <= len(wanted) + 1, "what is kept is not done again"
    assert dict(losses) == pytest.approx(dict(wanted), abs=1e-6)
    assert not (directory / "checkpoints" / "cloning").exists()


def cloned(directory: Path) -> list[tuple[int, float]]:
    """Return the losses of cloning, by epoch."""
    lines = (directory / "imitation" / "metrics.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if "train/imitation_loss" in row.get("metrics", {})]
    return [(row["step"], row["metrics"]["train/imitation_loss"]) for row in rows]


def test_killed_browsers_cost_episodes_but_no_rewards(runs: Path, finished: Path) -> None:
    before = set(runs.glob("smoke-*"))
    process = start(runs, "--set", "num_updates=3")
    kills = 0
    while process.poll() is None and kills < 3:
        time.sleep(2.5)
        browsers = [pid for pid in descendants(process.pid) if _is_browser(pid)]
        if browsers:
            os.kill(browsers[0], signal.SIGKILL)
            kills += 1
    assert process.wait(120) == 0, (runs / "train.log").read_text()
    assert kills > 0
    directory = newest(runs, before)
    assert directory is not None
    with ReplayStore(directory / "store", read_only=True) as store:
        broken = store.query(outcome=Outcome.INFRA_ERROR)
        evaluated = store.query(tag="evaluation/mixed")
    assert all(info.reward == 0.0 for info in broken)
    assert len(evaluated) == 4
    assert all(info.outcome.learnable for info in evaluated)


def _is_browser(pid: int) -> bool:
    try:
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
    foreign = command.startswith(b"sh\0") or b"--type=" in command or b"--version" in command
    return b"headless" in command and not foreign


def test_the_recipe_is_kept(finished: Path) -> None:
    assert load_recipe(finished).policy.d_model == 32


@pytest.mark.parametrize(
    ("more", "code", "complaint"),
    [
        (["train", "vast"], 2, "no recipe 'vast'"),
        (["train", "smoke", "--set", 'tasks=["miniwob/no-such"]'], 2, "no MiniWoB"),
        (["train", "--resume", "no-such-run"], 2, "there is no run"),
        (["train", "--resume", "--seed", "3"], 2, "keeps its recipe"),
        (["train", "--seed", "500000"], 2, "seed of a recipe must be at most 499999"),
        (["train", "smoke", "--tracking-uri", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),
        (["train", "smoke", "--demos", "no-such-store"], 1, "no-such-store"),
        (["eval", "no-such-checkpoint"], 1, "no checkpoint"),
        (["eval", "no-such-checkpoint", "--tasks", "no-such"], 2, "no MiniWoB"),
        (["eval", "no-such-checkpoint", "--episodes", "0"], 2, "at least 1"),
        (["watch", "0123456789abcdef", "--store", "no-such-store"], 1, "no-such-store"),
    ],
)
def test_misuse_is_told_in_a_sentence(
    more: list[str], code: int, complaint: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if more[0] == "train":
        more = [*more, "--runs", str(runs)]
    assert main(more) == code
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_a_run_is_resumed_by_its_own_recipe_alone(
    finished: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "default", "--runs", str(runs), "--resume", finished.name]) == 2
    assert f"{finished.name} is a run of the recipe smoke; leave 'default' out" in capsys.readouterr().err


def test_a_corrupt_checkpoint_is_named(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((finished / "checkpoints" / "mixed" / name).read_bytes()[:100])
    assert main(["eval", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_runs_that_cannot_be_written_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert main(["train", "smoke", "--runs", str(blocked)]) == 1
    assert str(blocked) in capsys.readouterr().err


def test_a_missing_browser_is_told(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEBDUAL_BROWSER", "/no/such/browser")
    assert main(arguments(runs)) == 1
    assert "/no/such/browser" in capsys.readouterr().err
