"""The record of a run on disk: everything it logged, in order, written before any tracking server hears of it."""

from __future__ import annotations

import json
import math
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from browser_env.errors import DataError, InfraError

JOURNAL = "metrics.jsonl"
Record = dict[str, Any]  # one line: "kind", "time_ms" and the kind's own fields


class Journal:
    """An append-only file of JSON lines; a line that a crash cut short is dropped when it is taken up again."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / JOURNAL
        try:
            directory.mkdir(parents=True, exist_ok=True)
            _drop_torn_line(self.path)
        except OSError as error:
            raise InfraError(f"cannot write a run's record to {directory}: {error.strerror}") from error

    def append(self, kind: str, **fields: Any) -> Record:
        """Write one record, hand it to the operating system, and return it."""
        record = {"kind": kind, "time_ms": time.time_ns() // 1_000_000, **fields}
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            with self.path.open("ab") as file:
                file.write(line)
        except OSError as error:
            raise InfraError(f"cannot write to {self.path}: {error.strerror}; free some space and resume") from error
        return record


def read_records(path: Path, *, start: int = 0) -> Iterator[tuple[int, Record]]:
    """Yield (offset behind the record, record) from a byte offset on; an unfinished last line is left out."""
    offset = start
    with path.open("rb") as file:
        file.seek(start)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield offset, _parse(line, path=path, offset=offset)


def metric_history(directory: Path) -> list[tuple[int, dict[str, float]]]:
    """Return all (step, metrics) that a run's directory holds, in the order they were logged."""
    records = (record for _, record in read_records(directory / JOURNAL))
    return [(r["step"], decode_metrics(r["metrics"])) for r in records if r["kind"] == "metrics"]


def encode_metrics(metrics: Mapping[str, float]) -> dict[str, float | str]:
    """Return metrics as strict JSON, which has no numbers for infinity and NaN."""
    values = {key: float(value) for key, value in metrics.items()}
    return {key: value if math.isfinite(value) else str(value) for key, value in values.items()}


def decode_metrics(metrics: Mapping[str, float | str]) -> dict[str, float]:
    """Reverse :func:`encode_metrics`."""
    return {key: float(value) for key, value in metrics.items()}


def new_id() -> str:
    """Return a fresh id for a run's record."""
    return uuid.uuid4().hex


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one go, so that a crash leaves the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def _parse(line: bytes, *, path: Path, offset: int) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path} is broken before byte {offset}: not JSON; restore the file") from error
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        raise DataError(f"{path} is broken before byte {offset}: not a run's record; restore the file")
    return record


def _drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
