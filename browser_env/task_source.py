"""What may stand for a task where an environment is made: a name, a URL, a file, a place in a set, data or the task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from browser_env.errors import DataError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.task import NEVER, Task, VerifierSpec
from browser_env.task_set import find_task, is_task_set

TaskSource = Task | Mapping[str, Any] | str | Path


def as_miniwob_task(source: TaskSource, **fields: Any) -> Task:
    """Return a task of the suite by its name, or whatever else ``source`` stands for."""
    if not isinstance(source, str) or _is_file(source):
        return as_task(source, **fields)
    unknown = set(fields) - set(signature(miniwob_task).parameters)
    if unknown:
        raise UsageError(f"a MiniWoB++ task has no {', '.join(sorted(unknown))}; see browser_env/miniwob.py")
    return miniwob_task(source, **fields)


def as_task(source: TaskSource, **fields: Any) -> Task:
    """Return the task that a URL with a goal, the path of a JSON file, ``DIR#NAME``, JSON data or a task stands for.

    ``DIR`` is the folder of a compiled set. ``fields`` are those of :class:`Task`; only a URL leaves them open.
    """
    is_place = isinstance(source, str | Path) and is_task_set(str(source))
    if isinstance(source, str) and not is_place and not _is_file(source):
        return _page_task(source, fields)
    if fields:
        raise UsageError(f"the task is complete and takes no {', '.join(fields)}; only a URL or a name does")
    if isinstance(source, str | Path) and is_place:
        return find_task(str(source))
    if isinstance(source, str | Path):
        return _read(Path(source))
    return source if isinstance(source, Task) else Task.from_json(dict(source))


def _is_file(source: str) -> bool:
    return source.endswith(".json") and not source.startswith(("http://", "https://"))


def _page_task(url: str, fields: dict[str, Any]) -> Task:
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is no http or https URL; give a URL, a .json file, DIR#TASK of a set or a Task")
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    verifier = tuples.get("verifier", NEVER)
    known = {"name": f"web/{url}", "goal": ""} | tuples
    try:
        return Task(
            **known | {"url": url, "verifier": VerifierSpec(**verifier) if isinstance(verifier, dict) else verifier}
        )
    except TypeError as error:
        raise UsageError(f"{error}; a task's fields are in browser_env/task.py") from error


def _read(path: Path) -> Task:
    try:
        return Task.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); write it with Task.to_json()") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
