"""What writes is judged by what the site shows afterwards, and undone; on a site that keeps its data in SQLite."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from browser_env.snapshot.har import write_snapshot
from browser_env.snapshot.recording import Recorder
from browser_env.task import VerifierSpec
from browser_env.task_set import TaskSet
from experiments.benchmarks.applications import restoring
from experiments.cli import main
from experiments.compiler.candidate import Candidate, Trace
from experiments.compiler.exploring import explore
from experiments.compiler.generating import generate
from experiments.compiler.graph import SiteGraph
from experiments.compiler.judging import Dropped, passes_refused
from experiments.compiler.proving import Proofs, prove
from experiments.compiler.rehearsing import rehearse
from experiments.compiler.runs import Run
from experiments.compiler.site import Site
from experiments.compiler.visiting import visitors
from experiments.compiler.witness import is_left, is_witness, shown_at_end
from experiments.compiler.writing import FOR_GOOD, NOT_BACK, UNSEEN
from replay.store import ReplayStore
from rewards.evidence import Evidence, Sent
from rewards.verifier import verify
from tests.experiments.compiler.sites.serving import Served, served
from tests.experiments.compiler.sites.shelf import fill, rows, shelf

TITLE = Trace(key="title", value="Oak", text="Oak")
BEFORE = Evidence(url="http://site.test/", text="Shelf\nPine\nRendered at 12:31:05")


# by evidence alone


@pytest.mark.parametrize(
    ("without", "after", "traces", "holds"),
    [
        (BEFORE, replace(BEFORE, text="Shelf\nPine\nOak"), (TITLE,), True),
        (BEFORE, replace(BEFORE, form_values={"title": "Oak"}), (TITLE,), True),
        (BEFORE, replace(BEFORE, text="Shelf\nPine\nOakland"), (TITLE,), False),
        (replace(BEFORE, text="Oak"), replace(BEFORE, text="Oak\nOak"), (TITLE,), True),
        (BEFORE, replace(BEFORE, text="Sorry, no Oak.", status=422), (TITLE,), False),
        (replace(BEFORE, text="Shelf\nOak"), replace(BEFORE, text="Shelf\nOak"), (TITLE,), False),
        (None, replace(BEFORE, text="Shelf\nOak"), (TITLE,), False),
        (BEFORE, replace(BEFORE, text="Shelf"), (), True),
        (BEFORE, replace(BEFORE, text="Shelf\nPine\nRendered at 12:44:59"), (), False),
        (replace(BEFORE, text="Shelf\nVisits: 8"), replace(BEFORE, text="Shelf\nVisits: 7"), (), False),
    ],
)
def test_a_page_is_witness_of_a_change(
    without: Evidence | None, after: Evidence, traces: tuple[Trace, ...], holds: bool
) -> None:
    assert is_witness(BEFORE, without, after, traces) is holds


def test_what_is_left_after_a_reset_is_noticed() -> None:
    changed = replace(BEFORE, text="Shelf\nPine\nOak")
    assert is_left(BEFORE, changed, (TITLE,))
    assert is_left(BEFORE, changed, ())
    assert not is_left(BEFORE, BEFORE, (TITLE,))
    assert not is_left(None, changed, (TITLE,))


def accepts(candidate: Candidate, evidence: Evidence) -> bool:
    return verify(candidate.verifier.name, candidate.verifier.params, evidence).success


def test_the_last_page_is_asked_for_what_it_shows_newly() -> None:
    shown = replace(BEFORE, text="Shelf\nPine\nOak")
    (spec,) = shown_at_end(BEFORE, [BEFORE, shown], (TITLE,))
    assert (spec.name, spec.params) == ("text", {"contains": "Oak"})
    assert shown_at_end(BEFORE, [shown, shown], (TITLE,)) == []
    here, gone = shown_at_end(BEFORE, [BEFORE, replace(BEFORE, text="Shelf")], ())
    assert (here.name, gone.params) == ("url", {"contains": "Pine", "absent": True})


def test_a_request_that_is_refused_does_not_count() -> None:
    sent = Sent(method="POST", url="http://site.test/add", fields={"title": "Oak"}, status=200)
    run = Run(evidence=(BEFORE, replace(BEFORE, text="Shelf\nPine\nOak", sent=(sent,))))
    asked = {"name": "request", "params": {"method": "POST", "fields": {"title": "Oak"}}}
    shown = {"name": "text", "params": {"contains": "Oak"}}
    assert not passes_refused(_candidate([asked, shown]), run)
    assert passes_refused(_candidate([{"name": "text", "params": {"contains": "Oak"}}]), run)
    assert passes_refused(_candidate([asked, {"name": "text", "params": {"contains": "Shelf"}}]), run)


def _candidate(parts: list[dict[str, object]]) -> Candidate:
    spec = VerifierSpec(name="all", params={"of": parts})
    return Candidate(family="x", goal="Do it.", start="/", target="/", golden=(), verifier=spec, writes=True)


# on the site


def pressed(candidate: Candidate) -> str:
    target = candidate.golden[-1].target
    return target.name if target is not None else ""


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """What came of rehearsing on the site."""

    graph: SiteGraph
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, kw_only=True)
class Library:
    """The site with its data, and what brings them back."""

    site: Served
    data: Path
    copy: Path

    @property
    def reset(self) -> tuple[str, ...]:
        return (sys.executable, "-I", restoring.__file__, str(self.copy), str(self.data))

    @property
    def is_as_it_was(self) -> bool:
        return rows(self.data / "shelf.db") == rows(self.copy / "shelf.db")

    def rehearse(self, wanted: Callable[[Candidate], bool], reset: tuple[str, ...]) -> Rehearsed:
        """Explore, and rehearse one candidate of each button."""
        site, recorder = Site(url=self.site.url, allow_writes=True, reset_command=reset), Recorder()

        async def run() -> Rehearsed:
            graph = await explore(site, max_pages=12, minutes=1, visitors=1, recorder=recorder)
            chosen: dict[str, Candidate] = {}
            for candidate in generate(graph, allow_writes=True):
                if candidate.writes and wanted(candidate):
                    chosen.setdefault(pressed(candidate), candidate)
            async with visitors(site, count=1, recorder=recorder) as crew:
                found = await rehearse(list(chosen.values()), graph, site, crew=crew)
            write_snapshot(await recorder.snapshot(), self.copy / "shelf.har.zip")
            return Rehearsed(graph=graph, candidates=found.candidates, dropped=found.dropped)

        return asyncio.run(run())

    def prove(self, found: Rehearsed) -> Proofs:
        """Prove what was rehearsed on what was recorded."""
        still = Site(url=self.site.url, snapshot=str(self.copy / "shelf.har.zip"), allow_writes=True)

        async def run() -> Proofs:
            async with visitors(still, count=1) as crew:
                return await prove(found.candidates, found.graph, still, crew=crew, seeds=(1, 2))

        return asyncio.run(run())


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    data, copy = tmp_path / "data", tmp_path / "start"
    data.mkdir()
    fill(data / "shelf.db")
    restoring.copy_folder(data, copy)
    with served(shelf) as site:
        site.data["db"] = data / "shelf.db"
        yield Library(site=site, data=data, copy=copy)


def test_what_is_created_changed_and_deleted_is_seen_on_the_site_and_undone(library: Library) -> None:
    found = library.rehearse(lambda candidate: True, library.reset)
    kept = {pressed(candidate): candidate for candidate in found.candidates}
    assert set(kept) == {"Add book", "Save copies", "Remove this book", "Remember the words"}
    dropped = {pressed(dropped.candidate): dropped.reason for dropped in found.dropped}
    assert dropped["Send wish"] == UNSEEN
    assert library.is_as_it_was
    for name in ("Add book", "Remove this book"):
        assert "text" in json.dumps(kept[name].verifier.params), name
    parts = kept["Add book"].verifier.params["of"]
    sent = Sent(method="POST", url=f"{library.site.url}add", fields=parts[0]["params"]["fields"], status=303)
    shown = "\n".join(part["params"]["contains"] for part in parts if part["name"] == "text")
    done = Evidence(url=library.site.url, text=shown, sent=(sent,))
    assert accepts(kept["Add book"], done)
    assert not accepts(kept["Add book"], replace(done, text="Thank you, but the list is full."))
    assert not accepts(kept["Add book"], replace(done, sent=(replace(sent, status=422),)))
    proofs = library.prove(found)
    assert {pressed(proved.candidate) for proved in proofs.kept} == set(kept), proofs.dropped
    assert all(proved.proof["refused"] == 2 for proved in proofs.kept)


def test_a_reset_that_brings_nothing_back_is_noticed(library: Library) -> None:
    found = library.rehearse(lambda candidate: "Add book" in candidate.goal, (sys.executable, "-c", "pass"))
    assert [dropped.reason for dropped in found.dropped] == [NOT_BACK]


def test_without_a_reset_nothing_is_deleted(library: Library) -> None:
    found = library.rehearse(lambda c: "Remove" in c.goal or "Add book" in c.goal, ())
    assert [dropped.reason for dropped in found.dropped] == [FOR_GOOD], found.dropped
    assert list(map(pressed, found.candidates)) == ["Add book"]
    assert not any(asked.path.endswith("/remove") for asked in library.site.log)
    assert len(rows(library.data / "shelf.db")) > len(rows(library.copy / "shelf.db"))


def test_a_set_is_compiled_of_a_site_that_is_changed(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    asked = ["--out", str(folder), "--pages", "2", "--minutes", "4", "--browsers", "1", "--no-pixels"]
    asked += ["--allow-writes", "--reset", shlex.join(library.reset)]
    assert main(["tasks", "compile", library.site.url, *asked]) == 0
    assert library.is_as_it_was
    tasks = TaskSet.read(folder)
    writing = [task for row, task in zip(tasks.rows, tasks.tasks, strict=True) if row["family"] == "write-object"]
    assert writing
    assert all(not task.read_only for task in writing)
    proofs = [row["proof"] for row in tasks.rows if row["family"] == "write-object"]
    assert all(proof["refused"] == proof["golden"] == 5 for proof in proofs)
    names = {task.name for task in writing}
    with ReplayStore(folder / "demonstrations", read_only=True) as store:
        episodes = [episode for episode in store.episodes(tag="demonstration") if episode.task.name in names]
    for episode in episodes:
        spec, evidence = episode.task.verifier, episode.evidence
        refused = replace(evidence, sent=tuple(replace(sent, status=422) for sent in evidence.sent))
        assert verify(spec.name, spec.params, evidence).success
        assert not verify(spec.name, spec.params, refused).success
