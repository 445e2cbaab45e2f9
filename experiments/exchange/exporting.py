"""Exports a store's episodes into a new folder; whose person does not agree, or no longer, is left out."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from experiments.exchange.tables import write_tables
from experiments.exchange.to_minari import write_minari
from experiments.exchange.to_playwright import to_playwright
from experiments.exchange.to_recorder import to_recorder
from replay.files import SAFE_NAME

FORMATS = ("parquet", "minari", "chrome-recorder", "playwright")


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """What an export wrote."""

    episodes: int = 0
    cut: int = 0  # episodes left out, whose beginning was cut off: no page is known that would say where it acted
    empty: int = 0  # episodes left out, which have no step: Minari cannot hold them
    left_out: Counter[str] = field(default_factory=Counter)  # actions that the format has nothing for, by verb

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable data."""
        return {"episodes": self.episodes, "cut": self.cut, "empty": self.empty, "left_out": dict(self.left_out)}


def export(episodes: Iterable[Episode], format_: str, out: Path) -> ExportReport:
    """Write episodes into a folder that is not there yet; it appears whole or not at all."""
    report = ExportReport()
    with _new_folder(out) as folder:
        if format_ == "parquet":
            report.episodes = write_tables(episodes, folder)
        elif format_ == "minari":
            given = list(episodes)
            report.episodes = write_minari([episode for episode in given if episode.steps], folder)
            report.empty = len(given) - report.episodes
        else:
            _write_files(episodes, format_, folder, report)
        if report.cut and not report.episodes:
            raise DataError(f"no episode has its beginning, which {format_} needs; export them as parquet")
        if report.empty and not report.episodes:
            raise DataError(f"no episode has a step, which {format_} needs; export them as parquet")
        if not report.episodes:
            raise DataError("there is no episode to export; see 'webdual demos list', and choose others")
    return report


def _write_files(episodes: Iterable[Episode], format_: str, folder: Path, report: ExportReport) -> None:
    for episode in episodes:
        if not SAFE_NAME.match(episode.id):
            raise DataError(f"{episode.id!r:.80} cannot be the name of a file; store the episode under another id")
        if episode.prefix:
            report.cut += 1
            continue
        if format_ == "chrome-recorder":
            data, left_out = to_recorder(episode)
            report.left_out.update(left_out)
            text, suffix = json.dumps(data, indent=2) + "\n", "json"
        else:
            text, suffix = to_playwright(episode), "py"
        (folder / f"{episode.id}.{suffix}").write_text(text, encoding="utf-8")
        report.episodes += 1


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to write into, which takes its name when all is written."""
    if out.exists():
        raise UsageError(f"{out} is there already; name a new folder with --out")
    draft = out.with_name(f".{out.name}-{uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.replace(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}; name a folder you may write") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
