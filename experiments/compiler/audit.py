"""Plays a sample of a set's tasks again, with seeds that the proofs did not use, and counts what was judged wrongly."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from browser_env.action import Answer, GiveUp
from browser_env.environment import Environment
from browser_env.episode import Episode
from browser_env.errors import WebdualError
from browser_env.host import BrowserHost
from browser_env.seeds import held_out_seed
from browser_env.task import Task
from browser_env.task_set import Row, TaskSet
from experiments.compiler.demonstrating import play
from experiments.compiler.judging import IDLE_ANSWERS, alike
from experiments.compiler.mutating import mutants
from experiments.compiler.target import Move
from rewards.match import normalised_text
from rewards.verifier import VerifierError, verify

NUM_SEEDS = 3  # held-out ones, for each task


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A judgement that was wrong."""

    task: str
    kind: str  # "false_feasible", "false_pass", "false_fail" or "ambiguous"
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What an audit found."""

    tasks: int
    episodes: int  # that were played
    judgements: int  # with those of answers, which need no episode
    mistakes: tuple[Mistake, ...] = ()

    def count(self, kind: str) -> int:
        """Return how many tasks were judged wrongly in one way."""
        return len({mistake.task for mistake in self.mistakes if mistake.kind == kind})

    def to_json(self) -> dict[str, Any]:
        """Return what was found as JSON-serialisable data."""
        return asdict(self) | {kind: self.count(kind) for kind in KINDS}


KINDS = {
    "false_feasible": "golden moves cannot be made",
    "false_fail": "golden moves are made and fail",
    "false_pass": "something wrong, or nothing, succeeds",
    "ambiguous": "another task has the same goal and wants something else",
}


@dataclass(slots=True, kw_only=True)
class _Audit:
    """What is known of the sample so far."""

    environment: Environment
    seeds: tuple[int, ...]  # each has its golden run; what has to fail takes turns
    episodes: int = 0
    judgements: int = 0
    mistakes: list[Mistake] = field(default_factory=list)

    async def look_at(self, task: Task, row: Row) -> None:
        """Play the golden moves, and then everything that has to fail."""
        moves = [Move.from_json(move) for move in row["golden"]]
        golden = None
        for seed in self.seeds:
            golden = await self._golden(task, moves, seed=seed)
            if golden is None:
                return
        assert golden is not None
        await self._idle(task, row)
        for why, wrong, must_fail in _wrong(row, moves, golden):
            episode = await self._play(task, wrong)
            if isinstance(episode, Episode) and episode.success:
                same = not must_fail and alike(episode.evidence, golden.evidence)
                if not same:
                    self._note(task, "false_pass", why)

    async def _golden(self, task: Task, moves: Sequence[Move], *, seed: int) -> Episode | None:
        """Return the golden run, None where it is a mistake."""
        golden = await self._play(task, moves, seed=seed)
        if isinstance(golden, str):
            self._note(task, "false_feasible", golden)
        elif not golden.success:
            self._note(task, "false_fail", f"{golden.outcome} after {len(golden.steps)} steps: {golden.reason}")
        elif len(golden.steps) < len(moves):
            self._note(task, "false_pass", f"{len(golden.steps)} of {len(moves)} golden steps")
        else:
            return golden
        return None

    async def _idle(self, task: Task, row: Row) -> None:
        """Do nothing, give up, and answer wrongly at once."""
        episode = await self._play(task, [Move(action=GiveUp("audit"))])
        if isinstance(episode, str) or episode.success:
            self._note(task, "false_pass", "giving up")
            return
        nothing = replace(episode.evidence, gave_up=False)
        for evidence in [nothing, *(replace(nothing, answer=text) for text in [*row["decoys"], *IDLE_ANSWERS])]:
            self.judgements += 1
            try:
                verdict = verify(task.verifier.name, task.verifier.params, evidence)
            except VerifierError:
                continue
            if verdict.success:
                self._note(
                    task, "false_pass", "doing nothing" if evidence.answer is None else f"answer {evidence.answer}"
                )

    async def _play(self, task: Task, moves: Sequence[Move], *, seed: int | None = None) -> Episode | str:
        """Return the episode of some moves, or why they could not be made."""
        self.episodes += 1
        self.judgements += 1
        try:
            turn = self.seeds[self.episodes % len(self.seeds)] if seed is None else seed
            return await play(self.environment, task, moves, seed=turn)
        except WebdualError as error:
            return str(error)

    def _note(self, task: Task, kind: str, what: str) -> None:
        self.mistakes.append(Mistake(task=task.name, kind=kind, what=what))


async def audit(
    tasks: TaskSet, *, sample: int, seed: int = 0, tell: Callable[[str], None] = lambda name: None
) -> Precision:
    """Audit as many tasks as the sample has, drawn by the seed."""
    names = sorted(task.name for task in tasks.tasks)
    chosen = random.Random(seed).sample(names, min(sample, len(names)))
    host = BrowserHost()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(host.close)
        environment = Environment(host, pixels=False)
        stack.push_async_callback(environment.close)
        found = _Audit(
            environment=environment, seeds=tuple(held_out_seed(seed * NUM_SEEDS + n) for n in range(NUM_SEEDS))
        )
        found.mistakes += _ambiguous(tasks, chosen)
        for name in chosen:
            await found.look_at(tasks.find(name), tasks.row(name))
            tell(name)
    return Precision(
        tasks=len(chosen),
        episodes=found.episodes,
        judgements=found.judgements,
        mistakes=tuple(found.mistakes),
    )


def _wrong(row: Row, golden: Sequence[Move], episode: Episode) -> Iterator[tuple[str, list[Move], bool]]:
    """Yield what has to fail: near misses, each broken-off run, and mutated golden moves."""
    for miss in row["near_misses"]:
        yield miss["why"], [Move.from_json(move) for move in miss["moves"]], True
    if len(golden) > 1:
        yield "the last step left out", list(golden[:-1]), True
    if not any(isinstance(move.action, Answer) for move in golden):
        for mutant in mutants(golden, episode.observations, goal=episode.task.goal or ""):
            yield mutant.why, list(mutant.moves), mutant.must_fail


def _ambiguous(tasks: TaskSet, chosen: Sequence[str]) -> Iterator[Mistake]:
    meanings: dict[tuple[str, str], set[str]] = {}
    for task in tasks.tasks:
        meanings.setdefault(_meaning(task), set()).add(repr(task.verifier))
    for name in chosen:
        task = tasks.find(name)
        if len(meanings[_meaning(task)]) > 1:
            yield Mistake(task=name, kind="ambiguous", what=task.goal or "")


def _meaning(task: Task) -> tuple[str, str]:
    """Return a goal and the snapshot that it is of."""
    return normalised_text(task.goal or ""), task.snapshot or ""
