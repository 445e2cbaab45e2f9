import json
from pathlib import Path

import pytest

from experiments.benchmarks.plan import DOM, SMALL, Plan, measure, runs_of
from experiments.benchmarks.process_tree import KINDS
from experiments.benchmarks.report import to_json
from experiments.cli import main


def test_every_other_repetition_runs_backwards() -> None:
    plan = Plan(num_envs=(1, 2), repetitions=3, seconds=1, settings=(DOM,))
    order = [(repetition, cell.num_envs, cell.side) for repetition, cell in plan.order()]
    forwards = [(1, "webdual"), (1, "raw"), (2, "webdual"), (2, "raw")]
    assert [(num_envs, side) for repetition, num_envs, side in order if repetition != 1] == forwards * 2
    assert [(num_envs, side) for repetition, num_envs, side in order if repetition == 1] == forwards[::-1]


def test_peers_run_at_defaults_and_tuned() -> None:
    cells = Plan(num_envs=(1,), repetitions=1, seconds=1, peers=("browsergym",)).cells()
    assert [(cell.setting, cell.tuned) for cell in cells if cell.side == "browsergym"] == [
        (SMALL, False),
        (SMALL, True),
    ]
    assert not [cell for cell in cells if cell.side == "selenium"]


def test_a_small_run_gives_every_figure() -> None:
    told: list[int] = []
    plan = Plan(num_envs=(1, 2), repetitions=1, seconds=0.1, settings=(SMALL,), tasks=("click-button",))
    results = measure(plan, tell=lambda text, done: told.append(done))
    assert told == [1, 1, 1, 1]
    assert set(runs_of(results, SMALL, "webdual")) == set(runs_of(results, SMALL, "raw")) == {1, 2}
    data = json.loads(json.dumps(to_json(results, plan, took_s=1.0), allow_nan=False))
    assert {(row["side"], row["num_envs"]) for row in data["results"]} == {
        (side, num_envs) for side in ("webdual", "raw") for num_envs in (1, 2)
    }
    for row in data["results"]:
        assert row["steps_per_s"]["value"] > 0
        assert row["steps_per_core_s"] > 0
        assert 0 < row["step_p50_ms"] <= row["step_p95_ms"]
        assert 0 < row["reset_p50_ms"] <= row["reset_p95_ms"]
        assert row["memory_mib"] > 20
        assert row["policy_share"] < 0.2
        assert set(row["cpu_ms"]) <= set(KINDS)
        assert sum(row["cpu_ms"].values()) > 0
    assert data["ratios"][0]["of"] == "one / one raw loop"
    assert data["versions"]["webdual"] == data["versions"]["raw"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--envs", "two"], "--envs"),
        (["--envs", "0"], "--envs"),
        (["--repetitions", "0"], "--repetitions"),
        (["--seconds", "nan"], "--seconds"),
        (["--peers", "selenium,gym"], "--peers"),
        (["--picture", "bench.gif"], "--picture"),
        (["--picture", "bench"], "--picture"),
    ],
)
def test_misuse_is_told(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "env", *options]) == 2
    assert f"webdual: {complaint}" in capsys.readouterr().err


def test_the_command_needs_to_be_told_what_to_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench"]) == 2
    assert "COMMAND" in capsys.readouterr().err


def test_unwritable_results_are_told_before_the_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["bench", "env", "--json", str(tmp_path / "file" / "bench.json")]) == 2
    assert "--json" in capsys.readouterr().err
