"""MLflow's interface over experiments with runs, filled through its own API."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from experiments.benchmarks.applications.application import Start

EXPERIMENTS = {"coffee roasting": 24, "bread baking": 18, "tea blending": 15}  # name -> runs
DAY_MS = 86_400_000
FIRST_MS = 1_704_100_000_000  # of January 2024
ENVIRONMENT = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # else the server starts workers that need more than this machine
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


def lay_out(folder: Path, port: int) -> Start:
    """Make an empty store."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    store = f"sqlite:///{data / 'mlflow.db'}"
    options = ("--backend-store-uri", store, "--artifacts-destination", str(data / "artifacts"), "--workers", "1")
    return Start(
        command=(sys.executable, "-m", "mlflow", "server", *options, "--port", str(port)),
        data=data,
        page="/#/experiments",
        ready="/health",
        environment=ENVIRONMENT,
        fill=fill,
    )


def fill(url: str) -> None:
    """Make experiments and their runs, and register a model."""
    for place, (name, count) in enumerate(EXPERIMENTS.items()):
        made = _post(url, "experiments/create", {"name": name})
        for number in range(count):
            _make_run(url, made["experiment_id"], name.split()[0], number, place)
    for name in ("light-roast", "dark-roast", "sourdough", "green-tea"):
        _post(url, "registered-models/create", {"name": name, "description": f"The settings of a good {name}."})


def _make_run(url: str, experiment: str, stem: str, number: int, place: int) -> None:
    begun_ms = FIRST_MS + (place * 30 + number) * DAY_MS
    asked = {"experiment_id": experiment, "run_name": f"{stem}-{number:02}", "start_time": begun_ms, "user_id": "ines"}
    run = _post(url, "runs/create", asked)["run"]["info"]["run_id"]
    metrics = {"taste": 0.4 + number * 7 % 23 / 50, "minutes": 9 + number * 5 % 17, "cost": 2.5 + number * 11 % 29 / 4}
    settings = {"temperature": 180 + number * 13 % 60, "fan": ("low", "high")[number % 2], "batch": 1 + number % 4}
    batch = {
        "run_id": run,
        "metrics": [{"key": k, "value": v, "timestamp": begun_ms, "step": 0} for k, v in metrics.items()],
        "params": [{"key": k, "value": str(v)} for k, v in settings.items()],
        "tags": [{"key": "season", "value": ("spring", "summer", "autumn", "winter")[number % 4]}],
    }
    _post(url, "runs/log-batch", batch)
    status = "FAILED" if number % 9 == 4 else "FINISHED"
    ended_ms = begun_ms + (3 + number * 7 % 41) * 60_000
    _post(url, "runs/update", {"run_id": run, "status": status, "end_time": ended_ms})


def _post(url: str, path: str, data: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{url}/api/2.0/mlflow/{path}", data=json.dumps(data).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
