"""Sends what a run's journal holds to an MLflow store, in order, from where the store has got to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments.journal import JOURNAL, Record, decode_metrics, read_records, write_atomically
from experiments.run_log import FILES

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

METRICS_PER_BATCH = 1000  # MLflow's limit
PARAMS_PER_BATCH = 100  # MLflow's limit
STATE = "mlflow.json"  # in a run's directory: how far each store has got
ID_TAG = "webdual.id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An open MLflow store."""

    uri: str  # without secrets
    experiment: str
    experiment_id: str
    client: MlflowClient
    entities: ModuleType  # mlflow.entities


class Sender:
    """Brings one run of a store up to date with the run's directory; sending a record twice changes nothing."""

    def __init__(self, store: Destination, start: Record, *, directory: Path) -> None:
        self._store = store
        self._client = store.client
        self._directory = directory
        self.run_id = _find(store, start["id"]) or _create(store, start)
        known = _read_state(directory).get(store.uri, {})
        self._offset = int(known["offset"]) if known.get("run_id") == self.run_id else 0

    def send(self) -> None:
        """Send every record that the store lacks; what went wrong in between is sent again by the next call."""
        for offset, records in _batches(read_records(self._directory / JOURNAL, start=self._offset)):
            self._send(records)
            self._offset = offset
        state = _read_state(self._directory) | {self._store.uri: {"run_id": self.run_id, "offset": self._offset}}
        write_atomically(self._directory / STATE, json.dumps(state, indent=2).encode())

    def _send(self, records: list[Record]) -> None:
        record = records[0]
        match record["kind"]:
            case "metrics":
                self._client.log_batch(self.run_id, metrics=[m for r in records for m in self._metrics(r)])
            case "params":
                self._send_params(record["params"])
            case "tags":
                self._send_tags(record["tags"])
            case "file":
                self._send_file(record)
            case "checkpoint":
                self._send_checkpoint(record)
            case "dataset":
                self._send_dataset(record)
            case "status":
                self._send_status(record)

    def _metrics(self, record: Record, *, model_id: str | None = None) -> list[Any]:
        return [
            self._store.entities.Metric(key, value, record["time_ms"], record["step"], model_id=model_id)
            for key, value in decode_metrics(record["metrics"]).items()
        ]

    def _send_params(self, params: dict[str, str]) -> None:
        items = [self._store.entities.Param(key, value) for key, value in params.items()]
        for start in range(0, len(items), PARAMS_PER_BATCH):
            self._client.log_batch(self.run_id, params=items[start : start + PARAMS_PER_BATCH])

    def _send_tags(self, tags: dict[str, str]) -> None:
        items = [self._store.entities.RunTag(key, value) for key, value in tags.items()]
        for start in range(0, len(items), PARAMS_PER_BATCH):
            self._client.log_batch(self.run_id, tags=items[start : start + PARAMS_PER_BATCH])

    def _send_file(self, record: Record) -> None:
        name = PurePosixPath(record["name"])
        path = self._directory / FILES / name
        if path.exists():  # a file that was deleted since has nothing to send
            folder = str(name.parent) if name.parent.parts else None
            self._client.log_artifact(self.run_id, str(path), folder)

    def _send_checkpoint(self, record: Record) -> None:
        folder = self._directory / record["folder"]
        if not folder.is_dir():  # pruned since
            return
        step, name = record["step"], f"policy-{record['step']}"
        if self._has_model(name):
            return
        model = self._client.create_logged_model(
            self._store.experiment_id,
            name=name,
            source_run_id=self.run_id,
            params={"step": str(step)},
            tags={"webdual.folder": str(record["folder"])},
            model_type="policy",
        )
        self._client.log_model_artifacts(model.model_id, str(folder))
        self._client.log_outputs(self.run_id, [self._store.entities.LoggedModelOutput(model.model_id, step)])
        if record["metrics"]:
            self._client.log_batch(self.run_id, metrics=self._metrics(record, model_id=model.model_id))
        if record["alias"]:
            self._move_alias(record["alias"], model=model)
        self._client.finalize_logged_model(model.model_id, "READY")  # last: what is ready is complete

    def _has_model(self, name: str) -> bool:
        wanted = f"source_run_id = '{self.run_id}' AND name = '{name}'"
        models = self._client.search_logged_models([self._store.experiment_id], wanted)
        return any(model.status == self._store.entities.LoggedModelStatus.READY for model in models)

    def _move_alias(self, alias: str, *, model: LoggedModel) -> None:
        name = self._store.experiment
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        # by its place: MLflow would look a models:/ address up in the process's default store
        version = self._client.create_model_version(
            name, model.artifact_location, self.run_id, model_id=model.model_id, await_creation_for=0
        )
        self._client.set_registered_model_alias(name, alias, version.version)

    def _send_dataset(self, record: Record) -> None:
        entities = self._store.entities
        source = json.dumps({"uri": record["source"]})
        dataset = entities.Dataset(record["name"], record["digest"], source_type="local", source=source)
        context = entities.InputTag("mlflow.data.context", "training")
        self._client.log_inputs(self.run_id, [entities.DatasetInput(dataset, [context])])

    def _send_status(self, record: Record) -> None:
        if record["status"] == "RUNNING":
            self._client.update_run(self.run_id, status="RUNNING")
        else:
            self._client.set_terminated(self.run_id, record["status"], end_time=record["time_ms"])


def _batches(records: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, list[Record]]]:
    """Yield (offset behind, records): neighbouring metrics together up to MLflow's limit, all else alone."""
    batch: list[Record] = []
    count, behind = 0, 0
    for offset, record in records:
        size = len(record["metrics"]) if record["kind"] == "metrics" else METRICS_PER_BATCH
        if batch and count + size > METRICS_PER_BATCH:
            yield behind, batch
            batch, count = [], 0
        batch.append(record)
        count, behind = count + size, offset
    if batch:
        yield behind, batch


def _find(store: Destination, record_id: str) -> str | None:
    runs = store.client.search_runs([store.experiment_id], f"tags.`{ID_TAG}` = '{record_id}'", max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _create(store: Destination, start: Record) -> str:
    tags = {**start["tags"], ID_TAG: start["id"]}
    parent = start["parent"] and _find(store, start["parent"])
    if parent:
        tags["mlflow.parentRunId"] = parent
    run = store.client.create_run(store.experiment_id, start["time_ms"], tags, run_name=start["name"])
    return str(run.info.run_id)


def _read_state(directory: Path) -> dict[str, Any]:
    try:
        state = json.loads((directory / STATE).read_bytes())
    except (OSError, ValueError):  # missing or broken: everything is sent again, which changes nothing
        return {}
    return state if isinstance(state, dict) else {}
