"""Which tasks a recipe trains on, and which it keeps for evaluation alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from browser_env.errors import UsageError
from browser_env.miniwob import miniwob_task
from browser_env.task import Task
from browser_env.task_set import DEMONSTRATIONS, TaskSet, find_task, is_task_set
from experiments.recipe import Recipe

SET_HELD_OUT = 0.2  # of a set's tasks
SET_EPISODES = 3  # a set has many tasks, and its pages are the same in each episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The tasks of a run."""

    practised: tuple[Task, ...]
    held_out: tuple[Task, ...] = ()  # never practised or demonstrated, only evaluated


def on_task_set(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe for all tasks of a compiled set in place of its own."""
    return replace(
        recipe, task_set=str(folder.absolute()), tasks=(), evaluation_episodes=SET_EPISODES, held_out=SET_HELD_OUT
    )


def choose_tasks(recipe: Recipe) -> Choice:
    """Return the recipe's tasks, split by their names, the same way in every run."""
    chosen = _chosen(recipe)
    practised = tuple(task for task in chosen if not is_held_out(task.name, recipe.held_out))
    if not practised:
        raise UsageError(f"held_out={recipe.held_out:g} leaves no task to practise; lower it, or name more tasks")
    return Choice(
        practised=practised, held_out=tuple(task for task in chosen if is_held_out(task.name, recipe.held_out))
    )


def _chosen(recipe: Recipe) -> tuple[Task, ...]:
    if not recipe.task_set:
        return tuple(miniwob_task(name) for name in recipe.tasks)
    tasks = TaskSet.read(Path(recipe.task_set))
    return tuple(tasks.find(name) for name in recipe.tasks) if recipe.tasks else tasks.tasks


def is_held_out(name: str, fraction: float) -> bool:
    """Whether a task is among the fraction that is kept for evaluation."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < fraction


def demonstrations_of(recipe: Recipe) -> str:
    """Return the folder of the replay store with the recipe's demonstrations, or nothing where experts make them."""
    if recipe.demonstrations or not recipe.task_set:
        return recipe.demonstrations
    return str(Path(recipe.task_set) / DEMONSTRATIONS)


def named_tasks(text: str) -> list[Task]:
    """Return the tasks that a command line names: MiniWoB++ names, sets' folders and DIR#NAME, with commas between."""
    found: list[Task] = []
    for part in (part.strip() for part in text.split(",")):
        if not is_task_set(part):
            found.append(miniwob_task(part))
        elif "#" in part:
            found.append(find_task(part))
        else:
            found += TaskSet.read(Path(part)).tasks
    return found


def only_held_out(tasks: Sequence[Task], fraction: float) -> list[Task]:
    """Return the tasks that training with this fraction keeps for evaluation; raise where there are none."""
    kept = [task for task in tasks if is_held_out(task.name, fraction)]
    if not kept:
        raise UsageError(f"a fraction of {fraction:g} holds none of these tasks out; give a larger one")
    return kept
