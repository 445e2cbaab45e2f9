import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from browser_env.errors import UsageError
from browser_env.task import Task
from experiments.cli import main
from experiments.exchange.importing import ImportOptions, RecordingsReport, import_files, read_secrets
from replay import ReplayStore

CODEGEN: Sequence[dict[str, Any]] = (
    {"browserName": "chromium", "contextOptions": {}},
    {"name": "openPage", "url": "URL/order.html"},
    {"name": "click", "button": "left", "clickCount": 1, "locator": {"kind": "label", "body": "Name", "options": {}}},
    {"name": "fill", "text": "Anna", "locator": {"kind": "label", "body": "Name", "options": {}}},
    {"name": "select", "options": ["Coffee"], "locator": {"kind": "label", "body": "Drink", "options": {}}},
    {"name": "check", "locator": {"kind": "label", "body": "Milk", "options": {}}},
    {"name": "click", "button": "left", "clickCount": 1,
     "locator": {"kind": "role", "body": "button", "options": {"name": "Order"}}},
)  # fmt: skip


def flow(site: str, *, who: str = "Anna", **last: Any) -> str:
    steps = [
        {"type": "setViewport", "width": 640, "height": 300},
        {"type": "navigate", "url": f"{site}/order.html", "assertedEvents": []},
        {"type": "click", "selectors": [["aria/Nobody"], ["#who"]], "offsetX": 5, "offsetY": 5},
        {"type": "change", "selectors": [['xpath///*[@id="who"]']], "value": who},
        {"type": "change", "selectors": [["aria/Drink"]], "value": "Coffee"},
        {"type": "waitForExpression", "expression": "document.title = 'run'"},
        {"type": "click", "selectors": [['aria/Order[role="button"]'], ["form button"]], "offsetX": 9, "offsetY": 9},
    ]
    return json.dumps({"title": "Order", "steps": [*steps, *([last] if last else [])]})


def test_a_recording_that_the_verifier_accepts_is_kept(site: str, order: Task, tmp_path: Path) -> None:
    file, task, store, result = (tmp_path / name for name in ("a.json", "task.json", "store", "result.json"))
    file.write_text(flow(site))
    task.write_text(json.dumps(order.to_json()))
    arguments = ["chrome-recorder", str(file), "--task", str(task), "--store", str(store), "--json", str(result)]
    assert main(["demos", "import", *arguments]) == 0
    assert json.loads(result.read_text())["left_out"] == {"waitForExpression": 1}
    with ReplayStore(store, read_only=True) as opened:
        (episode,) = opened.episodes()
    assert episode.success
    assert episode.tags == ("chrome-recorder",)
    assert episode.final.tabs[0].title == "Order"
    assert [step.action.verb for step in episode.steps] == ["click", "type", "select", "click"]


def test_a_recording_that_fails_is_named_and_not_kept(site: str, order: Task, tmp_path: Path) -> None:
    wrong, lost, foreign = (tmp_path / name for name in ("wrong.json", "lost.json", "broken.json"))
    wrong.write_text(flow(site, who="Bert"))
    lost.write_text(flow(site, type="hover", selectors=["#gone"]).replace("Anna", "Berta"))
    foreign.write_bytes(b"\xff\xfe")
    report = RecordingsReport()
    options = ImportOptions(format="chrome-recorder", task=order)
    assert not list(import_files([wrong, lost, foreign], options, report))
    assert "the recording ended" in report.failures[str(wrong)]
    assert "lead to nothing" in report.failures[str(lost)]
    assert "not text" in report.failures[str(foreign)]


def test_a_recording_that_lacks_its_secret_or_its_file_stops_no_other(site: str, order: Task, tmp_path: Path) -> None:
    masked, missing, whole = (tmp_path / name for name in ("masked.json", "missing.json", "whole.json"))
    masked.write_text(flow(site, who="{{secret:1}}"))
    whole.write_text(flow(site))
    report = RecordingsReport()
    options = ImportOptions(format="chrome-recorder", task=order)
    (episode,) = import_files([masked, missing, whole], options, report)
    assert episode.success
    assert "no value was given for {{secret:1}}" in report.failures[str(masked)]
    assert "cannot be read" in report.failures[str(missing)]


def test_without_a_verifier_a_recording_is_kept_only_if_asked_for(site: str, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(json.dumps(entry) for entry in CODEGEN).replace("URL", site))
    refused, kept = RecordingsReport(), RecordingsReport()
    assert not list(import_files([file], ImportOptions(format="playwright", url=site), refused))
    assert "no verifier" in refused.failures[str(file)]
    (episode,) = import_files([file], ImportOptions(format="playwright", url=site, keep_unverified=True), kept)
    assert episode.tags == ("playwright", "unverified")
    assert "Ordered Coffee for Anna" in episode.evidence.text
    assert (kept.episodes, kept.verified) == (1, 0)


def test_a_file_reaches_no_site_but_the_one_that_was_named(site: str, tmp_path: Path) -> None:
    start, later = tmp_path / "start.json", tmp_path / "later.json"
    start.write_text(flow("http://127.0.0.1:1"))
    later.write_text(flow(site, type="navigate", url="http://127.0.0.1:1/"))
    report = RecordingsReport()
    options = ImportOptions(format="chrome-recorder", url=site, keep_unverified=True)
    (episode,) = import_files([start, later], options, report)
    assert "not at the site" in report.failures[str(start)]
    assert episode.outcome == "blocked"


def test_what_an_imported_recording_typed_is_masked(site: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(flow(site, who="anna@example.org"))
    options = ImportOptions(format="chrome-recorder", url=site, keep_unverified=True)
    (episode,) = import_files([file], options, RecordingsReport())
    assert episode.steps[1].action.to_text() == "type(e3, '{{secret:1}}')"
    assert "Ordered Coffee for {{secret:1}}" in episode.evidence.text


def test_a_secret_that_was_filled_in_is_masked(site: str, order: Task, tmp_path: Path) -> None:
    file, secrets, store, task = (tmp_path / name for name in ("a.json", "secrets.json", "store", "task.json"))
    file.write_text(flow(site, who="{{secret:1}}"))
    secrets.write_text('{"1": "Anna"}')
    task.write_text(json.dumps(replace(order, goal="Order coffee.").to_json()))
    arguments = ["chrome-recorder", str(file), "--task", str(task), "--store", str(store), "--secrets", str(secrets)]
    assert main(["demos", "import", *arguments]) == 0
    with ReplayStore(store, read_only=True) as opened:
        (episode,) = opened.episodes()
    assert "Ordered Coffee for {{secret:" in episode.evidence.text
    assert not any("Anna" in element.value for element in episode.final.elements)


def test_a_dialog_stops_only_its_own_recording(tmp_path: Path, site: str) -> None:
    asking, whole = tmp_path / "asking.json", tmp_path / "whole.json"
    steps = [
        {"type": "navigate", "url": f"{site}/dialog.html"},
        {"type": "click", "selectors": [["aria/Ask"]], "offsetX": 2, "offsetY": 2},
        {"type": "click", "selectors": [["aria/Ask"]], "offsetX": 2, "offsetY": 2},
    ]
    asking.write_text(json.dumps({"title": "Ask", "steps": steps}))
    whole.write_text(flow(site))
    report = RecordingsReport()
    options = ImportOptions(format="chrome-recorder", url=site, keep_unverified=True)
    assert len(list(import_files([asking, whole], options, report))) == 1
    assert "a dialog is open" in report.failures[str(asking)]


def test_the_command_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert main(["demos", "import", "chrome-recorder", str(tmp_path / "a.json"), "--store", str(tmp_path / "s")]) == 2
    assert "--task or --url" in capsys.readouterr().err
    assert main(["demos", "import", "playwright", str(tmp_path), "--url", "http://shop.test"]) == 2
    assert "no .jsonl file" in capsys.readouterr().err


def test_secrets_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text('{"1": "a", "2": "b"}')
    assert read_secrets(path) == {1: "a", 2: "b"}
    path.write_text('{"one": "a"}')
    with pytest.raises(UsageError, match="is not of the form"):
        read_secrets(path)
