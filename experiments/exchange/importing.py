"""Imports the files of recorders: each is replayed, masked, and kept only where its task's verifier passes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browser_env.episode import Episode
from browser_env.errors import UsageError, WebdualError
from browser_env.snapshot.normalising import origin
from browser_env.task import NEVER, Task
from experiments.exchange.chrome_recorder import read_chrome_recorder
from experiments.exchange.codegen import read_codegen
from experiments.exchange.plan import Plan, PlanError, parse_json, read_text
from experiments.exchange.replaying import replay_plan
from replay.redaction import Redactor

READERS: dict[str, Callable[[str], Plan]] = {"chrome-recorder": read_chrome_recorder, "playwright": read_codegen}
SUFFIXES = {"chrome-recorder": ".json", "playwright": ".jsonl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How recordings are replayed."""

    format: str  # of READERS
    task: Task | None = None  # with a verifier; None: look only at whether it can be replayed
    url: str | None = None  # whose origin recordings may start at, where there is no task
    seed: int = 0
    keep_unverified: bool = False
    secrets: Mapping[int, str] = field(default_factory=dict)  # what fills placeholders in
    redactor: Redactor = field(default_factory=Redactor)


@dataclass(slots=True, kw_only=True)
class RecordingsReport:
    """What an import brought in, filled while it runs."""

    files: int = 0
    episodes: int = 0
    verified: int = 0
    steps: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  # steps of recordings that are never run, by kind
    failures: dict[str, str] = field(default_factory=dict)  # file -> why it gave no episode

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-serialisable data."""
        counts = {name: getattr(self, name) for name in ("files", "episodes", "verified", "steps")}
        return counts | {"left_out": dict(self.left_out), "failures": self.failures}


def recordings_in(path: Path, format_: str) -> list[Path]:
    """Return the recordings of a folder, or the one that was named; links are not followed."""
    if path.is_file():
        return [path]
    found = sorted(one for one in path.rglob(f"*{SUFFIXES[format_]}") if one.is_file() and not one.is_symlink())
    if not found:
        raise UsageError(f"there is no {SUFFIXES[format_]} file in {path}; name the recorder's file or its folder")
    return found


def import_files(paths: Sequence[Path], options: ImportOptions, report: RecordingsReport) -> Iterator[Episode]:
    """Yield a masked episode for each recording that can be kept; the others are named in the report."""
    for path in paths:
        report.files += 1
        try:
            episode, verified, plan = _replay(path, options)
        except WebdualError as error:
            report.failures[str(path)] = str(error)
            continue
        if not verified and not options.keep_unverified:
            report.failures[str(path)] = _why_not(episode, options)
            continue
        report.episodes += 1
        report.verified += verified
        report.steps += len(episode.steps)
        report.left_out.update(plan.left_out)
        yield options.redactor.redact(episode)


def _replay(path: Path, options: ImportOptions) -> tuple[Episode, bool, Plan]:
    plan = READERS[options.format](read_text(path))
    task = _task(plan, options)
    replayed = replay_plan(
        plan,
        task,
        seed=options.seed,
        tag=options.format,
        secrets=options.secrets,
        judged=options.task is not None,
    )
    return replayed.episode, replayed.verified, plan


def _task(plan: Plan, options: ImportOptions) -> Task:
    """Return the task that a plan is replayed on; a file alone never says which hosts may be reached."""
    if options.task is not None:
        return options.task
    if options.url is None:
        raise UsageError("say with --url or --task on which site the recording may be replayed")
    url = plan.url or options.url
    if not _same_origin(url, options.url):
        raise PlanError(f"it starts at {url:.100}, not at the site that --url names")
    task = Task(name=f"recorded/{plan.title}", url=url, goal=plan.title, verifier=NEVER, provenance=options.format)
    return task if plan.viewport is None else replace(task, viewport=plan.viewport)


def _same_origin(url: str, other: str) -> bool:
    try:
        return origin(url) == origin(other) and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _why_not(episode: Episode, options: ImportOptions) -> str:
    if options.task is None:
        return "it was replayed, but no verifier says whether it succeeded; keep it with --unverified, or give --task"
    return f"replayed, it ended as {episode.outcome}: {episode.reason:.200}"


def read_secrets(path: Path) -> dict[int, str]:
    """Read ``{"1": "value"}``, the secrets that stand behind placeholders."""
    data = parse_json(read_text(path))
    try:
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise ValueError(json.dumps(data)[:40])
        return {int(number): value for number, value in data.items()}
    except ValueError as error:
        raise UsageError(f'{path} is not of the form {{"1": "value of the first secret"}}') from error
