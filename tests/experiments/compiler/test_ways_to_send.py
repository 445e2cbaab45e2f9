"""Buttons that send their form in a way of their own, or from outside of it, in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser_env.action import Click, Press
from browser_env.task import VerifierSpec
from experiments.compiler.candidate import Candidate
from experiments.compiler.exploring import explore
from experiments.compiler.generating import generate
from experiments.compiler.graph import Form, SiteGraph, State
from experiments.compiler.leave import Leave, destination
from experiments.compiler.site import Site
from experiments.compiler.surveying import Survey, survey
from experiments.compiler.visiting import visitors
from rewards.evidence import Evidence, Sent
from rewards.verifier import verify
from tests.experiments.compiler.sites.serving import Asked, Reply, Served, Strict, served
from tests.experiments.compiler.sites.shelf import fill, rows, shelf

CLOSED = ("/private", "/records")


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, SiteGraph]]:
    path = tmp_path_factory.mktemp("shelf") / "shelf.db"
    fill(path)
    before = rows(path)
    with served(shelf) as site:
        site.data["db"] = path
        asked = Site(url=site.url, keep_out=("/private",), allow_writes=True)
        graph = asyncio.run(explore(asked, max_pages=16, minutes=1, visitors=1))
        assert rows(path) == before
        yield site, graph


def page_at(graph: SiteGraph, path: str) -> State:
    return next(state for state in graph.states.values() if state.is_page and state.url.endswith(path))


def form_to(state: State, path: str) -> Form:
    return next(form for form in state.forms if form.action.endswith(path))


def buttons(state: State, form: Form) -> list[str]:
    return [element.name for element in state.observation.elements if element.id in form.submits]


def test_a_form_is_one_for_each_way_in_which_it_is_sent(explored: tuple[Served, SiteGraph]) -> None:
    find = page_at(explored[1], "/find")
    assert {(form.method, form.action.rpartition(":")[2].partition("/")[2]) for form in find.forms} == {
        ("get", "find"),
        ("post", "remember"),
        ("get", "records/delete"),
    }
    asking, keeping = form_to(find, "/find"), form_to(find, "/remember")
    assert asking.controls == keeping.controls
    assert (asking.on_enter, keeping.on_enter) == (True, False)
    assert buttons(find, asking) == ["Find books", "Find the newest"]
    assert [(name, value) for _, name, value in asking.named] == [("order", "newest")]
    assert buttons(find, keeping) == ["Remember the words"]


def test_a_button_outside_of_its_form_says_what_enter_does(explored: tuple[Served, SiteGraph]) -> None:
    later = page_at(explored[1], "/later")
    (form,) = later.forms
    assert (form.method, form.on_enter, buttons(later, form)) == ("post", True, ["Store it"])
    (field,) = form.controls
    found = Survey(forms=later.forms)
    assert destination(Press("Enter"), found, here="here", typed=field.id) == form.action


def test_presses_of_consequence_are_not_made(explored: tuple[Served, SiteGraph]) -> None:
    site, graph = explored
    assert site.changes == []
    assert not any(asked.path.startswith(("/private", "/records", "/later?")) for asked in site.log)
    assert not any(edge.writes for edge in graph.edges)
    assert graph.refused["submits a form that may change the site"] >= 2
    assert graph.refused["is kept out of"]


def test_where_a_button_leads_is_asked_of_robots_txt(tmp_path: Path) -> None:
    fill(tmp_path / "shelf.db")

    async def run(url: str) -> tuple[Survey, list[str]]:
        asked = Site(url=url)
        async with visitors(asked, count=1) as (visitor,):
            observation = await visitor.open(f"{url}find")
            found = await Leave(asked, Strict(*CLOSED)).without_closed(await survey(visitor.environment.context.page))
            names = [element.name for element in observation.elements if element.id in found.closed]
            remember = next(element for element in observation.elements if element.name == "Remember the words")
            leads = destination(Click(remember.id), found, here=url, typed="")
            assert leads == f"{url}remember"
            return found, names

    with served(shelf) as site:
        site.data["db"] = tmp_path / "shelf.db"
        found, closed = asyncio.run(run(site.url))
    assert closed == ["Tidy up", "Peek"]
    assert len(found.forms) == 2


def made(graph: SiteGraph, family: str, button: str) -> list[Candidate]:
    found = generate(graph, allow_writes=True)
    return [c for c in found if c.family == family and c.golden[-1].target and c.golden[-1].target.name == button]


def passes(spec: VerifierSpec, evidence: Evidence) -> bool:
    return verify(spec.name, spec.params, evidence).success


def test_tasks_are_made_of_the_way_in_which_a_button_sends(explored: tuple[Served, SiteGraph]) -> None:
    site, graph = explored
    keeping = next(c for c in made(graph, "write-object", "Remember the words"))
    (words,) = keeping.traces
    sent = Sent(method="POST", url=f"{site.url}remember", fields={"words": words.value}, status=303)
    assert passes(keeping.verifier, Evidence(sent=(sent,)))
    asking = next(c for c in made(graph, "fill-form", "Find books"))
    wanted = asking.verifier.params["of"][0]["params"]["query"]["words"].replace(" ", "+")
    assert passes(asking.verifier, Evidence(url=f"{site.url}find?words={wanted}"))
    assert not passes(asking.verifier, Evidence(url=f"{site.url}find?words={wanted}&order=newest"))
    assert not passes(asking.verifier, Evidence(url=f"{site.url}remember?words={wanted}"))
    assert not [c for c in generate(graph) if c.writes]
    assert not [c for c in generate(graph, allow_writes=True) if "Tidy up" in c.goal or "Peek" in c.goal]


MANY = "".join(f'<button formaction="/way/{n}" name="n" value="{n}">Way {n}</button>' for n in range(30))
ODD = f"""<title>Odd</title><form action="/kept"><input name="a"><button formmethod="patch">Odd method</button>
<button formaction="">Here</button><input type="image" alt="Picture" src="/none.png" formmethod="post"></form>
<form action="/many">{MANY}</form>"""


def odd(site: Served, asked: Asked) -> Reply:
    return Reply(body=ODD)


def test_odd_ways_and_too_many_are_bounded() -> None:
    async def run(url: str) -> tuple[Survey, dict[str, str]]:
        async with visitors(Site(url=url), count=1) as (visitor,):
            observation = await visitor.open(f"{url}page")
            return await survey(visitor.environment.context.page), {e.id: e.name for e in observation.elements}

    with served(odd) as site:
        found, names = asyncio.run(run(site.url))
    ways = {tuple(names[id_] for id_ in form.submits): (form.method, form.action) for form in found.forms}
    assert ways["Odd method",] == ("get", f"{site.url}kept")
    assert ways["Here",] == ("get", f"{site.url}page")
    assert ways["Picture",] == ("post", f"{site.url}kept")
    assert sum("/way/" in form.action for form in found.forms) == 4
    assert sorted(names[id_] for id_ in found.closed) == sorted(f"Way {n}" for n in range(4, 30))
