"""Plays on the live site what proofs will need, so that the snapshot holds the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import Dropped
from experiments.compiler.leave import Leave
from experiments.compiler.runs import Key, Route, Runs
from experiments.compiler.site import Site
from experiments.compiler.target import key_of
from experiments.compiler.visiting import Visitor, share
from experiments.compiler.writing import write_all

SEED = 0
FOR_WRITES = 1 / 3  # of the time, where anything writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What came of rehearsing."""

    candidates: tuple[Candidate, ...]  # in the order given, without those that were dropped
    dropped: tuple[Dropped, ...]
    runs: int


async def rehearse(
    candidates: Sequence[Candidate],
    graph: SiteGraph,
    site: Site,
    *,
    crew: Sequence[Visitor],
    leave: Leave | None = None,
    deadline_s: float = float("inf"),
    tell: Callable[[int], None] = lambda runs: None,
) -> Rehearsal:
    """Make the golden runs and near misses that exploration did not walk.

    What does not write is not let write. What does is done at the end, by one visitor, and the site is brought back
    after each; where no page shows what was written, the candidate is dropped. No move is made that leads where nobody
    may go, and time is left between moves as ``leave`` says.
    """
    runs = Runs(seed=SEED)
    walked = _walked(graph)
    asked = leave or Leave(site)
    asking = asked if asked.is_needed else None
    careful = [visitor.on(replace(site, allow_writes=False)) for visitor in crew]

    async def work(visitor: Visitor, route: Route) -> None:
        if route.key not in walked:
            await runs.play(visitor, route, leave=asking)
            tell(1)

    quiet = [candidate for candidate in candidates if not candidate.writes]
    writing = [candidate for candidate in candidates if candidate.writes]
    limited = bool(writing) and deadline_s < float("inf")
    until = deadline_s - FOR_WRITES * max(deadline_s - time.monotonic(), 0) if limited else deadline_s
    await share(careful, runs.missing(_golden(quiet, graph)), work, until=until)
    await share(careful, runs.missing(_near_misses(quiet, graph)), work, until=until)
    written = await write_all(
        writing,
        graph,
        site,
        visitor=crew[0],
        leave=asking,
        runs=Runs(seed=SEED),
        deadline_s=deadline_s,
        tell=tell,
    )
    kept = {candidate.goal: candidate for candidate in written.kept}
    left = (kept.get(candidate.goal) if candidate.writes else candidate for candidate in candidates)
    return Rehearsal(
        candidates=tuple(candidate for candidate in left if candidate is not None),
        dropped=tuple(written.dropped),
        runs=runs.played + written.runs,
    )


def _golden(candidates: Iterable[Candidate], graph: SiteGraph) -> Iterator[Route]:
    for candidate in candidates:
        yield Route.of(graph.states[candidate.start].url, candidate.golden)


def _near_misses(candidates: Iterable[Candidate], graph: SiteGraph) -> Iterator[Route]:
    for candidate in candidates:
        for miss in candidate.near_misses:
            yield Route.of(graph.states[candidate.start].url, miss.moves)


def _walked(graph: SiteGraph) -> set[Key]:
    """Return the routes that exploration made in one go, from the page that each began at."""
    urls = {state.start: state.url for state in graph.states.values() if state.is_page}
    keys: set[Key] = {(urls.get(state.start, state.start),) for state in graph.states.values()}
    for edge in graph.edges:
        source = graph.states.get(edge.source)
        if source is not None and edge.walked:
            page = urls.get(source.start, source.start)
            whole = (page, *key_of((*source.path, edge.move)))
            keys |= {whole[:length] for length in range(1, len(whole) + 1)}
    return keys
