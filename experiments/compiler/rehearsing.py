"""Plays on the live site what proofs will need, so that the snapshot holds the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from browser_env.errors import InfraError
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import SiteGraph
from experiments.compiler.leave import Leave
from experiments.compiler.runs import Key, Route, Runs
from experiments.compiler.site import Site
from experiments.compiler.target import key_of
from experiments.compiler.visiting import Visitor, share

SEED = 0
RESET_LIMIT_S = 120.0


async def rehearse(
    candidates: Sequence[Candidate],
    graph: SiteGraph,
    site: Site,
    *,
    crew: Sequence[Visitor],
    leave: Leave | None = None,
    deadline_s: float = float("inf"),
    tell: Callable[[int], None] = lambda runs: None,
) -> int:
    """Make the golden runs and near misses that exploration did not walk; return how many runs.

    What does not write is not let write. What does is done at the end, by one visitor, and the site is brought back
    after each. No move is made that leads where nobody may go, and time is left between moves as ``leave`` says.
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
    await share(careful, runs.missing(_golden(quiet, graph)), work, until=deadline_s)
    await share(careful, runs.missing(_near_misses(quiet, graph)), work, until=deadline_s)
    writing = Runs(seed=SEED)
    for candidate in candidates:
        if candidate.writes:
            routes = chain(_golden([candidate], graph), _near_misses([candidate], graph))
            for route in writing.missing(routes):
                if time.monotonic() < deadline_s:
                    await writing.play(crew[0], route, leave=asking)
                    await bring_back(site)
                    tell(1)
    return runs.played + writing.played


async def bring_back(site: Site) -> None:
    """Run the site's reset command; raise :class:`InfraError` where it fails."""
    if not site.reset_command:
        return
    process = await asyncio.create_subprocess_exec(
        *site.reset_command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RESET_LIMIT_S):
            _, complaint = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise InfraError(f"{site.reset_command[0]} took more than {RESET_LIMIT_S:.0f} s to reset the site") from error
    if process.returncode:
        said = complaint.decode("utf-8", "replace").strip()[-200:]
        raise InfraError(f"{site.reset_command[0]} did not reset the site (exit code {process.returncode}): {said}")


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
