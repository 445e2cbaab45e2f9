from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError, UsageError
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from experiments.cli import main
from experiments.comparison import RunScores, compare
from experiments.comparison_page import comparison_page, format_money
from experiments.scores import TaskScore, read_scores, score_episodes
from experiments.statistics import rate_difference, wilson
from experiments.tracking import connect
from rewards.cost import Cost, Prices
from rewards.evidence import Evidence
from rewards.outcome import Outcome


def episode(task: str, outcome: Outcome, *, cpu_s: float = 3600.0) -> Episode:
    return Episode(
        id="0" * 32,
        task=Task(name=task, url="http://127.0.0.1", verifier=VerifierSpec(name="page")),
        seed=0,
        source=Source.AGENT,
        steps=(),
        final=Observation(goal=""),
        outcome=outcome,
        reward=0.0,
        evidence=Evidence(),
        cost=Cost(cpu_s=cpu_s),
    )


def scores(name: str, params: dict[str, str] | None = None, **tasks: tuple[int, int]) -> RunScores:
    return RunScores(
        id=name * 32,
        name=name,
        params=params or {},
        tasks={t: TaskScore(task=t, successes=s, episodes=n, cost=1.0) for t, (s, n) in tasks.items()},
    )


def row(task: str, successes: int, episodes: int, **changes: Any) -> dict[str, Any]:
    rate = wilson(successes, episodes)
    return {
        "task": task,
        "successes": successes,
        "episodes": episodes,
        "success": rate.value,
        "low": rate.low,
        "high": rate.high,
        "mean_steps": 2.0,
        "cost_per_success": 0.5 if successes else None,
        **changes,
    }


def test_success_rows_count_only_what_the_policy_did() -> None:
    outcomes = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.TRUNCATED, Outcome.INFRA_ERROR, Outcome.VERIFIER_ERROR]
    episodes = [*(episode("b", outcome) for outcome in outcomes), episode("a", Outcome.BLOCKED)]
    rows = [score.to_row() for score in score_episodes(episodes, prices=Prices(cpu_hour=0.1))]
    a, b = rows
    assert (a["task"], a["episodes"], a["success"], a["cost_per_success"]) == ("a", 0, None, None)
    assert (b["successes"], b["episodes"], b["mean_steps"]) == (1, 3, 0.0)
    assert b["cost_per_success"] == pytest.approx(0.5)  # the other two cost as well
    assert (b["low"], b["high"]) == (wilson(1, 3).low, wilson(1, 3).high)
    assert read_scores(rows)["b"] == TaskScore(task="b", successes=1, episodes=3, mean_steps=0.0, cost=b["cost"])


@pytest.mark.parametrize(
    "rows",
    [
        [{}],
        [None],
        [row("a", 1, 2) | {"successes": 3}],
        [row("a", 1, 2) | {"episodes": "many"}],
        [row("a", 1, 2, cost="dear")],
    ],
)
def test_a_table_that_is_none_is_refused(rows: list[Any]) -> None:
    with pytest.raises(DataError, match="not a table of successes"):
        read_scores(rows)


def test_cost_is_known_from_successes_alone_only_where_there_are_some() -> None:
    read = read_scores([row("a", 4, 8), row("b", 0, 8)])
    assert (read["a"].cost, read["b"].cost) == (2.0, None)


def test_compare_pairs_tasks_and_tells_apart_what_it_can() -> None:
    first = scores("a", {"seed": "1", "rate": "0.1"}, x=(10, 100), y=(50, 100), only=(1, 2))
    second = scores("b", {"seed": "1", "rate": "0.2", "new": "1"}, x=(90, 100), y=(50, 100), empty=(0, 0))
    comparison = compare([first, second])
    assert comparison.shared == ("x", "y")
    assert comparison.params == {"new": (None, "1"), "rate": ("0.1", "0.2")}
    lines = {line.task: line for line in comparison.lines}
    assert set(lines) == {"x", "y", "only", "empty"}
    assert lines["x"].differences == (rate_difference(wilson(10, 100), wilson(90, 100)),)
    assert (lines["only"].rates[1], lines["only"].differences, lines["empty"].rates) == (None, (None,), (None, None))
    baseline, total = comparison.totals
    assert (baseline.verdict, baseline.improvement) == ("baseline", None)
    assert total.mean.value == pytest.approx(0.7)
    assert total.improvement is not None
    assert total.improvement.value == pytest.approx(0.7)  # 0.5 + (0.8 + 0) / 2 / 2
    assert total.verdict == "better"
    assert total.cost_per_success == pytest.approx(2 / 140)
    assert json.loads(json.dumps(comparison.to_json(), allow_nan=False))["shared_tasks"] == ["x", "y"]


def test_compare_says_so_where_it_cannot_tell() -> None:
    runs = [scores("a", x=(5, 10)), scores("b", x=(6, 10)), scores("c", x=(0, 10))]
    assert [total.verdict for total in compare(runs).totals] == ["baseline", "cannot be told apart", "worse"]
    assert compare(runs) == compare(runs)
    assert compare(runs).totals[2].cost_per_success is None


def test_compare_refuses_what_has_nothing_in_common() -> None:
    with pytest.raises(UsageError, match="name another"):
        compare([scores("a", x=(1, 2))])
    with pytest.raises(UsageError, match="share no task"):
        compare([scores("a", x=(1, 2)), scores("b", y=(1, 2))])


def test_page_escapes_names() -> None:
    evil = "<script>alert(1)</script>{{tasks}}"
    runs = [scores(evil, {evil: evil}, **{evil: (1, 2)}), scores("b", **{evil: (0, 2)})]
    page = comparison_page(compare(runs))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_money_is_readable() -> None:
    assert [format_money(amount) for amount in (None, 0.00001234, 0.5, 12.345)] == ["–", "$0.000012", "$0.5", "$12.35"]


def test_compare_command_reads_mlflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tracker = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    ids = []
    for name, rate, wins in (("imitation", 0.1, 3), ("mixed", 0.2, 18)):
        with tracker.run(name, directory=tmp_path / name) as run:
            run.log_params({"learner": {"rate": rate}, "seed": 1})
            run.log_table("success", [row("miniwob/click", wins, 20), row("[bold]odd", 20, 20)])
            ids.append(run.id)
    where = ["--runs", str(tmp_path)]
    html, result = tmp_path / "out" / "c.html", tmp_path / "c.json"
    assert main(["compare", "imitation", ids[1][:8], *where, "--html", str(html), "--json", str(result)]) == 0
    shown = capsys.readouterr().out
    assert "learner.rate" in shown
    assert "\nseed" not in shown  # a setting that is the same
    assert "[bold]odd" in shown
    assert "better" in shown
    data = json.loads(result.read_text())
    assert data["totals"][1]["verdict"] == "better"
    assert [run["id"] for run in data["runs"]] == ids
    assert "mixed against imitation" in html.read_text()
    assert main(["compare", "imitation", "nothing", *where]) == 2
    assert main(["compare", "imitation", "mixed", "--runs", str(tmp_path / "none")]) == 2
    assert "no runs are recorded" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
