"""A compiled set is read, its tasks are found by name, and what is wrong with it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from browser_env.errors import DataError, UsageError
from browser_env.task import Task, VerifierSpec
from browser_env.task_set import FORMAT, SITE, TASKS, VERSION, TaskSet
from browser_env.task_source import as_task

SNAPSHOT = "snapshot.har.zip#sha256=ab"


def row(name: str, **fields: Any) -> dict[str, Any]:
    check = VerifierSpec(name="url", params={"equals": "http://127.0.0.1/b"})
    task = Task(
        name=name, url="http://127.0.0.1/a", verifier=check, goal="Open b.", snapshot="snapshot.har.zip#sha256=ab"
    )
    return {"task": {**task.to_json(), **fields}, "family": "reach"}


def write(folder: Path, *rows: dict[str, Any], version: int = VERSION) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / SITE).write_text(json.dumps({"format": FORMAT, "version": version, "sites": [{"url": "http://x/"}]}))
    (folder / TASKS).write_text("".join(json.dumps(each) + "\n" for each in rows))
    return folder


def test_tasks_are_read_with_the_absolute_path_of_their_snapshot(tmp_path: Path) -> None:
    tasks = TaskSet.read(write(tmp_path / "set", row("shop/reach-1"), row("shop/reach-2")))
    assert [task.name for task in tasks.tasks] == ["shop/reach-1", "shop/reach-2"]
    assert tasks.find("shop/reach-2").snapshot == f"{tmp_path.resolve()}/set/snapshot.har.zip#sha256=ab"
    assert tasks.row("shop/reach-2")["family"] == "reach"
    with pytest.raises(UsageError, match="no task 'shop/reach-3'"):
        tasks.find("shop/reach-3")


def test_a_task_is_named_by_its_set_and_its_name(tmp_path: Path) -> None:
    plain = write(tmp_path / "set", row("shop/reach-1"), row("shop/reach-2"))
    assert as_task(f"{plain}#shop/reach-2").name == "shop/reach-2"
    with pytest.raises(UsageError, match="has 2 tasks; name one"):
        as_task(str(plain))
    assert as_task(write(tmp_path / "one", row("shop/reach-1"))).name == "shop/reach-1"


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / TASKS).write_text("{"), "is not JSON"),
        (lambda folder: (folder / TASKS).write_text('{"task": {"name": "x"}}'), "not a task"),
        (lambda folder: (folder / TASKS).write_text("[]"), "holds no task"),
        (lambda folder: (folder / TASKS).unlink(), "cannot be read"),
        (lambda folder: (folder / SITE).write_text("{}"), "does not belong to a set"),
        (lambda folder: write(folder, row("a"), version=99), "is of version 99"),
        (lambda folder: write(folder, row("a"), row("a")), "two tasks named 'a'"),
        (lambda folder: write(folder, row("a", snapshot="../other.har.zip")), "outside of the set"),
    ],
)
def test_what_is_wrong_with_a_set_is_said(tmp_path: Path, spoil: Any, complaint: str) -> None:
    folder = write(tmp_path / "set", row("shop/reach-1"))
    spoil(folder)
    with pytest.raises(DataError, match=complaint):
        TaskSet.read(folder)
