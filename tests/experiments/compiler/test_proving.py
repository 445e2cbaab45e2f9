"""Right candidates are proved and wrong ones are dropped, each by its reason, on a site with a real browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from browser_env.action import Answer, Check, Click, Navigate
from browser_env.env import LoopThread
from browser_env.episode import Episode
from browser_env.serving import FolderServer
from browser_env.task import Task, VerifierSpec
from experiments.compiler.candidate import Candidate, NearMiss
from experiments.compiler.demonstrating import play
from experiments.compiler.graph import Edge, SiteGraph, State
from experiments.compiler.judging import OUT_OF_TIME
from experiments.compiler.proving import BATCH, SMALLEST_BATCH, Proofs, batch_size, prove
from experiments.compiler.site import Site
from experiments.compiler.target import Move, Target
from experiments.compiler.visiting import visitors

PAGES = ("index", "books", "members", "desk")


def link(name: str) -> Move:
    return Move(action=Click("e0"), target=Target(role="link", name=name))


def box(name: str) -> Move:
    return Move(action=Check("e0"), target=Target(role="checkbox", name=name))


def say(text: str) -> Move:
    return Move(action=Answer(text))


def verifier(name: str, /, **params: object) -> VerifierSpec:
    return VerifierSpec(name=name, params=params)


def ticked(name: str) -> VerifierSpec:
    return verifier("element", role="checkbox", name=name, states=["checked"])


class Library:
    """The site, a graph of it made by hand, and candidates on it."""

    def __init__(self, address: str, loop: LoopThread):
        self.site = Site(url=f"http://{address}/index.html")
        self.base = f"http://{address}/"
        self._loop, self._stack = loop, AsyncExitStack()
        self.crew = loop.run(self._stack.enter_async_context(visitors(self.site, count=1)))
        self.graph = loop.run(self._explore())

    async def _explore(self) -> SiteGraph:
        states = {}
        for name in PAGES:
            visit = await self.crew[0].play(f"{self.base}{name}.html", ())
            states[name] = State(
                id=name,
                url=visit.evidence[0].url,
                title=visit.evidence[0].title,
                template=name,
                observation=visit.observations[0],
                evidence=visit.evidence[0],
                path=(),
                start=f"{self.base}{name}.html",
            )
        edges = [("index", "Books", "books"), ("index", "Members", "members"), ("index", "Desk", "desk")]
        edges += [("members", "Books", "books"), ("members", "Library", "index"), ("books", "Members", "members")]
        links = tuple(Edge(source=source, move=link(name), target=target) for source, name, target in edges)
        return SiteGraph(url=self.site.url, states=states, edges=links)

    def candidate(
        self, goal: str, golden: Sequence[Move], check: VerifierSpec, *, start: str = "index", **fields: object
    ) -> Candidate:
        fields = {"family": "reach", "target": "books"} | fields
        return Candidate(goal=goal, start=start, golden=tuple(golden), verifier=check, **fields)  # type: ignore[arg-type]

    def at(self, name: str) -> VerifierSpec:
        return verifier("url", equals=f"{self.base}{name}.html")

    def prove(
        self, *candidates: Candidate, seeds: Sequence[int] = (1, 2, 3), deadline_s: float = float("inf")
    ) -> Proofs:
        proofs = prove(candidates, self.graph, self.site, crew=self.crew, seeds=seeds, deadline_s=deadline_s)
        return self._loop.run(proofs)

    def play(self, task: Task, golden: Sequence[Move], *, seed: int) -> Episode:
        return self._loop.run(play(self.crew[0].environment, task, golden, seed=seed))

    def close(self) -> None:
        self._loop.finish(self._stack.aclose())


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    loop = LoopThread()
    with FolderServer(Path(__file__).parent / "library") as server:
        library = Library(server.address, loop)
        yield library
        library.close()


def test_right_candidates_are_proved_in_shared_runs(library: Library) -> None:
    reach = library.candidate("Open the books.", [link("Books")], library.at("books"))
    ask = library.candidate(
        "How many pages has Emma?",
        [link("Books"), say("474")],
        verifier("answer", number=474),
        family="find-answer",
        decoys=("880",),
        near_misses=(NearMiss(why="the neighbour's row", moves=(link("Books"), say("880"))),),
    )
    tick = library.candidate("Ask for quiet.", [link("Desk"), box("Quiet")], ticked("Quiet"), target="gone")
    proofs = library.prove(reach, ask, tick)
    assert not proofs.dropped
    by_goal = {proved.candidate.goal: proved for proved in proofs.kept}
    assert by_goal["Open the books."].proof["golden"] == 3
    assert by_goal["Open the books."].proof["other_routes"] == 1
    assert by_goal["Ask for quiet."].proof.get("another_way", 0) == 0
    episode = by_goal["How many pages has Emma?"].demonstration
    assert episode.success
    assert [step.observation.goal for step in episode.steps] == ["How many pages has Emma?"] * 2
    assert by_goal["How many pages has Emma?"].task.golden[-1] == "answer('474')"
    assert all(0 < proved.difficulty.value < 1 for proved in proofs.kept)


@pytest.mark.parametrize(
    ("reason", "wrong"),
    [
        ("doing nothing succeeds", {"check": verifier("text", contains="Library")}),
        (
            "a wrong answer succeeds",
            {"golden": [say("880")], "check": verifier("answer", number=880), "decoys": ("880",)},
        ),
        ("the golden moves cannot be made", {"golden": [link("Films")]}),
        ("the golden moves do not succeed", {"golden": [link("Members")]}),
        ("a path below its address satisfies it", {"check": verifier("url", regex=r".*/books\.html(/.*)?")}),
        ("it succeeds before the last step", {"golden": [link("Books"), link("Members")]}),
        ("another state satisfies it", {"check": verifier("element", role="link", name="Library")}),
        (
            "a mistake succeeds",
            {"near_misses": (NearMiss(why="the long way", moves=(link("Members"), link("Books"))),)},
        ),
        (
            "a mistake succeeds",
            {
                "golden": [link("Desk"), box("Quiet"), box("Lamp")],
                "check": ticked("Lamp"),
                "target": "gone",
            },
        ),
    ],
)
def test_wrong_candidates_are_dropped(library: Library, reason: str, wrong: dict[str, object]) -> None:
    given = {"golden": [link("Books")], "check": library.at("books")} | wrong
    proofs = library.prove(library.candidate("Do it.", **given), seeds=(1, 2))  # type: ignore[arg-type]
    assert not proofs.kept
    assert [dropped.reason for dropped in proofs.dropped] == [reason]


def test_a_task_that_ends_at_an_error_page_is_none(library: Library) -> None:
    gone = f"{library.base}gone.html"
    away = Move(action=Navigate(gone))
    proofs = library.prove(library.candidate("Open what is gone.", [away], verifier("url", equals=gone)), seeds=(1, 2))
    assert [(dropped.reason, dropped.detail) for dropped in proofs.dropped] == [("it ends at an error page", "404")]


def test_a_shared_run_is_judged_as_the_environment_judges_it(library: Library) -> None:
    ask = library.candidate("How many pages has Emma?", [link("Books"), say("474")], verifier("answer", number=474))
    (proved,) = library.prove(ask).kept
    shared, own = proved.demonstration, library.play(proved.task, ask.golden, seed=proved.demonstration.seed)
    for field in ("outcome", "reward", "reason", "seed"):
        assert getattr(shared, field) == getattr(own, field), field
    assert [step.action for step in shared.steps] == [step.action for step in own.steps]
    assert [step.observation for step in shared.steps] == [step.observation for step in own.steps]
    assert (shared.evidence.answer, shared.evidence.text) == (own.evidence.answer, own.evidence.text)


def test_what_there_is_no_time_for_is_said_so(library: Library) -> None:
    reach = library.candidate("Open the books.", [link("Books")], library.at("books"))
    proofs = library.prove(reach, deadline_s=0.0)
    assert [dropped.reason for dropped in proofs.dropped] == [OUT_OF_TIME]


def test_batches_are_smaller_when_time_is_short() -> None:
    assert batch_size(float("inf"), pace_s=1.5) == BATCH
    assert batch_size(600.0, pace_s=1.5) == BATCH
    assert SMALLEST_BATCH < batch_size(40.0, pace_s=1.5) < BATCH
    assert batch_size(1.0, pace_s=1.5) == SMALLEST_BATCH
