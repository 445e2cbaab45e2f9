"""Where practice of a task begins: near the goal at first, further back as that is mastered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from browser_env.action import Action, parse_action
from browser_env.episode import Episode, Source
from browser_env.task import Task
from replay.kept import Kept, readable

MASTERED = 0.7  # success from which a task is begun one step further back, and no more near its goal at all
DECAY = 0.8  # of old outcomes, for each new one
MOST_FAILURES = 3  # beginnings in a row that could not be made, before a route is given up
LEAST = 2.4  # decayed outcomes before a level is judged: three in a row
LONGEST = 200  # steps of a route


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Actions that reach the goal of a task."""

    actions: tuple[Action, ...]
    seed: int | None = None  # the only one that they do it for; None: any


@dataclass(slots=True)
class _Level:
    """How far from the goal a task is begun, and how that goes."""

    left: int = 1  # steps of a route that are left to do
    successes: float = 0.0
    counted: float = 0.0
    failed: int = 0  # beginnings in a row that could not be made

    @property
    def success(self) -> float:
        return (self.successes + 1) / (self.counted + 2)


class Approach:
    """Keeps for each task how many steps of a known route are left to do (reverse curriculum: Florensa et al. 2017)."""

    def __init__(self, routes: Mapping[str, Sequence[Route]]):
        self._routes: dict[str, list[Route]] = {}
        self._levels: dict[str, _Level] = {}
        self.add(routes)

    def add(self, routes: Mapping[str, Sequence[Route]]) -> None:
        """Take note of more routes."""
        for task, found in routes.items():
            self._routes.setdefault(task, []).extend(route for route in found if route.actions)
            self._levels.setdefault(task, _Level())

    def start(self, task: str, rng: np.random.Generator) -> Route | None:
        """Return what a practice episode begins with; None where it begins at the task's start.

        A route's seed, where it has one, is that of the episode.
        """
        left = self._levels[task].left if task in self._levels else LONGEST
        longer = [route for route in self._routes.get(task, ()) if len(route.actions) > left]
        if not longer:
            return None
        route = longer[int(rng.integers(len(longer)))]
        return Route(actions=route.actions[: len(route.actions) - left], seed=route.seed)

    def success(self, task: str) -> float:
        """Return the mean success from where the task is begun now."""
        return self._levels[task].success

    def observe(self, episodes: Iterable[Episode]) -> None:
        """Count outcomes of episodes that began where the task's episodes begin now; go back where they succeed."""
        for episode in episodes:
            level = self._levels.get(episode.task.name)
            if level is None or not episode.prefix:
                continue
            if not episode.steps and not episode.outcome.learnable:
                self._fail(level, episode)
                continue
            level.failed = 0
            if episode.outcome.learnable and self._left(episode) == level.left:
                self._count(level, success=episode.success)

    def mean_left(self) -> float:
        """Return the mean share of the longest routes that practice leaves to do."""
        longest = {
            task: max((len(route.actions) for route in routes), default=1) for task, routes in self._routes.items()
        }
        shares = [min(self._levels[task].left / most, 1.0) for task, most in longest.items()]
        return sum(shares) / len(shares) if shares else 1.0

    def left(self, task: str) -> int | None:
        """Return how many steps are left to do where a task is begun near its goal; None where it never is."""
        level = self._levels.get(task)
        return level.left if level is not None and level.left < LONGEST and self._routes[task] else None

    def _left(self, episode: Episode) -> int | None:
        """Return how many steps of the route that an episode began on were left."""
        route = next((route for route in self._routes[episode.task.name] if _began_on(episode, route)), None)
        return None if route is None else len(route.actions) - len(episode.prefix)

    def _fail(self, level: _Level, episode: Episode) -> None:
        """Give a route up that does not lead on: its pages' ids differ."""
        level.failed += 1
        if level.failed == MOST_FAILURES:
            routes = self._routes[episode.task.name]
            self._routes[episode.task.name] = [route for route in routes if not _began_on(episode, route)]
            level.failed = 0

    def _count(self, level: _Level, *, success: bool) -> None:
        level.successes = DECAY * level.successes + success
        level.counted = DECAY * level.counted + 1
        if level.counted >= LEAST and level.successes >= MASTERED * level.counted:
            level.left += 1
            level.successes = level.counted = 0.0


def _began_on(episode: Episode, route: Route) -> bool:
    same_page = route.seed in (None, episode.seed)
    return same_page and route.actions[: len(episode.prefix)] == episode.prefix


def golden_routes(tasks: Iterable[Task]) -> dict[str, list[Route]]:
    """Return the routes that compiled tasks bring along; they hold for every seed."""
    actions = {task.name: tuple(parse_action(text) for text in task.golden) for task in tasks}
    return {name: [Route(actions=found)] for name, found in actions.items() if found}


def demonstrated_routes(demonstrations: Iterable[Kept]) -> dict[str, list[Route]]:
    """Return the ways that scripted demonstrations went, each of which holds for its own seed."""
    routes: dict[str, list[Route]] = {}
    for episode in readable(demonstrations):
        if episode.source is not Source.SCRIPT:  # a person's page was another one
            continue
        actions = tuple(step.action for step in episode.steps)
        routes.setdefault(episode.task.name, []).append(Route(actions=actions, seed=episode.seed))
    return routes
