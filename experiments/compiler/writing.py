"""Plays on a staging site what changes it, looks whether the site shows the change, and brings it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from browser_env.errors import InfraError, WebdualError
from experiments.compiler import specs
from experiments.compiler.candidate import Candidate
from experiments.compiler.consequences import is_grave
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import OUT_OF_TIME, Dropped
from experiments.compiler.leave import Leave
from experiments.compiler.runs import Route, Run, Runs
from experiments.compiler.site import Site
from experiments.compiler.visiting import Visitor, visitors
from experiments.compiler.witness import is_left, is_witness, shown_at_end
from rewards.evidence import Evidence
from rewards.match import same_url

RESET_LIMIT_S = 120.0
MAX_BESIDE = 2  # pages that lead to the one where something is written, which may list it
UNSEEN = "no page shows what it changed"
NOT_BACK = "the reset does not bring back what it changed"
FOR_GOOD = "without a reset it would be done for good"


@dataclass(slots=True, kw_only=True)
class Written:
    """What came of candidates that write."""

    kept: list[Candidate] = field(default_factory=list)  # their verifiers ask for what the last page shows, too
    dropped: list[Dropped] = field(default_factory=list)
    runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Plays what writes, one after the other, and is witness of what comes of it."""

    graph: SiteGraph
    site: Site
    visitor: Visitor  # plays, and is recorded
    watcher: Visitor  # looks, and is not
    leave: Leave | None
    runs: Runs

    async def write(self, candidate: Candidate) -> Candidate | Dropped:
        """Make the golden run; return the candidate with its verifier, or why it is none."""
        golden = Route.of(self.graph.states[candidate.start].url, candidate.golden)
        if not self.site.reset_command and any(is_grave(name) for name in _pressed(candidate)):
            return Dropped(candidate=candidate, reason=FOR_GOOD)
        places = list(self._places(candidate))
        before = {} if self.site.reset_command else await self._look(places)
        await self.play(golden)
        run = self.runs.get(golden)
        assert run is not None
        ends = () if run.problem or not self.site.reset_command else (run.evidence[-1].url,)
        places = list(dict.fromkeys((*ends, *places)))
        after = {} if run.problem else await self._look(places)
        await bring_back(self.site)
        if run.problem:
            return Dropped(candidate=candidate, reason="the golden moves cannot be made", detail=run.problem)
        return await self._judge(candidate, run, before, after)

    async def play(self, route: Route) -> None:
        """Make a run that may write."""
        await self.runs.play(self.visitor, route, leave=self.leave)

    async def _judge(
        self, candidate: Candidate, run: Run, before: dict[str, Evidence], after: dict[str, Evidence]
    ) -> Candidate | Dropped:
        """Look for a page that shows the change, and does not once the site was brought back, or did not before."""
        reason = UNSEEN
        for url, seen in after.items():
            known = self._known(url)
            if not is_witness(known, known or Evidence(), seen, candidate.traces):
                continue
            others = await self._look([url]) if self.site.reset_command else before
            without = others.get(url)
            if is_witness(known, without, seen, candidate.traces):
                shown = shown_at_end(self._known(run.evidence[-1].url), run.evidence, candidate.traces)
                return replace(candidate, verifier=specs.every([candidate.verifier, *shown]))
            reason = NOT_BACK if is_left(known, without, candidate.traces) and self.site.reset_command else reason
        return Dropped(candidate=candidate, reason=reason)

    def _places(self, candidate: Candidate) -> Iterator[str]:
        """Yield where the change may show: the page where it is made, and pages beside it."""
        states = self.graph.states
        target = states[candidate.target]
        yield target.url
        beside = [edge.source for edge in self.graph.edges if edge.target == target.id and not edge.writes]
        pages = [states[id_].url for id_ in dict.fromkeys(beside) if id_ != target.id and states[id_].is_page]
        yield from pages[:MAX_BESIDE]

    def _known(self, url: str) -> Evidence | None:
        pages = (state.evidence for state in self.graph.states.values() if state.is_page and same_url(state.url, url))
        return next(pages, None)

    async def _look(self, places: Sequence[str]) -> dict[str, Evidence]:
        """Return what pages show in fresh profiles, those that fail left out."""
        found = {}
        for url in places:
            try:
                if self.leave is not None:
                    await self.leave.ask(url)
                await self.watcher.open(url)
            except WebdualError:
                continue
            found[url] = self.watcher.environment.evidence
        return found


async def write_all(
    candidates: Sequence[Candidate],
    graph: SiteGraph,
    site: Site,
    *,
    visitor: Visitor,
    leave: Leave | None,
    runs: Runs,
    deadline_s: float,
    tell: Callable[[int], None],
) -> Written:
    """Play all that writes, near misses of what is kept included; the site is brought back after each run."""
    written = Written()
    if not candidates:
        return written
    async with visitors(replace(site, allow_writes=False), count=1) as (watcher,):
        writer = Writer(graph=graph, site=site, visitor=visitor, watcher=watcher, leave=leave, runs=runs)
        for candidate in candidates:
            if time.monotonic() >= deadline_s:
                written.dropped.append(Dropped(candidate=candidate, reason=OUT_OF_TIME))
                continue
            found = await writer.write(candidate)
            tell(1)
            if isinstance(found, Dropped):
                written.dropped.append(found)
                continue
            written.kept.append(found)
            routes = [Route.of(graph.states[found.start].url, miss.moves) for miss in found.near_misses]
            for route in runs.missing(routes):
                if time.monotonic() < deadline_s:
                    await writer.play(route)
                    await bring_back(site)
                    tell(1)
    written.runs = runs.played
    return written


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


def _pressed(candidate: Candidate) -> list[str]:
    return [move.target.name for move in candidate.golden[-1:] if move.target is not None]
