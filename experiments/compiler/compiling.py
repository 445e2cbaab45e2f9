"""From a website to a set of verified tasks: explore, generate, rehearse, prove, package."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from browser_env.host import BrowserHost
from browser_env.processor_time import ProcessorTime
from browser_env.snapshot.har import PIN, open_snapshot, write_snapshot
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.robots import fetch_rules, is_own
from browser_env.task_set import TaskSet
from experiments.compiler.diversity import distinct, diversity
from experiments.compiler.exploring import explore
from experiments.compiler.generating import generate
from experiments.compiler.graph import SiteGraph, summary
from experiments.compiler.leave import Leave
from experiments.compiler.licensing import licence_of
from experiments.compiler.packaging import (
    SNAPSHOT,
    keep_snapshot,
    new_folder,
    pack,
    slug_of,
    write_set,
)
from experiments.compiler.proving import Proofs, balanced, prove
from experiments.compiler.rehearsing import Rehearsal, rehearse
from experiments.compiler.report import write_report
from experiments.compiler.site import Site
from experiments.compiler.visiting import Visitor, visitors
from rewards.cost import Cost, Prices

SHARES = {"explore": 0.3, "rehearse": 0.5}  # of the time, by when each phase has to be over; proving gets the rest

PACKING_S, PACKING_SHARE = 20.0, 0.1  # seconds for writing the set, and at most this much of the time


class Stages(Protocol):
    """Is told how far compiling is."""

    def begin(self, name: str, total: int) -> Callable[[int, str], None]:
        """Begin a stage; return what is told of its progress: how many more, and a detail."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is to be spent on a site."""

    max_pages: int = 60  # to explore; views count too, several a page
    minutes: float = 10.0  # for everything
    browsers: int = 2
    pixels: bool = True  # demonstrations have pictures
    seed: int = 0
    prices: Prices = field(default_factory=Prices)


class Meter:
    """Adds up the processor time of stages, each while its browsers live: what has ended is not counted later."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count what the block spends."""
        clock = ProcessorTime()
        clock.take()
        try:
            yield
        finally:
            self.spent_s += clock.take()


async def compile_site(site: Site, plan: Plan, folder: Path, *, stages: Stages) -> TaskSet:
    """Compile a site into a set of tasks in a new folder."""
    new_folder(folder)
    meter, leave, began = Meter(), Leave(site), time.monotonic()

    graph, recorder = await _explore(site, plan, stages, leave=leave)
    found = generate(graph, allow_writes=site.allow_writes, seed=plan.seed)
    candidates, dropped = distinct(balanced(found))
    if recorder is not None:
        until = began + SHARES["rehearse"] * plan.minutes * 60
        rehearsal = await _rehearse(
            candidates, graph, site, plan, recorder, leave=leave, until=until, stages=stages, meter=meter
        )
        candidates, dropped = list(rehearsal.candidates), [*dropped, *rehearsal.dropped]
    snapshot = await _snapshot(site, recorder, folder)
    still = _still(site, snapshot)
    tell = stages.begin("prove", len(candidates))
    async with _provers(still, plan) as (crew, painters), meter.running():
        proofs = await prove(
            candidates,
            graph,
            still,
            crew=crew,
            painters=painters,
            deadline_s=began + plan.minutes * 60 - _packing_s(plan),
            tell=lambda decided, proved: tell(decided, f"{proved} proved"),
        )

    when = datetime.now(UTC)
    about = f"compiled from {graph.url} on {when:%Y-%m-%d}"
    pin = SNAPSHOT + PIN + open_snapshot(snapshot).digest
    packed = pack(proofs.kept, slug=slug_of(graph.url, graph.home.title), snapshot=pin, provenance=about)
    dropped = [*dropped, *proofs.dropped]
    cost = Cost(wall_s=time.monotonic() - began, cpu_s=graph.cpu_s + meter.spent_s)
    facts = await _facts(site, graph, snapshot, when=when)
    facts |= _figures(proofs, found=len(found), dropped=len(dropped), cost=cost, prices=plan.prices)
    facts |= {"diversity": diversity([one.to_row() for one in packed])}
    write_set(folder, packed, dropped=dropped, graph=graph, site=facts)
    write_report(folder, graph=graph, packed=packed, dropped=dropped, site=facts)
    return TaskSet.read(folder)


def _packing_s(plan: Plan) -> float:
    """Return the seconds that are left for what comes after the proofs."""
    return min(PACKING_S, PACKING_SHARE * plan.minutes * 60)


async def _explore(site: Site, plan: Plan, stages: Stages, *, leave: Leave) -> tuple[SiteGraph, Recorder | None]:
    recorder = None if site.snapshot else Recorder(user_agent=site.user_agent, private=site.login is not None)
    tell = stages.begin("explore", plan.max_pages)
    known = 0

    def show(progress: Any) -> None:
        nonlocal known
        tell(progress.states - known, progress.url[:60])
        known = progress.states

    graph = await explore(
        site,
        max_pages=plan.max_pages,
        minutes=plan.minutes * SHARES["explore"],
        visitors=plan.browsers,
        recorder=recorder,
        leave=leave,
        seed=plan.seed,
        on_state=show,
    )
    return graph, recorder


async def _rehearse(
    candidates: list[Any],
    graph: SiteGraph,
    site: Site,
    plan: Plan,
    recorder: Recorder,
    *,
    leave: Leave,
    until: float,
    stages: Stages,
    meter: Meter,
) -> Rehearsal:
    tell = stages.begin("rehearse", len(candidates))
    async with visitors(site, count=plan.browsers, recorder=recorder) as crew, meter.running():
        return await rehearse(
            candidates, graph, site, crew=crew, leave=leave, deadline_s=until, tell=lambda runs: tell(runs, "")
        )


async def _snapshot(site: Site, recorder: Recorder | None, folder: Path) -> str:
    """Write what was recorded into the set, or copy the snapshot that was given; return its place."""
    if recorder is None:
        return keep_snapshot(Path((site.snapshot or "").partition(PIN)[0]), folder)
    write_snapshot(await recorder.snapshot(), folder / SNAPSHOT)
    return keep_snapshot(folder / SNAPSHOT, folder)


def _still(site: Site, snapshot: str) -> Site:
    """Return the site as it was recorded."""
    return Site(
        url=site.url,
        snapshot=snapshot,
        allowed_origins=site.allowed_origins,
        viewport=site.viewport,
        step_ms=site.step_ms,
        allow_writes=site.allow_writes,
    )


@contextlib.asynccontextmanager
async def _provers(site: Site, plan: Plan) -> AsyncIterator[tuple[list[Visitor], list[Visitor]]]:
    """Have visitors without pictures and, in the same browsers, such with pictures where they are wanted."""
    hosts = [BrowserHost() for _ in range(plan.browsers)]
    crew = [Visitor(host, site) for host in hosts]
    painters = [Visitor(host, site, pixels=True) for host in hosts] if plan.pixels else []
    try:
        yield crew, painters
    finally:
        await asyncio.gather(*(visitor.environment.close() for visitor in [*crew, *painters]))
        await asyncio.gather(*(host.close() for host in hosts))


async def _facts(site: Site, graph: SiteGraph, snapshot: str, *, when: datetime) -> dict[str, Any]:
    """Return where a site's tasks come from."""
    recorded = open_snapshot(snapshot)
    asked = site.snapshot is not None or is_own(site.url)
    robots = "" if asked else (await fetch_rules(site.url, user_agent=site.user_agent)).text
    return {
        "url": graph.url,
        "title": graph.home.title,
        "when": when.isoformat(timespec="seconds"),
        "licence": licence_of(recorded, graph.url, graph.home.evidence.text),
        "robots": robots[:4000],
        "versions": {"webdual": version("webdual"), "browser": recorded.user_agent},
        "snapshot": SNAPSHOT,
        "graph": summary(graph),
    }


def _figures(proofs: Proofs, *, found: int, dropped: int, cost: Cost, prices: Prices) -> dict[str, Any]:
    """Return what compiling came to, and what it cost for each verified task."""
    tasks = max(len(proofs.kept), 1)
    return {
        "tasks": len(proofs.kept),
        "candidates": found,
        "dropped": dropped,
        "runs": proofs.runs,
        "minutes": round(cost.wall_s / 60, 2),
        "cpu_s": round(cost.cpu_s, 1),
        "per_task": {
            "wall_s": round(cost.wall_s / tasks, 2),
            "cpu_s": round(cost.cpu_s / tasks, 2),
            "dollars": prices.money(cost) / tasks,
        },
    }
