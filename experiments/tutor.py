"""Asks for more demonstrations, only of the tasks that practice does not solve.

A demonstration costs somebody's time, and most tasks need one at most. Where practice keeps failing for want of any
success to learn from, a few more show what reinforcement would hardly find by chance.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping

from browser_env.episode import Source
from browser_env.errors import InfraError
from browser_env.task import Task
from experiments.curriculum import Curriculum
from experiments.evaluation import tagged
from experiments.experts.policy import EXPERTS
from experiments.journal import write_atomically
from experiments.training import kept_in_store, make_demonstrations, opinions, recorded, wanted
from experiments.workshop import ASKED, Workshop
from replay.kept import Kept, in_memory

AT_ONCE = 10  # demonstrations of a task
PRACTISED = 20  # episodes from a task's start before each time that it is asked for
UNSOLVED = 0.6  # success in practice below which a task is asked for
RECORD = "asked.json"  # of a run: by task, how often it was asked for and how many came


class Tutor:
    """Knows how many demonstrations of each task were asked for, and has more made."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._most = shop.recipe.demonstrations_asked
        path = shop.directory / RECORD
        record: dict[str, list[int]] = json.loads(path.read_text()) if path.exists() else {}
        self.before = self._made_before({task: came for task, (_, came) in record.items()})
        self._times = Counter({task: times for task, (times, _) in record.items()})
        self._came = Counter(kept.task for kept in self.before)
        self._closed: set[str] = set()  # tasks whose answer is under way, or of which nothing more came
        self._answers: deque[tuple[str, list[Kept]]] = deque()  # filled on the thread that makes them

    @property
    def num_came(self) -> int:
        """How many demonstrations came because they were asked for."""
        return self._came.total()

    def choose(self, curriculum: Curriculum) -> str | None:
        """Return the least solved task of those to be asked for now; None where there is none."""
        success = curriculum.success()
        open_to_more = [
            task
            for task, count in curriculum.practised().items()
            if success[task] < UNSOLVED
            and self._can_be_shown(task)
            and self._came[task] < self._most
            and task not in self._closed
            and count >= PRACTISED * (1 + self._times[task])
        ]
        return min(open_to_more, key=lambda task: (success[task], task), default=None)

    def ask(self, name: str) -> Callable[[], None]:
        """Ask for more demonstrations of a task; return what makes them, which may be called on another thread."""
        count = min(AT_ONCE, self._most - self._came[name])
        self._times[name] += 1
        self._closed.add(name)
        self._note()
        shop, task = self._shop, self._shop.task(name)
        if shop.recorded is not None:
            start = wanted(shop) + self._came[name]
            chosen = list(itertools.islice(recorded(shop, task, opinions(shop)), start, start + count))
            return lambda: self._answers.append((name, kept_in_store(shop, chosen)))
        known = shop.store.query(task=name, source=Source.SCRIPT)
        used = {info.seed for info in known}
        return lambda: self._answers.append((name, self._made(task, count=count, used=used)))

    def take(self) -> list[Kept]:
        """Return the demonstrations that have come since this was last called, and take note of them on disk."""
        taken: list[Kept] = []
        while self._answers:
            name, found = self._answers.popleft()
            taken += found
            self._came[name] += len(found)
            if found:
                self._closed.remove(name)
            self._note()
        return taken

    def shares(self, success: Mapping[str, float]) -> dict[str, float] | None:
        """Return how demonstrations are to be drawn: those asked for, of what is not solved yet, more often."""
        if not self._most:
            return None
        return {task: (1 - value) * (1 + self._came[task]) for task, value in success.items()}

    def _can_be_shown(self, task: str) -> bool:
        return self._shop.recorded is not None or task in EXPERTS

    def _note(self) -> None:
        record = {task: (times, self._came[task]) for task, times in self._times.items()}
        write_atomically(self._shop.directory / RECORD, json.dumps(record).encode())

    def _made(self, task: Task, *, count: int, used: set[int]) -> list[Kept]:
        """Return what an expert shows; nothing where there is none or it keeps failing."""
        shop, found = self._shop, list[Kept]()
        try:
            for episode in make_demonstrations(shop, task, count=count, used=used):
                shop.keeper.keep(tagged(episode, ASKED))
                found.append(in_memory(episode))
        except InfraError:  # whoever cannot show it is not asked again
            pass
        return found

    def _made_before(self, came: Mapping[str, int]) -> list[Kept]:
        """Return what was asked for before a resume: what a run's own store holds, or so many of the recipe's."""
        shop = self._shop
        if shop.recorded is None:
            return [in_memory(episode) for episode in shop.store.episodes(source=Source.SCRIPT, tag=ASKED)]
        first, heard = wanted(shop), opinions(shop)
        chosen = [
            found
            for name, count in came.items()
            for found in itertools.islice(recorded(shop, shop.task(name), heard), first, first + count)
        ]
        return kept_in_store(shop, chosen)
