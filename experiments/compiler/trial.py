"""Takes candidates through all proofs; what does not hold is dropped with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from browser_env.episode import Episode
from browser_env.task import Task
from experiments.compiler.candidate import Candidate
from experiments.compiler.demonstrating import UnprovenError, demonstration_of
from experiments.compiler.difficulty import Difficulty, difficulty_of
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import (
    OUT_OF_TIME,
    SEES_REQUESTS,
    Dropped,
    alike,
    as_answered,
    asks_for,
    fails_at_rest,
    first_pass,
    is_refused,
    passes_below,
    passes_elsewhere,
    passes_refused,
    satisfied_elsewhere,
    sent_alike,
    wrong_answers,
)
from experiments.compiler.mutating import Mutant, mutants
from experiments.compiler.runs import Route, Run, Runs, spoken
from experiments.compiler.site import Site
from experiments.compiler.states import fingerprint
from experiments.compiler.target import Move
from experiments.compiler.visiting import Visitor, share
from rewards.evidence import Evidence
from rewards.requests import FAILED

LONGEST_ROUTE = 3  # moves of another way to the goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """A task that every proof holds for."""

    candidate: Candidate
    task: Task  # without its final name
    demonstration: Episode  # the golden run, judged by the environment itself
    difficulty: Difficulty
    proof: Mapping[str, int]  # what was tried -> how often; all of it ended as it should


@dataclass(slots=True, kw_only=True)
class Trial:
    """Takes candidates through all proofs, batch by batch; what was played stays known."""

    graph: SiteGraph
    site: Site
    crew: Sequence[Visitor]
    painters: Sequence[Visitor]
    seeds: tuple[int, ...]
    deadline_s: float = float("inf")  # on the monotonic clock; no run begins after it
    kept: list[Proved] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    shorter: list[Candidate] = field(default_factory=list)  # to be heard again: a step of theirs did nothing
    num_runs: int = 0
    _runs: dict[tuple[int, bool], Runs] = field(default_factory=dict)  # by seed, and whether they may write
    _proofs: dict[int, Counter[str]] = field(default_factory=dict)  # by the candidate's id()

    async def hear(self, batch: Sequence[Candidate]) -> None:
        """Decide on candidates."""
        self._proofs |= {id(candidate): Counter() for candidate in batch}
        left = await self._golden(batch, seed=self.seeds[0])
        left = await self._mistakes(left)
        left = await self._other_routes(left)
        for seed in self.seeds[1:-1]:
            left = await self._golden(left, seed=seed)
        if len(self.seeds) > 1:
            left = await self._golden(left, seed=self.seeds[-1], crew=self.painters)
        for candidate in left:
            if self._agrees(candidate):
                self._demonstrate(candidate)

    def compare(self) -> None:
        """Judge each task's verifier on the golden runs of all others, and drop what passes there."""
        finals = {id(proved): self._run(proved.candidate).evidence[-1] for proved in self.kept}
        simple = [proved for proved in self.kept if proved.candidate.parts == 1]
        kept = []
        for proved in self.kept:
            others = [other for other in simple if other is not proved] if proved in simple else []
            run_of = {id(other): self._run(other.candidate) for other in others}
            other = next(
                (o for o in others if passes_elsewhere(proved.candidate, finals[id(proved)], run_of[id(o)])), None
            )
            if other is None:
                proof = {**proved.proof, "other_runs": len(others), "other_states": len(self.graph.states)}
                kept.append(replace(proved, proof=proof))
            else:
                self._drop(proved.candidate, "another task's run satisfies it", other.candidate.goal)
        self.kept = kept

    # One proof each; they return the candidates that are left

    async def _golden(self, batch: Sequence[Candidate], *, seed: int, crew: Sequence[Visitor] = ()) -> list[Candidate]:
        """The golden moves succeed, at their end and not before; nothing is missing from the snapshot."""
        await self._play([(candidate, self._route(candidate)) for candidate in batch], seed=seed, crew=crew)
        return [candidate for candidate in batch if self._holds(candidate, seed=seed)]

    def _holds(self, candidate: Candidate, *, seed: int) -> bool:
        run = self._found(candidate, self._route(candidate), seed=seed)
        if run is None:
            return self._drop(candidate, OUT_OF_TIME)
        if run.problem:
            return self._drop(candidate, "the golden moves cannot be made", run.problem)
        if run.evidence[-1].status >= FAILED:
            return self._drop(candidate, "it ends at an error page", str(run.evidence[-1].status))
        if missing := run.evidence[-1].unanswered:
            return self._drop(candidate, "the snapshot misses an answer", missing[0])
        if candidate.writes and is_refused(run):
            return self._drop(candidate, "the site shows the form again, as if it refused it")
        if candidate.writes and passes_refused(candidate, run):
            return self._drop(candidate, "it succeeds where the site refuses it")
        if reason := fails_at_rest(candidate, run.evidence[0]):
            kind, _, detail = reason.partition(": ")
            return self._drop(candidate, kind, detail)
        needed, got = len(candidate.golden), first_pass(candidate, run, candidate.golden)
        if got is None:
            return self._drop(candidate, "the golden moves do not succeed")
        if got < needed:
            return self._drop(candidate, "it succeeds before the last step", f"after {got} of {needed}")
        if passes_below(candidate, spoken(candidate.golden, run.evidence[-1])):
            return self._drop(candidate, "a path below its address satisfies it", run.evidence[-1].url)
        if seed == self.seeds[0] and (place := satisfied_elsewhere(candidate, self.graph, run)):
            return self._drop(candidate, "another state satisfies it", place)
        count = self._proofs[id(candidate)]
        count.update(golden=1, no_op=1, give_up=1, wrong_answers=len(wrong_answers(candidate)), prefixes=needed)
        count.update({"refused": 1} if candidate.writes else {})
        return True

    async def _mistakes(self, batch: Sequence[Candidate]) -> list[Candidate]:
        """Near misses and mutated golden moves fail."""
        wrong = {id(candidate): list(self._wrong(candidate)) for candidate in batch}
        routes = [
            (candidate, Route.of(self._url(candidate), mistake.moves))
            for candidate in batch
            for mistake in wrong[id(candidate)]
        ]
        await self._play(routes, seed=self.seeds[0])
        return [candidate for candidate in batch if all(self._fails(candidate, m) for m in wrong[id(candidate)])]

    def _wrong(self, candidate: Candidate) -> Iterator[Mutant]:
        for miss in candidate.near_misses:
            yield Mutant(why=miss.why, moves=miss.moves, must_fail=True)
        if not asks_for(candidate, "answer"):
            yield from mutants(candidate.golden, self._run(candidate).observations, goal=candidate.goal)

    def _fails(self, candidate: Candidate, mistake: Mutant) -> bool:
        run = self._found(candidate, Route.of(self._url(candidate), mistake.moves))
        if run is None:
            return self._drop(candidate, OUT_OF_TIME)
        seen: Iterable[Evidence] = map(as_answered, run.evidence)
        if candidate.writes:  # what was sent has to tell: the site might have shown the same
            seen = (replace(self._run(candidate).evidence[-1], sent=evidence.sent) for evidence in seen)
        run = replace(run, evidence=tuple(seen))
        count = self._proofs[id(candidate)]
        passed = first_pass(candidate, run, mistake.moves)
        if passed is None:
            count["cannot_be_made" if run.problem else "mistakes"] += 1
            return True
        reached = run.evidence[min(passed, len(run.evidence) - 1)]
        if self._is_harmless(candidate, mistake, reached):
            if mistake.left_out:
                self.shorter.append(
                    replace(candidate, golden=(*mistake.moves, *candidate.golden[len(self._route(candidate).moves) :]))
                )
                return False
            count["another_way"] += 1
            return True
        text = "; ".join(move.action.to_text() for move in mistake.moves)
        return self._drop(candidate, "a mistake succeeds", f"{mistake.why}: {text[:200]}")

    def _is_harmless(self, candidate: Candidate, mistake: Mutant, reached: Evidence) -> bool:
        """Whether changed moves did all the same: the page that they reached holds just what it should.

        Where a verifier sees requests, the page alone does not say what was sent; what writes sent just the same.
        """
        final = self._run(candidate).evidence[-1]
        if mistake.must_fail or (asks_for(candidate, *SEES_REQUESTS) and not candidate.writes):
            return False
        return sent_alike(reached, final) if candidate.writes else alike(reached, final)

    async def _other_routes(self, batch: Sequence[Candidate]) -> list[Candidate]:
        """Who gets to the same page by other links has done it too."""
        routes = {id(candidate): list(self._routes(candidate)) for candidate in batch}
        asked = [(candidate, route) for candidate in batch for route in routes[id(candidate)]]
        await self._play(asked, seed=self.seeds[0])
        return [candidate for candidate in batch if all(self._leads(candidate, r) for r in routes[id(candidate)])]

    def _routes(self, candidate: Candidate) -> Iterator[Route]:
        if asks_for(candidate, "answer", *SEES_REQUESTS) or candidate.target not in self.graph.states:
            return
        golden = self._route(candidate)
        longest = min(LONGEST_ROUTE, len(golden.moves) + 1)
        for moves in self.graph.routes(candidate.start, candidate.target, longest=longest):
            route = Route.of(golden.url, moves)
            if route.key != golden.key and moves:
                yield route

    def _leads(self, candidate: Candidate, route: Route) -> bool:
        run = self._found(candidate, route)
        if run is None:
            return self._drop(candidate, OUT_OF_TIME)
        if first_pass(candidate, run, route.moves) is not None:
            self._proofs[id(candidate)]["other_routes"] += 1
        elif not run.problem and alike(run.evidence[-1], self._run(candidate).evidence[-1]):
            return self._drop(candidate, "another route to the goal fails")
        return True

    def _agrees(self, candidate: Candidate) -> bool:
        """All seeds lead to the same state; ids that stay the same make the golden actions a prefix for others."""
        runs = [self._run(candidate, seed=seed) for seed in self.seeds]
        if len({fingerprint(run.final) for run in runs if run.final is not None}) > 1:
            return self._drop(candidate, "repeats lead to different states")
        self._proofs[id(candidate)]["same_ids"] = len({run.actions for run in runs}) == 1
        return True

    def _demonstrate(self, candidate: Candidate) -> None:
        """The environment's own judgement agrees, with the task as it will be."""
        task = task_of(candidate, self.site, self._url(candidate))
        run = self._run(candidate, seed=self.seeds[-1])
        try:
            episode = demonstration_of(run, task, candidate.golden, seed=self.seeds[-1])
        except UnprovenError as error:
            self._drop(candidate, "the environment does not agree", str(error))
            return
        task = replace(task, golden=tuple(step.action.to_text() for step in episode.steps))
        observations = [step.observation for step in episode.steps]
        hard = difficulty_of(observations, steps=len(episode.steps), parts=candidate.parts)
        task = replace(task, difficulty=hard.value)
        proof = dict(self._proofs[id(candidate)])
        demonstration = replace(episode, task=task)
        self.kept.append(
            Proved(candidate=candidate, task=task, demonstration=demonstration, difficulty=hard, proof=proof)
        )

    # What is played

    def _of(self, candidate: Candidate, seed: int) -> Runs:
        return self._runs.setdefault((seed, candidate.writes), Runs(seed=seed, keep_observations=True))

    async def _play(self, asked: Sequence[tuple[Candidate, Route]], *, seed: int, crew: Sequence[Visitor] = ()) -> None:
        """Play the routes of candidates that are not known yet, until time is up."""
        for writes in (False, True):
            site = replace(self.site, allow_writes=writes)
            of_kind = [(candidate, route) for candidate, route in asked if candidate.writes == writes]
            if not of_kind:
                continue
            runs = self._of(of_kind[0][0], seed)
            played = runs.played
            missing = runs.missing(route for _, route in of_kind)
            visitors = [visitor.on(site) for visitor in crew or self.crew]
            await share(visitors, missing, runs.play, until=self.deadline_s)
            self.num_runs += runs.played - played

    def _found(self, candidate: Candidate, route: Route, *, seed: int | None = None) -> Run | None:
        """Return the run of a route, None where there was no time to play it."""
        return self._of(candidate, self.seeds[0] if seed is None else seed).get(route)

    def _run(self, candidate: Candidate, *, seed: int | None = None) -> Run:
        run = self._found(candidate, self._route(candidate), seed=seed)
        assert run is not None
        return run

    def _route(self, candidate: Candidate) -> Route:
        return Route.of(self._url(candidate), candidate.golden)

    def _url(self, candidate: Candidate) -> str:
        return self.graph.states[candidate.start].url

    def _drop(self, candidate: Candidate, reason: str, detail: str = "") -> bool:
        self.dropped.append(Dropped(candidate=candidate, reason=reason, detail=detail))
        return False


def task_of(candidate: Candidate, site: Site, url: str) -> Task:
    """Return the task that a candidate is, without a name."""
    return replace(
        site.task(url),
        name="",
        goal=candidate.goal,
        verifier=candidate.verifier,
        max_steps=max_steps(candidate.golden),
        read_only=not candidate.writes,
    )


def max_steps(golden: Sequence[Move]) -> int:
    """Return how many steps a task leaves to whoever does it."""
    return max(10, 3 * len(golden))
