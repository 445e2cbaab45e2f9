"""Our side: one environment in this process, or several in a pool of processes."""

from __future__ import annotations

import asyncio
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from browser_env.acting import Decision
from browser_env.action import Action, Click, Wait
from browser_env.environment import Environment
from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.host import BrowserHost
from browser_env.locate import find_browser
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from browser_env.task import Task
from experiments.benchmarks.protocol import Clicks, Job, Side, Tally, drive, open_lines, serve
from rewards.outcome import Outcome

LISTS = ("combobox", "listbox", "option")  # what a click opens lies outside the page: no side clicks on lists


def targets_of(observation: Observation) -> list[str]:
    """Return the ids of what can be clicked and seen."""
    return [e.id for e in observation.elements if "clickable" in e.states and e.visible and e.role not in LISTS]


def action_on(target: str | None) -> Action:
    """Click on an element, or wait where there is none."""
    return Wait(0) if target is None else Click(target)


def task_of(job: Job, name: str) -> Task:
    """Return the task at the size of the job."""
    return replace(miniwob_task(name, max_steps=job.max_steps), viewport=job.viewport)


class OneEnvironment:
    """One environment, without processes or pipes between."""

    def __init__(self, job: Job):
        self._job = job
        self._loop = asyncio.new_event_loop()
        self._host = self._loop.run_until_complete(_make_host())
        self._environment = Environment(self._host, pixels=job.pixels)
        self._task = task_of(job, job.tasks[0])

    def prepare(self, task: str) -> None:
        """Load the page and make an episode."""
        self._task = task_of(self._job, task)
        drive(self, Tally(seconds=0), task=task, seed=self._job.seed, max_steps=self._job.max_steps)

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the tally has enough."""
        drive(self, tally, task=task, seed=self._job.seed, max_steps=self._job.max_steps)

    def reset(self, seed: int) -> list[str]:
        """Begin an episode."""
        return targets_of(self._loop.run_until_complete(self._environment.reset(self._task, seed=seed)))

    def step(self, target: str | None) -> tuple[list[str], bool]:
        """Click; a browser that breaks ends the measurement."""
        result = self._loop.run_until_complete(self._environment.step(action_on(target)))
        if result.outcome is Outcome.INFRA_ERROR:
            raise InfraError(result.reason)
        return targets_of(result.observation), result.outcome is not None

    def versions(self) -> dict[str, str]:
        """Return Chromium's version."""
        return {"chromium": self._loop.run_until_complete(self._host.browser()).version}

    def close(self) -> None:
        """End the browser."""
        self._loop.run_until_complete(self._environment.close())
        self._loop.run_until_complete(self._host.close())
        self._loop.close()


class TimedClicks:
    """The random policy for a pool; it keeps when each observation was seen and when its action was chosen."""

    version = 0

    def __init__(self, *, task: str, seed: int, tally: Tally):
        self._clicks: Clicks[str] = Clicks(task=task, seed=seed)
        self._tally = tally
        self._asked: dict[int, float] = {}  # by episode seed
        self._moments: dict[int, tuple[float, float]] = {}  # by the observation's identity: seen, decided
        self._ends: list[tuple[float, float, Callable[[float, float], None]]] = []  # ended, began, how to count it

    def requests(self, task: Task, *, seed: int) -> Iterator[RolloutRequest]:
        """Yield requests until the time is over."""
        while (now := time.perf_counter()) - self._tally.began < self._tally.seconds:
            self._asked[seed] = now
            yield RolloutRequest(task=task, seed=seed)
            seed += 1

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        """Choose a click for each observation."""
        seen = time.perf_counter()
        decisions = [Decision(action=action_on(self._clicks.choose(targets_of(o)))) for o in observations]
        decided = time.perf_counter()
        self._moments.update((id(observation), (seen, decided)) for observation in observations)
        return decisions

    def take(self, episode: Episode) -> None:
        """Note an episode that has just ended; its steps hold the very observations that were decided on."""
        if episode.outcome is Outcome.INFRA_ERROR:
            raise InfraError(episode.reason)
        ended = time.perf_counter()
        moments = [self._moments.pop(id(step.observation)) for step in episode.steps]
        seen = [first for first, _ in moments] + [ended]
        self._ends.append((seen[0], self._asked.pop(episode.seed), self._tally.reset_done))
        for (_, decided), after in zip(moments, seen[1:], strict=True):
            self._ends.append((after, decided, self._tally.step_done))
        self._ends.append((ended, ended, lambda began, ended: self._tally.episode_done()))

    def count(self) -> None:
        """Count everything in the order in which it ended."""
        for ended, began, count in sorted(self._ends, key=lambda end: end[0]):
            count(began, ended)
        self._tally.policy_s = self._clicks.spent_s


class ManyEnvironments:
    """Several environments, as training runs them: in a pool."""

    def __init__(self, job: Job):
        self._job = job
        self._pool = Pool(num_envs=job.num_envs, pixels=job.pixels)

    def prepare(self, task: str) -> None:
        """Load the page in every environment and make some episodes."""
        clicks = TimedClicks(task=task, seed=self._job.seed, tally=Tally(seconds=math.inf))
        requests = itertools.islice(
            clicks.requests(task_of(self._job, task), seed=self._job.seed), 2 * self._job.num_envs
        )
        for episode in self._pool.rollout(clicks, requests):
            clicks.take(episode)

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the time is over; those under way are finished, and not counted."""
        clicks = TimedClicks(task=task, seed=self._job.seed, tally=tally)
        for episode in self._pool.rollout(clicks, clicks.requests(task_of(self._job, task), seed=self._job.seed)):
            clicks.take(episode)
        clicks.count()

    def versions(self) -> dict[str, str]:
        """Return Chromium's version."""
        return {"chromium": find_browser().version}

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


async def _make_host() -> BrowserHost:
    return BrowserHost()


def main() -> None:
    """Run the job that is the last argument."""
    lines_out = open_lines()
    job = Job.from_text(sys.argv[-1])
    side: Side = OneEnvironment(job) if job.num_envs == 1 else ManyEnvironments(job)
    serve(side, job, lines_in=sys.stdin, lines_out=lines_out)


if __name__ == "__main__":
    main()
