"""Where practice of a task begins: near the goal at first, further back as that is mastered."""

from __future__ import annotations

from collections.abc import Sequence

from browser_env.action import Action
from browser_env.episode import Episode
from browser_env.task import Task
from experiments.compiler.difficulty import near_goal

MASTERED = 0.7  # success from which a task is begun one step further back
DECAY = 0.8  # of old outcomes, for each new one
MOST_FAILURES = 3  # beginnings that could not be made
LEAST = 2.4  # decayed outcomes before a level is judged: three in a row


class Approach:
    """Keeps for each task how many golden steps are left to do (reverse curriculum: Florensa et al. 2017)."""

    def __init__(self, tasks: Sequence[Task]):
        self._tasks = {task.name: task for task in tasks}
        self._left = dict.fromkeys(self._tasks, 1)
        self._successes = dict.fromkeys(self._tasks, 0.0)
        self._counted = dict.fromkeys(self._tasks, 0.0)
        self._failed = dict.fromkeys(self._tasks, 0)  # beginnings that could not be made

    def prefix(self, task: Task) -> tuple[Action, ...]:
        """Return the golden actions that a practice episode begins with."""
        return near_goal(task, self._left[task.name])

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Count outcomes of episodes that began where the task's episodes begin now; go back where they succeed."""
        for episode in episodes:
            task = self._tasks.get(episode.task.name)
            if task is not None and episode.prefix and not episode.steps and not episode.outcome.learnable:
                self._fail(task)
            elif task is not None and episode.outcome.learnable and len(episode.prefix) == len(self.prefix(task)):
                self._count(task, success=episode.success)

    def _fail(self, task: Task) -> None:
        """Have a task begun at its start for good where its golden actions do not lead on: its pages' ids differ."""
        self._failed[task.name] += 1
        if self._failed[task.name] == MOST_FAILURES:
            self._left[task.name] = max(len(task.golden), 1)

    def mean_left(self) -> float:
        """Return the mean share of the golden steps that practice leaves to do."""
        shares = [min(self._left[task.name] / max(len(task.golden), 1), 1.0) for task in self._tasks.values()]
        return sum(shares) / len(shares)

    def _count(self, task: Task, *, success: bool) -> None:
        name = task.name
        self._successes[name] = DECAY * self._successes[name] + success
        self._counted[name] = DECAY * self._counted[name] + 1
        mastered = self._successes[name] >= MASTERED * self._counted[name]
        if mastered and self._counted[name] >= LEAST and self._left[name] < len(task.golden):
            self._left[name] += 1
            self._successes[name] = self._counted[name] = 0.0
