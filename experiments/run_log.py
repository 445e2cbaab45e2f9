"""What a run records, whoever keeps it: parameters, metrics, tables, pictures, checkpoints, data, tags."""

from __future__ import annotations

import io
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any, Protocol

from PIL.Image import Image

from browser_env.errors import UsageError
from experiments.journal import Record, decode_metrics, encode_metrics
from rewards.cost import Cost, Prices

FILES = "artifacts"  # the folder of a run's files, inside its directory
MAX_METRIC_KEYS = 99  # more of them are unusable in a tracking server; tables hold details
MAX_KEY = 250  # characters
MAX_VALUE = 6000  # characters
DIGEST_LENGTH = 36  # what MLflow keeps of a data set's digest
METRIC_KEY = re.compile(r"[\w\-. :/]{1,250}\Z")
FILE_NAME = re.compile(r"[\w\-. /]{1,200}\Z", re.ASCII)


class Run(ABC):
    """One run, open for logging; file names may hold folders, e.g. ``episodes/click-button``."""

    def __init__(self, *, name: str, directory: Path) -> None:
        self.name = name
        self.directory = directory  # where the run keeps its files
        self._params: dict[str, str] = {}
        self._metric_keys: set[str] = set()

    @property
    @abstractmethod
    def id(self) -> str:
        """The run's id where it is tracked."""

    @abstractmethod
    def record(self, kind: str, **fields: Any) -> None:
        """Keep one fact of the run; the methods below state which kinds there are."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Keep a file of the run, in place of an earlier one with this name."""

    @abstractmethod
    def flush(self) -> None:
        """Send what was recorded so far to where it is tracked."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record a configuration, nested or flat; a value that differs after a resume becomes a tag ``resumed.*``."""
        flat = flatten_params(params)
        new = {key: value for key, value in flat.items() if key not in self._params}
        changed = {f"resumed.{key}": value for key, value in flat.items() if self._params.get(key, value) != value}
        self._params |= new
        if new:
            self.record("params", params=new)
        if changed:
            self.set_tags(changed)
        self.log_text("config.json", json.dumps(params, indent=2, default=str))

    def log_metrics(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Record numbers at a step; a run has fewer than 100 different keys."""
        self._metric_keys = require_metrics(metrics, known=self._metric_keys)
        self.record("metrics", step=step, metrics=encode_metrics(metrics))

    def log_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace the table ``name``, kept as ``name.json``."""
        self._write(f"{name}.json", json.dumps(pack_table(rows), ensure_ascii=False).encode(), table=True)

    def log_text(self, name: str, text: str) -> None:
        """Replace the text file ``name``."""
        self._write(name, text.encode("utf-8", "backslashreplace"))

    def log_file(self, name: str, path: Path) -> None:
        """Replace the file ``name`` by a copy of another."""
        self._write(name, path.read_bytes())

    def log_picture(self, name: str, picture: Image) -> None:
        """Replace the picture ``name``, kept as ``name.png``."""
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG", optimize=True)
        self._write(f"{name}.png", buffer.getvalue())

    def log_checkpoint(
        self, folder: Path, *, step: int, metrics: Mapping[str, float] | None = None, alias: str | None = None
    ) -> None:
        """Record a policy's folder as a model with its scores; an alias such as "best" moves to the newest one."""
        scores = encode_metrics(metrics or {})
        require_metrics(metrics or {}, known=set())
        path, home = folder.absolute(), self.directory.absolute()
        place = path.relative_to(home) if path.is_relative_to(home) else path  # so that a run's folder can move
        self.record("checkpoint", folder=place.as_posix(), step=step, metrics=scores, alias=alias)

    def log_dataset(self, name: str, *, digest: str, source: str) -> None:
        """Record which data the run learns from."""
        self.record("dataset", name=name, digest=digest[:DIGEST_LENGTH], source=source)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set or replace tags."""
        self.record("tags", tags={_key(key): value[:MAX_VALUE] for key, value in tags.items()})

    def _write(self, name: str, content: bytes, *, table: bool = False) -> None:
        self.write(require_file_name(name), content)
        self.record("file", name=name, table=table)


class Tracker(Protocol):
    """Where runs are recorded."""

    def run(self, name: str, *, directory: Path, parent: Run | None = None) -> AbstractContextManager[Run]:
        """Begin a run, or continue the one that the directory holds; it finishes, fails or is killed with the block."""
        ...


class MemoryRun(Run):
    """A run that only remembers."""

    def __init__(self, *, name: str, directory: Path, parent: Run | None) -> None:
        super().__init__(name=name, directory=directory)
        self.parent = parent
        self.records: list[Record] = []
        self.files: dict[str, bytes] = {}
        self.status = "RUNNING"

    @property
    def id(self) -> str:
        """The run's name."""
        return self.name

    def record(self, kind: str, **fields: Any) -> None:
        """Remember a fact."""
        self.records.append({"kind": kind, **fields})

    def write(self, name: str, content: bytes) -> None:
        """Remember a file."""
        self.files[name] = content

    def flush(self) -> None:
        """Do nothing: there is nowhere to send to."""

    def finish(self, status: str) -> None:
        """Remember how the run ended."""
        self.status = status

    def of_kind(self, kind: str) -> list[Record]:
        """Return what was recorded of a kind, e.g. "checkpoint"."""
        return [record for record in self.records if record["kind"] == kind]

    @property
    def metrics(self) -> list[tuple[int, dict[str, float]]]:
        """All (step, metrics)."""
        return [(record["step"], decode_metrics(record["metrics"])) for record in self.of_kind("metrics")]


class MemoryTracker:
    """A tracker for tests and trials: keeps every run in :attr:`runs`."""

    def __init__(self) -> None:
        self.runs: list[MemoryRun] = []

    @contextmanager
    def run(self, name: str, *, directory: Path, parent: Run | None = None) -> Iterator[MemoryRun]:
        """Begin a run."""
        run = MemoryRun(name=name, directory=directory, parent=parent)
        self.runs.append(run)
        with ending(run.finish):
            yield run


@contextmanager
def ending(finish: Callable[[str], None]) -> Iterator[None]:
    """Call ``finish`` with how the block ended: FINISHED, FAILED, or KILLED by the keyboard or an exit."""
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    except (KeyboardInterrupt, SystemExit):
        status = "KILLED"
        raise
    finally:
        finish(status)


def flatten_params(params: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """Return nested settings as flat texts with dotted keys, cut to what a tracking server takes."""
    flat: dict[str, str] = {}
    for key, value in params.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten_params(value, prefix=f"{prefix}{key}.")
        else:
            flat[_key(f"{prefix}{key}")] = _text(value)[:MAX_VALUE]
    return flat


def require_metrics(metrics: Mapping[str, float], *, known: set[str]) -> set[str]:
    """Return all keys of a run; raise :class:`UsageError` for keys that cannot be stored or are too many."""
    for key in metrics:
        if not METRIC_KEY.match(key) or normpath(key) != key or key.startswith(("/", "..")):
            raise UsageError(f"{key!r:.80} cannot be a metric's name; use letters, digits, '_', '-', '.' and '/'")
    keys = known | metrics.keys()
    if len(keys) > MAX_METRIC_KEYS:
        raise UsageError(f"a run has at most {MAX_METRIC_KEYS} metrics, not {len(keys)}; log details as a table")
    return keys


def require_file_name(name: str) -> str:
    """Return a file's name inside a run; raise :class:`UsageError` for one that leads elsewhere."""
    path = PurePosixPath(name)
    if not FILE_NAME.match(name) or path.is_absolute() or ".." in path.parts or normpath(name) != name or name == ".":
        raise UsageError(f"{name!r:.80} cannot be a file's name in a run; use a relative path of plain letters")
    return name


def pack_table(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows as columns and data, the layout that MLflow shows as a table."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return {"columns": columns, "data": [[_finite(row.get(column)) for column in columns] for row in rows]}


def unpack_table(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reverse :func:`pack_table`."""
    return [dict(zip(table["columns"], values, strict=True)) for values in table["data"]]


def cost_metrics(cost: Cost, prices: Prices) -> dict[str, float]:
    """Return a cost and its price as metrics."""
    return {f"cost/{key}": float(value) for key, value in cost.to_json().items()} | {"cost/money": prices.money(cost)}


def _key(key: str) -> str:
    return re.sub(r"[^\w\-. :/]", "_", key)[:MAX_KEY]


def _text(value: Any) -> str:
    return json.dumps(value, default=str) if isinstance(value, list | tuple | dict) else str(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
