"""Runs in MLflow; the only module that imports it.

A run writes everything to its directory first (:mod:`experiments.journal`), then sends it to MLflow in order.
Resuming after a crash, catching up after an outage and rebuilding a lost store are one act: sending what the
journal holds beyond what the store has.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser_env.errors import DataError, InfraError, UsageError
from experiments.code_version import code_version
from experiments.journal import JOURNAL, Journal, Record, new_id, read_records, write_atomically
from experiments.run_log import FILES, MemoryTracker, Run, Tracker, ending, unpack_table
from experiments.sending import Destination, Sender
from experiments.tracking_uri import absolute_uri, artifact_location, default_uri, public_uri, require_answer

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as StoredRun

__all__ = ["MemoryTracker", "MlflowTracker", "Run", "RunSummary", "Tracker", "connect", "default_uri", "rebuild_mlflow"]

EXPERIMENT = "webdual"
SEND_EVERY_S = 5.0
PAGE = 1000  # runs read at once
RETRY_AFTER_S = 30.0  # while a server is down, how often a run waits for it
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # it is the journal that tries again
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as the store knows it."""

    id: str
    name: str
    status: str
    params: dict[str, str]
    metrics: dict[str, float]  # the latest of each
    tags: dict[str, str]


class MlflowTracker:
    """Records runs in an MLflow store; :func:`connect` makes one."""

    def __init__(self, store: Destination, *, failures: tuple[type[Exception], ...]) -> None:
        self.store = store
        self.failures = failures  # what MLflow raises when the store does not do its part

    @contextmanager
    def run(self, name: str, *, directory: Path, parent: Run | None = None) -> Iterator[MlflowRun]:
        """Begin a run, or continue the one that the directory holds; a nested one is named ``parent/name``."""
        run = MlflowRun(self, name=f"{parent.name}/{name}" if parent else name, directory=directory, parent=parent)
        with ending(run.finish):
            yield run

    def find(self, query: str) -> RunSummary:
        """Return the run with this id, beginning of an id, or name; raise :class:`UsageError` unless it is one."""
        runs = self.runs(list(self.experiments().values()))
        exact = [run for run in runs if query in (run.id, run.name)]
        found = exact or [run for run in runs if len(query) >= 4 and run.id.startswith(query)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(run.id[:8] for run in found[:5])
            raise UsageError(f"{len(found)} runs are called {query!r:.80}; name one by its id: {ids}")
        newest = ", ".join(run.name for run in runs[:5]) or "none"
        raise UsageError(f"there is no run {query!r:.80} in {self.store.uri}; the newest are: {newest}")

    def table(self, run: RunSummary, *, name: str) -> list[dict[str, Any]]:
        """Return a table that a run logged; raise :class:`UsageError` if there is none."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                content = Path(self.store.client.download_artifacts(run.id, f"{name}.json", folder)).read_bytes()
            except self.failures as error:
                raise UsageError(f"run {run.name} has no table {name!r}; let it finish an evaluation first") from error
        try:
            return unpack_table(json.loads(content))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"the table {name!r} of run {run.name} is broken; rebuild it from its files") from error

    def experiments(self) -> dict[str, str]:
        """Return the ids of the store's experiments by name."""
        with self._reading():
            return {found.name: str(found.experiment_id) for found in self.store.client.search_experiments()}

    def runs(self, experiment_ids: Sequence[str]) -> list[RunSummary]:
        """Return all runs of some experiments, the newest first."""
        found: list[RunSummary] = []
        token: str | None = None
        with self._reading():
            while True:
                page = self.store.client.search_runs(
                    list(experiment_ids), max_results=PAGE, order_by=["attributes.start_time DESC"], page_token=token
                )
                found += map(_summarise, page)
                token = page.token
                if not token:
                    return found

    def history(self, run: RunSummary, *, metric: str) -> dict[int, float]:
        """Return a metric's value at each step; of a step that was logged twice, the last."""
        if metric not in run.metrics:
            return {}
        with self._reading():
            rows = self.store.client.get_metric_history(run.id, metric)
        return {row.step: float(row.value) for row in sorted(rows, key=lambda row: (row.step, row.timestamp))}

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except self.failures as error:
            raise InfraError(f"cannot read the runs in {self.store.uri}: {_brief(error)}") from error


class MlflowRun(Run):
    """A run that writes to its directory, then to MLflow; while MLflow is away it goes on and catches up later."""

    def __init__(self, tracker: MlflowTracker, *, name: str, directory: Path, parent: Run | None = None) -> None:
        self._journal = Journal(directory)
        start = _begin(self._journal, name=name, parent=parent)
        super().__init__(name=start["name"], directory=directory)
        self._recall()
        self._tracker = tracker
        self._next_send = 0.0  # on the monotonic clock; set by flush
        self._problem: Exception | None = None
        try:
            self._sender = Sender(tracker.store, start, directory=directory)
        except tracker.failures as error:
            raise InfraError(f"cannot begin a run in {tracker.store.uri}: {_brief(error)}") from error
        self.flush()

    @property
    def id(self) -> str:
        """The run's id in MLflow."""
        return self._sender.run_id

    def record(self, kind: str, **fields: Any) -> None:
        """Write a fact to the journal; every few seconds, send what has gathered."""
        self._journal.append(kind, **fields)
        if time.monotonic() >= self._next_send:
            self.flush()

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the run; it travels when its record does."""
        try:
            write_atomically(self.directory / FILES / name, content)
        except OSError as error:
            raise InfraError(f"cannot write {name} in {self.directory}: {error.strerror}; free some space") from error

    def flush(self) -> None:
        """Send what was recorded so far; if MLflow is away, leave it to the next time."""
        try:
            self._sender.send()
            self._problem, pause_s = None, SEND_EVERY_S
        except self._tracker.failures as error:
            self._problem, pause_s = error, RETRY_AFTER_S
        self._next_send = time.monotonic() + pause_s

    def finish(self, status: str) -> None:
        """Record how the run ended; raise :class:`InfraError` if it went well but MLflow does not know."""
        self._journal.append("status", status=status)
        self.flush()
        if self._problem and status == "FINISHED":
            raise InfraError(
                f"{self._tracker.store.uri} did not take all of run {self.name}: {_brief(self._problem)} "
                f"Nothing is lost: rebuild_mlflow({str(self.directory)!r}, ...) sends what is missing."
            ) from self._problem

    def _recall(self) -> None:
        """Take up the parameters and metric names of an earlier part of the run."""
        for _, record in read_records(self._journal.path):
            if record["kind"] == "params":
                self._params |= record["params"]
            elif record["kind"] == "metrics":
                self._metric_keys |= record["metrics"].keys()


def connect(uri: str, *, experiment: str = EXPERIMENT) -> MlflowTracker:
    """Return a tracker for an MLflow store; raise :class:`InfraError` within seconds if it cannot be used."""
    uri = absolute_uri(uri)
    require_answer(uri)
    failures = _failures()
    try:
        client = _open(uri)
        experiment_id = _experiment_id(client, experiment, location=artifact_location(uri))
    except failures as error:
        raise InfraError(f"MLflow cannot use {public_uri(uri)}: {_brief(error)}") from error
    import mlflow.entities as entities  # noqa: PLC0415  MLflow takes a second to import: only where it is used

    store = Destination(
        uri=public_uri(uri), experiment=experiment, experiment_id=experiment_id, client=client, entities=entities
    )
    return MlflowTracker(store, failures=failures)


def rebuild_mlflow(directory: Path, uri: str, *, experiment: str = EXPERIMENT) -> list[str]:
    """Bring a store up to date with a run's directory and the runs nested in it; return their ids there."""
    tracker = connect(uri, experiment=experiment)
    journals = sorted(directory.rglob(JOURNAL), key=lambda path: len(path.parts))  # parents first
    if not journals:
        raise UsageError(f"{directory} holds no run: there is no {JOURNAL} in it")
    return [_rebuild(tracker, journal.parent) for journal in journals]


def _rebuild(tracker: MlflowTracker, directory: Path) -> str:
    start = _first(directory / JOURNAL)
    if start is None:
        raise UsageError(f"{directory} holds a run that never began; delete it")
    try:
        sender = Sender(tracker.store, start, directory=directory)
        sender.send()
    except tracker.failures as error:
        raise InfraError(f"{tracker.store.uri} did not take {directory}: {_brief(error)}") from error
    return sender.run_id


def _begin(journal: Journal, *, name: str, parent: Run | None) -> Record:
    """Return the journal's first record, written now if the run is new."""
    start = _first(journal.path)
    if start is not None:
        journal.append("status", status="RUNNING")
        return start
    above = None if parent is None else _first(parent.directory / JOURNAL)
    return journal.append("start", id=new_id(), name=name, parent=above and above["id"], tags=code_version())


def _first(path: Path) -> Record | None:
    if not path.exists():
        return None
    start = next((record for _, record in read_records(path)), None)
    if start is not None and start["kind"] != "start":
        raise DataError(f"{path} does not begin with a run's start; restore the file or use another directory")
    return start


def _failures() -> tuple[type[Exception], ...]:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow.exceptions import MlflowException  # noqa: PLC0415  a second to import: only where it is used

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # what matters is raised
    return (MlflowException, OSError)  # OSError holds what the HTTP library and local files raise


def _open(uri: str) -> MlflowClient:
    from mlflow import MlflowClient  # noqa: PLC0415  a second to import: only where it is used

    with warnings.catch_warnings():
        # raised once by MLflow's own tables under SQLAlchemy 2.1; nothing a caller could change
        warnings.filterwarnings("ignore", message="The ``noload`` loader", category=DeprecationWarning)
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _experiment_id(client: MlflowClient, name: str, *, location: str | None) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return str(client.create_experiment(name, artifact_location=location))
    if experiment.lifecycle_stage != "active":
        raise InfraError(f"experiment {name!r} was deleted; restore it with 'mlflow experiments restore'")
    return str(experiment.experiment_id)


def _summarise(run: StoredRun) -> RunSummary:
    info, data = run.info, run.data
    return RunSummary(
        id=info.run_id,
        name=info.run_name or info.run_id,
        status=info.status,
        params=dict(data.params),
        metrics=dict(data.metrics),
        tags=dict(data.tags),
    )


def _brief(error: Exception) -> str:
    """Return an error's first line, short enough for a sentence."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if len(line) <= 200 else f"{line[:199]}…"
