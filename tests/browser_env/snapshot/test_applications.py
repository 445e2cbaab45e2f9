"""Web applications of others: a task solved live, and again from its snapshot when the server is gone.

Datasette and the Python documentation are looked for on this machine, and skipped where they are not there.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser_env.judgement import StepResult
from browser_env.observation import Element, Observation
from browser_env.serving import FolderServer
from browser_env.task import Task, VerifierSpec
from experiments.benchmarks.applications import mlflow_runs
from experiments.benchmarks.applications.serving import free_port, server
from rewards.outcome import Outcome

MANUALS = (Path("/usr/share/doc/python3-doc/html"), Path("/usr/share/doc/python3/html"))
ROASTS = """
import mlflow
mlflow.set_experiment("coffee")
for roast in range(3):
    with mlflow.start_run(run_name=f"roast-{roast}"):
        mlflow.log_param("temperature", 200 + 10 * roast)
        mlflow.log_metric("taste", 0.5 + 0.1 * roast)
"""
Say = Callable[[Observation], str | None]  # None while the page is not so far


def on(verb: str, role: str, name: str, more: str = "") -> Say:
    """Say an action on the first element with a role and a part of its name, when it is seen."""

    def say(observation: Observation) -> str | None:
        found = [e.id for e in observation.elements if e.role == role and name in e.name]
        return f"{verb}({found[0]}{more})" if found else None

    return say


def when(text: str) -> Say:
    """Wait for a word on the page, and a little more."""

    def say(observation: Observation) -> str | None:
        return "wait(500)" if any(text in element.name for element in observation.elements) else None

    return say


RECORDINGS = 6  # a page that is left while it still loads is recorded in part: then once more, as a person would


def solve(studio: Any, task: Task, script: Sequence[str | Say], serving: Any, *, name: str) -> None:
    """Solve a task live, which is recorded, and twice from the snapshot alone; all look the same.

    What a live page shows while it is waited for is chance, and not compared with the snapshot.
    """
    with serving:
        for attempt in range(RECORDINGS):
            snapshot = studio.record(task, script, f"{attempt}-{name}")
            recorded = at_rest(studio.recorded, studio.said)
            if not missing(studio.play(snapshot, script)):
                break
    replayed = studio.play(snapshot, script)
    golden = studio.said
    assert missing(replayed) == []
    assert [studio.recorded[-1].outcome, replayed[-1].outcome] == [Outcome.SUCCESS, Outcome.SUCCESS]
    assert unlike(recorded, at_rest(replayed, golden)) == []
    again = studio.play(snapshot, script)
    assert unlike(at_rest(replayed, golden), at_rest(again, studio.said)) == []


def missing(results: Sequence[StepResult]) -> list[str]:
    return [str(miss) for miss in results[-1].misses if not miss.cosmetic]


def at_rest(results: Sequence[StepResult], said: Sequence[str]) -> list[StepResult]:
    """Those on which something was done, and the last."""
    return [row for row, action in zip(results, [*said, ""], strict=True) if not action.startswith("wait")]


def bare(element: Element) -> Element:
    """An element without what depends on which others were seen before it."""
    return replace(element, id="", parent=None)


def unlike(first: Sequence[StepResult], second: Sequence[StepResult]) -> list[str]:
    """Say where two episodes look different."""
    found = [] if len(first) == len(second) else [f"0: {len(first)} and {len(second)} observations"]
    for index, results in enumerate(zip(first, second, strict=False)):
        one, other = (result.observation for result in results)
        assert one.screenshot is not None
        assert other.screenshot is not None
        pixels = np.count_nonzero((one.screenshot != other.screenshot).any(axis=2))
        found += [f"{index}: {pixels} pixels"] if pixels else []
        rows = zip(one.elements, other.elements, strict=False)
        found += [f"{index}: {a} is not {b}" for a, b in rows if bare(a) != bare(b)]
        found += [f"{index}: {one.url} is not {other.url}"] if one.url != other.url else []
    return found


def test_mlflow(studio: Any, tmp_path: Path) -> None:
    store, url = f"sqlite:///{tmp_path}/mlflow.db", f"http://127.0.0.1:{free_port()}"
    subprocess.run([sys.executable, "-c", ROASTS], env=os.environ | {"MLFLOW_TRACKING_URI": store}, check=True)
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", 1]
    task = Task(
        name="mlflow/temperature",
        url=f"{url}/#/experiments/1/runs",
        goal="Find the run with the taste 0.6, open it and say its temperature.",
        verifier=VerifierSpec(name="answer", params={"equals": "210"}),
    )
    script = [
        on("type", "combobox", "metrics.rmse", ", 'metrics.taste = 0.6'"),
        "press('Enter')",
        "wait(500)",
        on("click", "link", "roast-1"),
        when("temperature"),
        "wait(2000)",
        "answer('210')",
    ]
    command = [*command, "--port", url.rpartition(":")[2]]
    serving = server(command, url=f"{url}/health", log=tmp_path / "server.log", environment=mlflow_runs.ENVIRONMENT)
    solve(studio, task, script, serving, name="mlflow.har.zip")


def test_datasette(studio: Any, tmp_path: Path) -> None:
    command = shutil.which("datasette", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if command is None:
        pytest.skip("datasette is not installed")
    with closing(sqlite3.connect(tmp_path / "coffee.db")) as database, database:
        database.execute("CREATE TABLE beans (id INTEGER PRIMARY KEY, name TEXT, country TEXT, price REAL)")
        rows = [(f"bean {n}", ("Kenya", "Brazil", "Yemen")[n % 3], 5 + n / 4) for n in range(40)]
        database.executemany("INSERT INTO beans (name, country, price) VALUES (?, ?, ?)", rows)
    url = f"http://127.0.0.1:{free_port()}"
    task = Task(
        name="datasette/dearest",
        url=f"{url}/coffee/beans",
        goal="Which bean from Kenya is the dearest?",
        verifier=VerifierSpec(name="answer", params={"equals": "bean 39"}),
    )
    script = [
        on("click", "link", "country"),
        on("click", "link", "Kenya"),
        on("click", "link", "price"),
        on("click", "link", "price"),
        "answer('bean 39')",
    ]
    started = [command, "coffee.db", "--port", url.rpartition(":")[2]]
    serving = server(started, url=url, log=tmp_path / "server.log")
    solve(studio, task, script, serving, name="datasette.har.zip")


def test_the_python_documentation(studio: Any) -> None:
    folder = next((folder for folder in MANUALS if folder.is_dir()), None)
    if folder is None:
        pytest.skip("Debian's package python3-doc is not installed")
    files = FolderServer(folder)
    task = Task(
        name="python/search",
        url=f"http://{files.address}/index.html",
        goal="Find the documentation of shlex.quote.",
        verifier=VerifierSpec(name="url", params={"regex": r".*/library/shlex\.html#shlex\.quote"}),
    )
    script = [on("type", "textbox", "Quick search", ", 'shlex.quote'"), "press('Enter')", *["wait(1000)"] * 12]
    script.append(on("click", "link", "shlex.quote"))
    solve(studio, task, script, files, name="python.har.zip")
