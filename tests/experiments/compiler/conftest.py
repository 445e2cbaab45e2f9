"""Sites to explore, and what an exploration finds of each; each is explored once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from browser_env.snapshot.exchange import Snapshot
from browser_env.snapshot.recording import Recorder
from experiments.compiler.charting import Progress
from experiments.compiler.exploring import explore
from experiments.compiler.graph import SiteGraph, State
from experiments.compiler.site import Site
from tests.experiments.compiler.sites.hostile import trap
from tests.experiments.compiler.sites.notes import notes
from tests.experiments.compiler.sites.serving import Served, served
from tests.experiments.compiler.sites.shop import shop


@dataclass(frozen=True, kw_only=True)
class Explored:
    """A site, and what was found of it."""

    site: Served
    graph: SiteGraph
    progress: tuple[Progress, ...]
    snapshot: Snapshot | None = None

    def at(self, path: str) -> list[State]:
        """Return the states at an address, pages first."""
        found = [state for state in self.graph.states.values() if state.url == self.site.url + path]
        return sorted(found, key=lambda state: len(state.path))


def look_at(site: Served, *, max_pages: int, recorder: Recorder | None = None) -> Explored:
    progress: list[Progress] = []

    async def run() -> tuple[SiteGraph, Snapshot | None]:
        found = await explore(
            Site(url=site.url), max_pages=max_pages, minutes=2, recorder=recorder, on_state=progress.append
        )
        return found, await recorder.snapshot() if recorder else None

    graph, snapshot = asyncio.run(run())
    return Explored(site=site, graph=graph, progress=tuple(progress), snapshot=snapshot)


@pytest.fixture(scope="session")
def explored_shop() -> Iterator[Explored]:
    with served(shop) as site:
        yield look_at(site, max_pages=20)


@pytest.fixture(scope="session")
def explored_notes() -> Iterator[Explored]:
    with served(notes) as site:
        yield look_at(site, max_pages=12, recorder=Recorder())


@pytest.fixture(scope="session")
def explored_trap() -> Iterator[Explored]:
    with served(trap) as site:
        yield look_at(site, max_pages=24)


@pytest.fixture
def timed() -> Callable[[], float]:
    """Return how to ask for the seconds since the test began."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
