"""Episodes as Parquet, for ``datasets`` and whatever else reads it: one table of episodes, one of their steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from browser_env.action import action_from_json
from browser_env.episode import Episode
from browser_env.errors import ActionError, DataError
from browser_env.observation import Screenshot
from replay.codec import StoredEpisode, decode_episode, encode_episode, parse_episode
from replay.errors import DamageError

if TYPE_CHECKING:
    import pyarrow as pa

EPISODES_AT_ONCE = 16  # to a group of rows, which is what is in memory
README = """---
configs:
- config_name: steps
  data_files: steps.parquet
  default: true
- config_name: episodes
  data_files: episodes.parquet
---

# Episodes of webdual

`episodes` has a row for each episode, `steps` a row for each observation: `index` counts from 0, and the last row of an
episode has no action. `record` and `end` hold what the other columns leave out, so that episodes can be rebuilt whole.
"""
EPISODE_COLUMNS = {
    **dict.fromkeys(("id", "task", "goal", "url", "source", "outcome", "reason", "consent"), "string"),
    **{"seed": "int64", "reward": "float64", "num_steps": "int64", "record": "string", "end": "string"},
}
STEP_COLUMNS = {
    **{"episode": "string", "index": "int64", "goal": "string", "url": "string", "elements": "string"},
    **{"error": "string", "action": "string", "log_prob": "float64", "intervention": "bool", "record": "string"},
}
SCREENSHOT = "screenshot"


def write_tables(episodes: Iterable[Episode], out: Path) -> int:
    """Write ``episodes.parquet``, ``steps.parquet`` and a README into a new folder; return how many episodes."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only this command needs it

    episode_schema, step_schema = _schema(EPISODE_COLUMNS, image=False), _schema(STEP_COLUMNS, image=True)
    count = 0
    with (
        pq.ParquetWriter(out / "episodes.parquet", episode_schema, compression="zstd") as heads,
        pq.ParquetWriter(out / "steps.parquet", step_schema, compression="zstd") as steps,
    ):
        for batch in _batches(episodes):
            rows = [_rows(episode) for episode in batch]
            heads.write_table(_table([head for head, _ in rows], episode_schema))
            steps.write_table(_table([step for _, of_one in rows for step in of_one], step_schema))
            count += len(batch)
    (out / "README.md").write_text(README, encoding="utf-8")
    return count


def read_tables(folder: Path) -> Iterator[Episode]:
    """Yield the episodes that :func:`write_tables` wrote; raise :class:`DataError` for anything else."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        heads = pq.ParquetFile(folder / "episodes.parquet").iter_batches(batch_size=1)
        steps = _grouped(pq.ParquetFile(folder / "steps.parquet"))
        for head in heads:
            row = head.to_pylist()[0]
            yield _rebuild(row, next(steps, ("", [])))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, RecursionError, DamageError) as error:
        raise DataError(f"{folder} holds no episodes that can be read: {error!s:.200}") from error


def _batches(episodes: Iterable[Episode]) -> Iterator[list[Episode]]:
    batch: list[Episode] = []
    for episode in episodes:
        batch.append(episode)
        if len(batch) == EPISODES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(episode: Episode) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return an episode's row and those of its observations."""
    images: dict[str, bytes] = {}

    def name(pixels: Screenshot) -> str:
        images.setdefault(str(len(images)), _png(pixels))
        return str(len(images) - 1)

    stored = parse_episode(encode_episode(episode, name_image=name, created=0))
    head = {
        "id": episode.id,
        "task": episode.task.name,
        "goal": episode.final.goal,
        "url": episode.task.url,
        "source": str(episode.source),
        "outcome": str(episode.outcome),
        "reason": episode.reason,
        "consent": episode.consent,
        "seed": episode.seed,
        "reward": episode.reward,
        "num_steps": len(episode.steps),
        "record": _json(stored.header),
        "end": _json(stored.end),
    }
    steps = [_step_row(episode.id, index, step, images) for index, step in enumerate(stored.steps)]
    last = {"observation": stored.end["final"], "action": None, "log_prob": None, "intervention": None}
    return head, [*steps, _step_row(episode.id, len(steps), last, images) | {"record": ""}]


def _step_row(episode_id: str, index: int, step: Mapping[str, Any], images: Mapping[str, bytes]) -> dict[str, Any]:
    seen = step["observation"]
    picture = None if seen["screenshot"] is None else {"bytes": images[seen["screenshot"]], "path": None}
    return {
        "episode": episode_id,
        "index": index,
        "goal": seen["goal"],
        "url": seen["url"],
        "elements": _json(seen["elements"]),
        "error": seen["error"],
        "action": None if step["action"] is None else _action_text(step["action"]),
        "log_prob": step["log_prob"],
        "intervention": step["intervention"],
        "record": _json(step),
        SCREENSHOT: picture,
    }


def _action_text(data: Mapping[str, Any]) -> str:
    try:
        return action_from_json(dict(data)).to_text()
    except ActionError as error:
        raise DataError(f"an action cannot be written: {error}") from error


def _rebuild(head: Mapping[str, Any], steps: tuple[str, list[dict[str, Any]]]) -> Episode:
    episode_id, rows = steps
    if episode_id != head["id"] or len(rows) != head["num_steps"] + 1:
        raise DataError(f"the steps of episode {head['id']!r:.80} are missing or in another order")
    pictures: dict[str, bytes] = {}
    records = [json.loads(row["record"]) for row in rows[:-1]]
    end = json.loads(head["end"])
    for row, seen in zip(rows, [*(record["observation"] for record in records), end["final"]], strict=True):
        if seen["screenshot"] is not None:
            pictures[seen["screenshot"]] = row[SCREENSHOT]["bytes"]
    stored = StoredEpisode(header=json.loads(head["record"]), steps=records, end=end, checksum="", created=0)
    return decode_episode(stored, read_image=lambda name: _pixels(pictures[name]))


def _grouped(file: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the rows of each episode; the table holds them one after the other."""
    rows: list[dict[str, Any]] = []
    for batch in file.iter_batches(batch_size=64):
        for row in batch.to_pylist():
            if rows and row["episode"] != rows[0]["episode"]:
                yield rows[0]["episode"], rows
                rows = []
            rows.append(row)
    if rows:
        yield rows[0]["episode"], rows


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    return pa.Table.from_pylist(rows, schema=schema)


def _schema(columns: Mapping[str, str], *, image: bool) -> pa.Schema:
    """Return a table's columns, and what ``datasets`` wants to be told of them."""
    import pyarrow as pa  # noqa: PLC0415

    types = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
    fields = [pa.field(name, types[kind]) for name, kind in columns.items()]
    features: dict[str, Any] = {name: {"dtype": kind, "_type": "Value"} for name, kind in columns.items()}
    if image:
        fields.append(pa.field(SCREENSHOT, pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
        features[SCREENSHOT] = {"_type": "Image"}
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _png(pixels: Screenshot) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _pixels(data: bytes) -> Screenshot:
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as image:
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"a screenshot cannot be read: {error}") from error
