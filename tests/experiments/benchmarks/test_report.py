import io
import json
from pathlib import Path

from PIL import Image
from rich.console import Console

from experiments.benchmarks.picture import draw, save_picture
from experiments.benchmarks.plan import Plan, Results
from experiments.benchmarks.report import breakdown_tables, comparisons, ratio_table, result_table, rows, to_json


def shown(*tables: object) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(*tables)
    return console.export_text()


def test_the_best_number_of_environments_is_marked(results: Results) -> None:
    best = {(row.setting.key, row.side, row.tuned): row.summary.num_envs for row in rows(results) if row.is_best}
    assert best["dom", "webdual", False] == 2
    assert best["1280x720", "webdual", False] == 1
    assert best["160x210", "browsergym", True] == 1


def test_ratios_hold_though_the_machine_changed_its_speed(results: Results) -> None:
    times = {(c.setting.key, c.text): c.times for c in comparisons(results)}
    assert times["dom", "one / one raw loop"].value == 1.25
    assert times["160x210", "best (2) / selenium"].low == times["160x210", "best (2) / selenium"].high == 20
    assert round(times["160x210", "best (2) / BrowserGym"].value) == 600
    assert round(times["dom", "one / selenium, tuned"].value, 1) == 12.5


def test_the_data_holds_every_figure(results: Results) -> None:
    plan = Plan(num_envs=(1, 2), repetitions=2, seconds=1.0)
    data = json.loads(json.dumps(to_json(results, plan, took_s=3.0), allow_nan=False))
    assert len(data["results"]) == len(results.runs)
    assert data["results"][0]["steps_per_s"] == {"value": 375.0, "low": 250.0, "high": 500.0}
    assert data["plan"]["tasks"] == list(plan.tasks)
    assert data["browser"] == {"version": "156.0.1", "kind": "headless-shell"}
    assert data["machine"]["cores"] >= 1


def test_tables_fit_an_ordinary_terminal(results: Results) -> None:
    text = shown(result_table(results), ratio_table(results), *breakdown_tables(results))
    assert "…" not in text
    assert "BrowserGym, tuned" in text
    assert "160 x 210 + DOM" in text
    assert "renderer" in text


def test_the_picture_shows_every_side(results: Results, tmp_path: Path) -> None:
    save_picture(results, tmp_path / "bench.png", cores=2)
    with Image.open(tmp_path / "bench.png") as image:
        assert image.width > image.height > 500
    labels = [text.get_text() for panel in draw(results, cores=2).axes for text in panel.get_yticklabels()]
    assert "webdual, 2 at once" in labels
    assert "BrowserGym, tuned" in labels
