"""What a studio offers to record and to watch, from the words of a command line."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from browser_env.acting import Policy
from browser_env.episode import Source
from browser_env.errors import UsageError
from browser_env.host import BrowserHost
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.seeds import DEMONSTRATION_START
from browser_env.task import Task
from browser_env.task_set import is_task_set
from browser_env.task_source import as_miniwob_task, as_task
from experiments.experts.policy import ExpertPolicy
from experiments.studio.app import Studio
from experiments.studio.archive import Archive
from experiments.studio.consent import default_recorder
from experiments.studio.table import AgentTable
from experiments.task_choice import named_tasks
from replay.redaction import DEFAULT_RULES, Redactor, read_rules

MAX_AGENTS = 16
MAX_RECORDER = 200  # characters
MAX_STEPS = 200  # that a person may take on a page without a task


def find_tasks(source: str, **page: Any) -> list[Task]:
    """Return the task of a URL, whose fields ``page`` are, or those of a JSON file, a set or the suite by name."""
    if source.startswith(("http://", "https://")):
        given = {name: value for name, value in page.items() if value is not None}
        return [as_task(source, **{"goal": "", "max_steps": MAX_STEPS} | given)]
    return named_tasks(source) if is_task_set(source) else [as_miniwob_task(source)]


def offer(
    store: Path,
    *,
    tasks: Sequence[Task] = (),
    rules: Path | None = None,
    agents: Sequence[Task] = (),
    num_agents: int = 0,
    policy: Policy | None = None,
    pace_s: float = 1.0,
    recorder: str | None = None,
) -> Studio:
    """Return a studio over a store; the first tasks offered are ``tasks``, and ``recorder`` is who records."""
    recorder = default_recorder() if recorder is None else " ".join(recorder.split())
    if not 0 < len(recorder) <= MAX_RECORDER:
        raise UsageError(f"who records is named in 1 to {MAX_RECORDER} characters")
    archive = Archive(path=store, redactor=Redactor(DEFAULT_RULES if rules is None else read_rules(rules)))
    suite = [miniwob_task(name) for name in DEFAULT_TASKS]
    offered = {task.name: task for task in (tasks or suite)}

    def find(name: str) -> Task:
        """Find what is offered, or a page of the suite; never a file or an address that a page names."""
        if name in offered:
            return offered[name]
        if "/" in name.removeprefix("miniwob/") or name.endswith(".json"):
            raise UsageError(f"there is no task {name[:80]!r}; choose one of the list")
        return miniwob_task(name)

    tables = _tables(archive, agents=agents, num_agents=num_agents, policy=policy, pace_s=pace_s)
    return Studio(
        archive=archive, host=BrowserHost(), offered=offered, find_task=find, agents=tables, recorder=recorder
    )


def _tables(
    archive: Archive, *, agents: Sequence[Task], num_agents: int, policy: Policy | None, pace_s: float
) -> tuple[AgentTable, ...]:
    """Return tables for so many agents, which take turns at the tasks."""
    if num_agents > MAX_AGENTS:
        raise UsageError(f"at most {MAX_AGENTS} agents can be watched, not {num_agents}")
    tasks = list(agents) or [miniwob_task(name) for name in DEFAULT_TASKS]
    return tuple(
        AgentTable(
            name=f"agent {index + 1}",
            driver=Source.AGENT,
            task=task,
            policy=policy or ExpertPolicy(task.name),
            archive=archive,
            pace_s=pace_s,
            first_seed=random.SystemRandom().randrange(DEMONSTRATION_START),
        )
        for index, task in enumerate(itertools.islice(itertools.cycle(tasks), num_agents))
    )
