from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from browser_env.errors import DataError, InfraError, UsageError
from experiments.journal import JOURNAL, Journal, metric_history, read_records
from experiments.run_log import (
    Run,
    cost_metrics,
    flatten_params,
    pack_table,
    require_file_name,
    require_metrics,
    unpack_table,
)
from experiments.tracking import MemoryTracker, MlflowTracker, Tracker, connect, default_uri, rebuild_mlflow
from experiments.tracking_uri import public_uri
from rewards.cost import Cost, Prices


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One SQLite store for all tests: its tables take seconds to make."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def tracker(store: str) -> MlflowTracker:
    return connect(store)


def log_everything(run: Run, *, folder: Path) -> None:
    (folder / "policy").mkdir(parents=True)
    (folder / "policy" / "weights.bin").write_bytes(b"\x00\x01")
    run.log_params({"seed": 3, "learner": {"rate": 1e-4, "layers": [2, 3]}, "note": "x" * 9000})
    run.log_dataset("demos", digest="d" * 64, source="demos/miniwob")
    run.set_tags({"recipe": "smoke"})
    for step in range(3):
        run.log_metrics({"success": step / 10, "loss/policy": float("nan")}, step=step)
    run.log_table("success", [{"task": "a", "rate": 0.5}, {"task": "b", "rate": float("inf")}])
    run.log_text("notes/summary.txt", "grüezi \ud800")
    run.log_picture("episodes/one", Image.new("RGB", (4, 4), "red"))
    run.log_checkpoint(folder / "policy", step=2, metrics={"success": 0.2}, alias="best")


@dataclass(frozen=True)
class Stored:
    """What a store holds of a run, without ids and times."""

    params: dict[str, str]
    history: list[tuple[int, float]]
    files: dict[str, bytes]
    models: list[tuple[str, dict[str, float]]]
    datasets: list[tuple[str, str]]
    status: str
    recipe: str


def read_back(tracker: MlflowTracker, run_id: str, *, folder: Path) -> Stored:
    client = tracker.store.client
    run = client.get_run(run_id)
    names = [entry.path for top in client.list_artifacts(run_id) for entry in _leaves(client, run_id, top)]
    models = [client.get_logged_model(output.model_id) for output in run.outputs.model_outputs]
    return Stored(
        params=dict(run.data.params),
        history=[(metric.step, metric.value) for metric in client.get_metric_history(run_id, "success")],
        files={name: Path(client.download_artifacts(run_id, name, str(folder))).read_bytes() for name in names},
        models=[(model.name, {metric.key: metric.value for metric in model.metrics}) for model in models],
        datasets=[(given.dataset.name, given.dataset.digest) for given in run.inputs.dataset_inputs],
        status=run.info.status,
        recipe=run.data.tags["recipe"],
    )


def _leaves(client: Any, run_id: str, entry: Any) -> list[Any]:
    return client.list_artifacts(run_id, entry.path) if entry.is_dir else [entry]


def test_everything_arrives(tracker: MlflowTracker, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with tracker.run("everything", directory=tmp_path / "run") as run:
        log_everything(run, folder=tmp_path / "run" / "checkpoints")
    stored = read_back(tracker, run.id, folder=tmp_path)
    assert stored.status == "FINISHED"
    assert stored.params["seed"] == "3"
    assert stored.params["learner.rate"] == "0.0001"
    assert stored.params["learner.layers"] == "[2, 3]"
    assert len(stored.params["note"]) == 6000
    # the model's score is one more row, or the same one where both were recorded within a millisecond
    assert list(dict.fromkeys(stored.history)) == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert set(stored.files) == {"config.json", "success.json", "notes/summary.txt", "episodes/one.png"}
    assert json.loads(stored.files["config.json"])["learner"] == {"rate": 1e-4, "layers": [2, 3]}
    assert stored.models == [("policy-2", {"success": 0.2})]
    assert stored.datasets == [("demos", "d" * 36)]
    assert tracker.table(tracker.find("everything"), name="success") == [
        {"task": "a", "rate": 0.5},
        {"task": "b", "rate": None},
    ]
    best = tracker.store.client.get_model_version_by_alias("webdual", "best")
    assert best.run_id == run.id
    summary = tracker.find(run.id[:8])
    assert summary.tags["webdual.version"]
    output = capfd.readouterr()
    assert (output.out, output.err) == ("", "")


def test_model_holds_the_checkpoints_files(tracker: MlflowTracker, tmp_path: Path) -> None:
    with tracker.run("model", directory=tmp_path / "run") as run:
        log_everything(run, folder=tmp_path / "elsewhere")
    client = tracker.store.client
    model_id = client.get_run(run.id).outputs.model_outputs[0].model_id
    assert [file.path for file in client.list_logged_model_artifacts(model_id)] == ["weights.bin"]


def test_rebuilding_gives_the_same_in_a_fresh_store(store: str, tracker: MlflowTracker, tmp_path: Path) -> None:
    with tracker.run("arm", directory=tmp_path / "arm") as arm:
        log_everything(arm, folder=tmp_path / "arm" / "checkpoints")
        with tracker.run("mixed", directory=tmp_path / "arm" / "mixed", parent=arm) as mixed:
            mixed.log_metrics({"success": 1.0}, step=0)
    fresh = f"sqlite:///{tmp_path / 'fresh' / 'mlflow.db'}"
    arm_id, mixed_id = rebuild_mlflow(tmp_path / "arm", fresh)
    rebuilt = connect(fresh)
    assert read_back(rebuilt, arm_id, folder=tmp_path / "a") == read_back(tracker, arm.id, folder=tmp_path / "b")
    child = rebuilt.find("arm/mixed")
    assert child.id == mixed_id
    assert child.tags["mlflow.parentRunId"] == arm_id
    assert rebuild_mlflow(tmp_path / "arm", fresh) == [arm_id, mixed_id]
    (tmp_path / "arm" / "mlflow.json").write_text("broken")  # all is sent again, and nothing changes
    rebuild_mlflow(tmp_path / "arm", fresh)
    assert read_back(rebuilt, arm_id, folder=tmp_path / "c") == read_back(tracker, arm.id, folder=tmp_path / "d")


CRASHING = """
import os, signal, sys
from pathlib import Path
from experiments.tracking import connect
with connect(sys.argv[1]).run("crashing", directory=Path(sys.argv[2])) as run:
    run.log_params({"seed": 1, "updates": 10})
    for step in range(5):
        run.log_metrics({"loss": float(step)}, step=step)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_goes_on(store: str, tracker: MlflowTracker, tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", CRASHING, store, str(tmp_path)], check=False)
    assert killed.returncode == -9
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"kind": "metrics", "st')  # the line it was writing
    assert tracker.find("crashing").status == "RUNNING"
    with tracker.run("another name", directory=tmp_path) as run:
        assert run.id == tracker.find("crashing").id
        run.log_params({"seed": 1, "updates": 20})
        run.log_metrics({"loss": 5.0}, step=5)
    assert [step for step, _ in metric_history(tmp_path)] == [0, 1, 2, 3, 4, 5]
    history = tracker.store.client.get_metric_history(run.id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(step, float(step)) for step in range(6)]
    summary = tracker.find(run.id)
    assert (summary.status, summary.params["updates"]) == ("FINISHED", "10")
    assert summary.tags["resumed.updates"] == "20"


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_block_that_raises_ends_the_run(
    tracker: MlflowTracker, tmp_path: Path, error: type[BaseException], status: str
) -> None:
    with pytest.raises(error), tracker.run(f"raises {status}", directory=tmp_path) as run:
        raise error
    assert tracker.find(run.id).status == status
    with tracker.run("again", directory=tmp_path):
        assert tracker.find(run.id).status == "RUNNING"


def test_thousands_of_metrics_travel_in_batches(tracker: MlflowTracker, tmp_path: Path) -> None:
    with tracker.run("many", directory=tmp_path) as run:
        for step in range(40):
            run.log_metrics({f"key{i}": float(i) for i in range(99)}, step=step)
    assert len(tracker.store.client.get_metric_history(run.id, "key98")) == 40


class FlakyServer:
    """An HTTP server that answers as long as it is there."""

    def __init__(self, port: int = 0) -> None:
        self._server = HTTPServer(("127.0.0.1", port), _Refuse)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Refuse(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Stay quiet."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_unreachable_server_is_one_clear_sentence_within_seconds() -> None:
    began = time.monotonic()
    with pytest.raises(InfraError, match="no tracking server answers at http://127") as caught:
        connect(f"http://user:secret@127.0.0.1:{free_port()}")
    assert time.monotonic() - began < 5
    assert "secret" not in str(caught.value)


def test_silent_server_is_given_up_within_seconds() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(InfraError, match="no tracking server answers"):
            connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 6


def test_server_that_is_not_mlflow_is_named() -> None:
    server = FlakyServer()
    try:
        with pytest.raises(InfraError, match=f"MLflow cannot use http://127.0.0.1:{server.port}: "):
            connect(f"http://127.0.0.1:{server.port}")
    finally:
        server.stop()


@pytest.mark.parametrize(
    "uri",
    ["sqlite:////proc/none/mlflow.db", "foo://somewhere", "postgresql://u:secret@127.0.0.1:1/db", "runs/mlflow.db"],
)
def test_unusable_addresses(uri: str) -> None:
    with pytest.raises(InfraError) as caught:
        connect(uri)
    assert "secret" not in str(caught.value)


def test_address_that_is_none() -> None:
    with pytest.raises(UsageError, match="is no address"):
        connect("http://[")


def test_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("certainly not a database, but long enough to be looked at" * 20)
    with pytest.raises(InfraError, match="not a database"):
        connect(f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_an_outage_loses_nothing(store: str, tracker: MlflowTracker, tmp_path: Path) -> None:
    """The store's file goes away during a run: the run goes on, says so at its end, and is rebuilt elsewhere."""
    lost = tmp_path / "mlflow.db"
    shutil.copy(store.removeprefix("sqlite:///"), lost)
    losing = connect(f"sqlite:///{lost}")

    def train() -> None:
        with losing.run("outage", directory=tmp_path / "run") as run:
            run.log_metrics({"loss": 1.0}, step=0)
            lost.write_bytes(b"")
            run.flush()
            run.log_metrics({"loss": 2.0}, step=1)

    with pytest.raises(InfraError, match="Nothing is lost"):
        train()
    (run_id,) = rebuild_mlflow(tmp_path / "run", store)
    history = tracker.store.client.get_metric_history(run_id, "loss")
    assert [metric.value for metric in history] == [1.0, 2.0]


def test_a_run_is_found_by_id_prefix_and_name(tracker: MlflowTracker, tmp_path: Path) -> None:
    ids = []
    for index in range(2):
        with tracker.run("twins", directory=tmp_path / str(index)) as run:
            ids.append(run.id)
    assert tracker.find(ids[0]).id == tracker.find(ids[0][:10]).id == ids[0]
    with pytest.raises(UsageError, match="2 runs are called 'twins'"):
        tracker.find("twins")
    for query in ("", "no-such-run", "x" * 500, "'; DROP TABLE runs"):
        with pytest.raises(UsageError, match="there is no run"):
            tracker.find(query)
    with pytest.raises(UsageError, match="no table 'success'"):
        tracker.table(tracker.find(ids[0]), name="success")


def test_a_broken_table_is_named(tracker: MlflowTracker, tmp_path: Path) -> None:
    with tracker.run("broken table", directory=tmp_path) as run:
        run.log_text("success.json", '{"columns": ["a"], "data": [[1, 2]]}')
    with pytest.raises(DataError, match="is broken"):
        tracker.table(tracker.find(run.id), name="success")


def test_memory_tracker_takes_the_same_calls(tmp_path: Path) -> None:
    memory = MemoryTracker()
    tracker: Tracker = memory
    with tracker.run("arm", directory=tmp_path) as arm, tracker.run("mixed", directory=tmp_path, parent=arm) as run:
        log_everything(run, folder=tmp_path)
        run.flush()
    with pytest.raises(ValueError, match="boom"), tracker.run("failing", directory=tmp_path):
        raise ValueError("boom")
    parent, child, failing = memory.runs
    assert (child.parent, child.id, child.status, failing.status) == (parent, "mixed", "FINISHED", "FAILED")
    assert [(step, metrics["success"]) for step, metrics in child.metrics] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert set(child.files) == {"config.json", "success.json", "notes/summary.txt", "episodes/one.png"}
    assert child.of_kind("checkpoint")[0]["folder"] == "policy"


def test_a_run_refuses_what_a_store_would_choke_on(tmp_path: Path) -> None:
    with MemoryTracker().run("run", directory=tmp_path) as run:
        for key in ("", "a'b", "../up", "/root", "a//b", "x" * 251, "tab\t"):
            with pytest.raises(UsageError, match="cannot be a metric's name"):
                run.log_metrics({key: 1.0}, step=0)
        run.log_metrics({f"key{i}": 1.0 for i in range(99)}, step=0)
        run.log_metrics({"key0": 1.0}, step=1)
        with pytest.raises(UsageError, match="log details as a table"):
            run.log_metrics({"one more": 1.0}, step=1)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a/../../b", "a\\b", "a//b", "ä", "a\n", "x" * 201]
)
def test_file_names_stay_inside(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a file's name"):
        require_file_name(name)


def test_params_flatten() -> None:
    @dataclass(frozen=True)
    class Inner:
        rate: float = 0.1
        names: tuple[str, ...] = ("a", "b")

    flat = flatten_params({"inner": asdict(Inner()), "none": None, "empty": {}, "odd'key": True})
    assert flat == {"inner.rate": "0.1", "inner.names": '["a", "b"]', "none": "None", "empty": "{}", "odd_key": "True"}


def test_costs_are_metrics() -> None:
    metrics = cost_metrics(Cost(cpu_s=3600, steps=7), Prices(cpu_hour=0.04))
    assert metrics["cost/money"] == pytest.approx(0.04)
    assert metrics["cost/steps"] == 7.0
    assert require_metrics(metrics, known=set()) == set(metrics)


def test_tables_round_trip_with_missing_cells() -> None:
    assert unpack_table(pack_table([{"a": 1}, {"b": 2.5}])) == [{"a": 1, "b": None}, {"a": None, "b": 2.5}]
    assert unpack_table(pack_table([])) == []


def test_journal_survives_a_torn_line_and_names_a_broken_one(tmp_path: Path) -> None:
    Journal(tmp_path).append("tags", tags={"a": "ü"})
    path = tmp_path / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kind": "ta')
    assert [record["kind"] for _, record in read_records(path)] == ["tags"]
    Journal(tmp_path)
    assert path.read_bytes() == whole
    for broken in (b"nonsense\n", b"[1]\n", b"{}\n"):
        path.write_bytes(whole + broken)
        with pytest.raises(DataError, match="is broken before byte"):
            list(read_records(path))


def test_a_foreign_journal_is_refused(tracker: MlflowTracker, tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text('{"kind": "metrics", "step": 0, "metrics": {}}\n')
    with pytest.raises(DataError, match="does not begin with a run's start"), tracker.run("x", directory=tmp_path):
        pass
    with pytest.raises(UsageError, match="holds no run"):
        rebuild_mlflow(tmp_path / "nothing", tracker.store.uri)


def test_default_store_lies_beside_the_runs(tmp_path: Path) -> None:
    assert default_uri(tmp_path).startswith("sqlite:////")
    assert public_uri("https://user:pass@host:5000/path?token=1") == "https://host:5000/path"
    assert public_uri("sqlite:////runs/mlflow.db") == "sqlite:////runs/mlflow.db"
