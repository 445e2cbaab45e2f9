"""What every phase of a training run works with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from browser_env.episode import Episode
from browser_env.pool import Pool
from browser_env.task import Task
from experiments.clock import Clock
from experiments.judged_practice import PracticeJudge
from experiments.keeping import EpisodeKeeper
from experiments.progress import Progress
from experiments.recipe import Recipe
from replay.store import ReplayStore

DEMONSTRATION, PRACTICE = "demonstration", "practice"  # tags of episodes in the store
EVALUATION = "evaluation"  # likewise, and the beginning of a tag with the arm that is evaluated
ASKED = "asked"  # the tag of a demonstration that was asked for while practising


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every phase of a training run works with."""

    recipe: Recipe
    directory: Path
    store: ReplayStore  # for reading
    keeper: EpisodeKeeper  # for writing
    pool: Pool
    progress: Progress
    clock: Clock  # of the whole run, saved wherever it could go on after a kill
    tasks: tuple[Task, ...]  # to be practised
    held_out: tuple[Task, ...] = ()  # to be evaluated only
    recorded: ReplayStore | None = None  # with the recipe's demonstrations, for reading
    judge: PracticeJudge | None = None  # of episodes that no verifier can judge

    def task(self, name: str) -> Task:
        """Return a task to be practised by its name."""
        return next(task for task in self.tasks if task.name == name)

    def judged(self, episodes: Sequence[Episode]) -> list[Episode]:
        """Return episodes, those that no verifier can judge as the recipe's judge says they ended."""
        return list(episodes) if self.judge is None else self.judge.judged(episodes)

    def is_judged(self, task: str) -> bool:
        """Whether a model judges a task's episodes."""
        return self.judge is not None and task in self.judge.tasks

    def checkpoint(self, name: str) -> Path:
        """Return the folder of a checkpoint."""
        return self.directory / "checkpoints" / name


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread while browsers need the other cores: small batches gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
