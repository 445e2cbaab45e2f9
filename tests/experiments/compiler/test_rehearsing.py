"""What is rehearsed, what of it may write, and what one bad page or little time does to it."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from browser_env.action import Click, Press, Type
from browser_env.errors import ClosedError, InfraError, WebdualError
from browser_env.task import VerifierSpec
from experiments.compiler.candidate import Candidate
from experiments.compiler.graph import Edge, SiteGraph, State
from experiments.compiler.leave import Leave
from experiments.compiler.rehearsing import _walked, rehearse
from experiments.compiler.runs import Route, Runs
from experiments.compiler.site import Site
from experiments.compiler.target import Move, Target
from experiments.compiler.visiting import Visitor, one_error, share, visitors
from tests.experiments.compiler.building import element, graph, state
from tests.experiments.compiler.sites.sender import sender
from tests.experiments.compiler.sites.serving import Asked, Reply, Served, Strict, served
from tests.experiments.compiler.sites.shop import shop

NEVER = VerifierSpec(name="url", params={"regex": "(?!)"})


def press(name: str) -> Move:
    return Move(action=Click("e0"), target=Target(role="button", name=name))


def on_sender(site: Served, *names: str, writes: bool) -> tuple[SiteGraph, list[Candidate]]:
    first = state("/", "Sender", element("button", "POST"))
    known = graph(first)
    url = site.url
    there = SiteGraph(url=url, states={first.id: _at(known, url)}, edges=())
    made = [
        Candidate(
            family="x", goal=name, start=first.id, target=first.id, golden=(press(name),), verifier=NEVER, writes=writes
        )
        for name in names
    ]
    return there, made


def _at(known: SiteGraph, url: str) -> State:
    return replace(known.home, url=url, start=url)


@pytest.mark.parametrize(("writes", "changes"), [(False, 0), (True, 1)])
def test_only_what_writes_is_let_write(writes: bool, changes: int) -> None:
    async def run(site: Served) -> int:
        there, made = on_sender(site, "POST", writes=writes)
        asked = Site(url=site.url, allow_writes=True)
        async with visitors(asked, count=1) as crew:
            late = await rehearse(made, there, asked, crew=crew, deadline_s=time.monotonic() - 1)
            assert late.runs == 0
            assert len(late.dropped) == writes
            return (await rehearse(made, there, asked, crew=crew)).runs

    with served(sender) as site:
        assert asyncio.run(run(site)) == 1
        assert len(site.changes) == changes


BOX = Target(role="searchbox", name="Search products")
SEARCHES = {
    "button": (Move(action=Type("e0", "oak"), target=BOX), press("Search")),
    "Enter": (Move(action=Type("e0", "oak"), target=BOX), Move(action=Press("Enter"))),
    "link": (Move(action=Click("e0"), target=Target(role="link", name="Stock")),),
}


@pytest.mark.parametrize("way", SEARCHES)
@pytest.mark.parametrize("by", ["robots.txt", "keep-out", "nobody"])
def test_moves_that_lead_where_nobody_may_go_are_not_made(way: str, by: str) -> None:
    closed = ("/search", "/stock")

    async def run(site: Served) -> None:
        first = _at(graph(state("/", "Shop")), site.url)
        known = SiteGraph(url=site.url, states={first.id: first}, edges=())
        made = Candidate(
            family="x", goal=way, start=first.id, target=first.id, golden=SEARCHES[way], verifier=NEVER, writes=True
        )
        asked = Site(url=site.url, keep_out=closed if by == "keep-out" else (), allow_writes=True)
        leave = Leave(asked, Strict(*closed) if by == "robots.txt" else None)
        async with visitors(asked, count=1) as crew:
            await rehearse([made, replace(made, writes=False)], known, asked, crew=crew, leave=leave)

    with served(shop) as site:
        asyncio.run(run(site))
        assert sum(asked.path.startswith(closed) for asked in site.log) == (2 if by == "nobody" else 0)
        assert sum(asked.path == "/" for asked in site.log) >= 2


def test_every_move_is_asked_for() -> None:
    manners = Strict("/nowhere")

    async def run(site: Served) -> None:
        asked = Site(url=site.url)
        async with visitors(asked, count=1) as (visitor,):
            await visitor.play(site.url, SEARCHES["button"], leave=Leave(asked, manners))
            with pytest.raises(ClosedError, match=r"nowhere is closed by robots\.txt"):
                await visitor.play(f"{site.url}nowhere", (), leave=Leave(asked, manners))

    with served(shop) as site:
        asyncio.run(run(site))
        assert manners.asked[0] == site.url
        assert {f"{site.url}search"} < set(manners.asked)
        assert not any(asked.path == "/nowhere" for asked in site.log)


def empty(site: Served, asked: Asked) -> Reply:
    return Reply(body="", status=204)


def test_a_page_that_is_none_is_a_run_with_a_problem() -> None:
    async def run(url: str) -> str:
        async with visitors(Site(url=url), count=1) as (visitor,):
            runs, route = Runs(seed=1), Route(url=url, moves=())
            await runs.play(visitor, route)
            found = runs.get(route)
            assert found is not None
            return found.problem

    with served(empty) as site:
        assert "cannot be opened" in asyncio.run(run(site.url))


def test_what_was_believed_only_is_not_walked() -> None:
    one, two = state("/", "One", element("link", "Two")), state("/two", "Two")
    click = Move(action=Click("e1"), target=Target(role="link", name="Two"))

    def keys(*, walked: bool) -> int:
        edge = Edge(source=one.id, move=click, target=two.id, walked=walked)
        return len(_walked(SiteGraph(url=one.url, states={one.id: one, two.id: two}, edges=(edge,))))

    assert (keys(walked=False), keys(walked=True)) == (2, 3)


def test_the_error_of_a_group_is_raised_itself() -> None:
    async def fail() -> None:
        raise InfraError("the site is gone")

    async def run(*jobs: Coroutine[Any, Any, None]) -> None:
        with one_error():
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(job)

    with pytest.raises(WebdualError, match="gone"):
        asyncio.run(run(fail(), fail()))


def test_nothing_is_begun_after_the_time() -> None:
    done: list[int] = []

    async def work(visitor: Visitor, job: int) -> None:
        done.append(job)

    site = Site(url="http://127.0.0.1:9/")

    async def run(until: float) -> None:
        async with visitors(site, count=1) as crew:
            await share(crew, [1, 2], work, until=until)

    asyncio.run(run(time.monotonic() - 1))
    assert done == []
    asyncio.run(run(time.monotonic() + 60))
    assert done == [1, 2]


def test_routes_do_not_look_where_the_target_is_too_far() -> None:
    names = [f"/{n}" for n in range(40)]
    states = [state(name, name, *(element("link", other) for other in names)) for name in names]
    end = state("/end", "end")
    last = state("/last", "last", element("link", "end"))
    states[0] = state("/0", "/0", *(element("link", other) for other in names), element("link", "last"))
    links = [(a, names[b], b) for a in range(40) for b in range(40) if a != b]
    known = graph(*states, last, end, links=[*links, (0, "last", 40), (40, "end", 41)])
    began = time.monotonic()
    assert [len(moves) for moves in known.routes(states[0].id, end.id, longest=3)] == [2]
    assert time.monotonic() - began < 1
