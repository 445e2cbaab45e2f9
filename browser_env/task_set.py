"""Reads a compiled set of tasks: a folder of JSON lines beside the snapshots that they are played on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from browser_env.errors import DataError, UsageError
from browser_env.task import Task

FORMAT, VERSION = "webdual-tasks", 1
TASKS, SITE = "tasks.jsonl", "site.json"  # files of a set
DEMONSTRATIONS = "demonstrations"  # its replay store
MAKE_ANOTHER = "make the set with `webdual tasks compile`"
Row = Mapping[str, Any]  # a line of tasks.jsonl


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """Verified tasks with what is known of each."""

    folder: Path
    tasks: tuple[Task, ...]
    rows: tuple[Row, ...]  # one for each task: family, golden moves, difficulty, proof, decoys and near misses
    sites: tuple[Mapping[str, Any], ...]  # where the tasks come from, and under what licence

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a set; raise :class:`DataError` where it is not one, or is damaged."""
        sites = _read_sites(folder / SITE)
        rows = tuple(_read_rows(folder / TASKS))
        tasks = tuple(_task(row, folder, line=line) for line, row in enumerate(rows, start=1))
        names = [task.name for task in tasks]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"{folder / TASKS} has two tasks named {twice!r:.80}; {MAKE_ANOTHER}")
        return cls(folder=folder, tasks=tasks, rows=rows, sites=sites)

    def find(self, name: str) -> Task:
        """Return the task of this name; raise :class:`UsageError` where there is none."""
        return self.tasks[self._index(name)]

    def row(self, name: str) -> Row:
        """Return what is known of a task; raise :class:`UsageError` where there is none of this name."""
        return self.rows[self._index(name)]

    def _index(self, name: str) -> int:
        found = next((index for index, task in enumerate(self.tasks) if task.name == name), None)
        if found is None:
            raise UsageError(
                f"{self.folder} has no task {name!r:.80}; list them with `webdual tasks run {self.folder} --list`"
            )
        return found


def is_task_set(place: str) -> bool:
    """Whether a text names the folder of a set, with or without ``#TASK``."""
    return _folder(place)[0] is not None


def find_task(place: str) -> Task:
    """Return the task that ``DIR#TASK`` names, or DIR alone where it holds one task."""
    folder, name = _folder(place)
    if folder is None:
        raise UsageError(f"{place!r:.120} names no set of tasks; give DIR#TASK")
    tasks = TaskSet.read(folder)
    if name:
        return tasks.find(name)
    if len(tasks.tasks) != 1:
        raise UsageError(f"{folder} has {len(tasks.tasks)} tasks; name one, e.g. {folder}#{_first_name(tasks)}")
    return tasks.tasks[0]


def _first_name(tasks: TaskSet) -> str:
    return tasks.tasks[0].name if tasks.tasks else "TASK"


def _folder(place: str) -> tuple[Path | None, str]:
    """Return the folder and the name in it that a text may be; a folder's own name may hold a ``#``."""
    if (Path(place) / TASKS).is_file():
        return Path(place), ""
    folder, _, name = place.partition("#")
    return (Path(folder), name) if folder and name and (Path(folder) / TASKS).is_file() else (None, "")


def _read_sites(path: Path) -> tuple[Mapping[str, Any], ...]:
    data = _parse(_text(path), where=str(path))
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("sites"), list):
        raise DataError(f"{path} does not belong to a set of tasks; {MAKE_ANOTHER}")
    if data.get("version") != VERSION:
        raise DataError(
            f"{path} is of version {data.get('version')!r:.20}, this webdual reads {VERSION}; {MAKE_ANOTHER}"
        )
    return tuple(data["sites"])


def _read_rows(path: Path) -> Iterator[Row]:
    for line, text in enumerate(_text(path).splitlines(), start=1):
        if text.strip():
            row = _parse(text, where=f"line {line} of {path}")
            if not isinstance(row, dict) or not isinstance(row.get("task"), dict):
                raise DataError(f"line {line} of {path} holds no task; {MAKE_ANOTHER}")
            yield row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); give the folder of a compiled set") from error


def _parse(text: str, *, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"{where} is not JSON ({error}); {MAKE_ANOTHER}") from error


def _task(row: Row, folder: Path, *, line: int) -> Task:
    """Return a row's task with its snapshot's path made absolute; the snapshot has to lie in the folder."""
    try:
        task = Task.from_json(row["task"])
    except DataError as error:
        raise DataError(f"task {line} of {folder / TASKS}: {error}") from error
    if task.snapshot is None:
        return task
    path, pin, digest = task.snapshot.partition("#")
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise DataError(f"task {line} of {folder / TASKS} has a snapshot outside of the set; {MAKE_ANOTHER}")
    return replace(task, snapshot=f"{place}{pin}{digest}")
