"""What a survey reads of a page, and that it changes nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from browser_env.observation import Observation
from experiments.compiler.graph import Control, Fact, Form
from experiments.compiler.site import Site
from experiments.compiler.surveying import Survey, survey
from experiments.compiler.visiting import visitors
from rewards.evidence import Evidence
from tests.experiments.compiler.sites.serving import Asked, Reply, Served, served

PAGE = """<!DOCTYPE html><title>Order</title>
<script type="application/ld+json">{"@type": "Product", "name": "Oak Table", "sku": "T-1",
 "offers": [{"@type": "Offer", "price": 57, "seller": {"name": "Lund", "city": "Lund"}}]}</script>
<script type="application/ld+json">{broken</script>
<div itemscope><b itemprop="name">Pine Lamp</b><time itemprop="made" datetime="2024-01-02">January</time>
<div itemprop="maker" itemscope><i itemprop="name">Bo</i></div></div>
<dl><dt>Weight</dt><dd>3 kg</dd><div><dt>Colour</dt><dd>Blue</dd></div><dt>Hidden</dt><dd hidden>secret</dd></dl>
<form action="/order" method="post">
<label>Name <input name="name" required maxlength="40" pattern="[A-Z].*"></label>
<label>Day <input name="day" type="date" min="2024-01-01" max="2024-12-31"></label>
<label>Size <select name="size"><option value="">Choose</option><option value="s">Small</option>
<option disabled>Gone</option></select></label>
<label><input type="radio" name="by" value="mail"> By mail</label>
<label><input type="radio" name="by" value="van"> By van</label>
<input type="hidden" name="token" value="x"><input name="locked" readonly><input name="off" disabled>
<label>Town <input name="town" list="towns"></label><datalist id="towns"><option value="Lund"></datalist>
<button>Order</button><button type="button">Nothing</button><input type="reset"></form>
<button form="find">Find</button><form id="find"><input name="method"><input name="action"></form>
<label>Alone <input id="alone" type="number" step="5"></label>
<form action="/issue"><table><tr><th>Kind</th><td><select name="kind"><option>Bug</option></select></td>
<th>State</th><td><input name="state"></td></tr></table><button>Keep</button></form>
<a href="/a">A</a> <a href="/b" download>B</a> <a href="javascript:void 0">C</a>
<iframe srcdoc="<form action=/inner><input name=inside><button>Go</button></form>"></iframe>
"""
ODD = f"""<!DOCTYPE html><title>Odd</title><a href="http://[x">Broken</a> <a href="/{"x" * 3000}">Long</a>
<a href="http://a:b/">Port</a> <a href="/whole">Whole</a>
<form action="http://[x"><input name="a"><button>Broken form</button></form>
<form action="/{"y" * 3000}"><input name="b"><button>Long form</button></form>
<form action="/{"z" * 1500}"><input name="c"><button>Whole form</button></form>"""
ROWS = "<tr><td>a</td></tr><tr><td>b</td></tr>"
PARTS = {
    "/part/rows": f"<table aria-rowcount=300>{ROWS}</table>",
    "/part/unknown": f"<table aria-rowcount=-1>{ROWS}</table>",
    "/part/feed": "<div role=feed><div role=article>a</div></div>",
    "/part/busy": f"<table aria-busy=true>{ROWS}</table>",
    "/part/list": "<ul><li aria-setsize=9>a</li><li aria-setsize=9>b</li></ul>",
    "/whole/rows": f"<table aria-rowcount=2>{ROWS}</table>",
    "/whole/list": "<ul><li aria-setsize=2>a</li><li aria-setsize=2>b</li></ul>",
    "/whole/odd": f"<table aria-rowcount=many aria-busy=false>{ROWS}</table>",
}
HUGE = "<form>" + "".join(f"<input name=i{n}><a href=/{n}>{n}</a>" for n in range(5000)) + "</form>"
HUGE += "<dl>" + "".join(f"<dt>T{n}</dt><dd>V{n}</dd>" for n in range(5000)) + "</dl>"


def app(site: Served, asked: Asked) -> Reply:
    return Reply(body={"/huge": HUGE, "/odd": ODD, **PARTS}.get(asked.path, PAGE))


@dataclass(frozen=True, kw_only=True)
class Read:
    observation: Observation
    evidence: Evidence
    survey: Survey
    same: bool  # whether the document is after the survey what it was before

    def names(self, *ids: str) -> list[str]:
        elements = (self.observation.element(id_) for id_ in ids)
        return [element.name for element in elements if element is not None]


async def _read(url: str) -> Read:
    async with visitors(Site(url=url), count=1) as (visitor,):
        observation, evidence = await visitor.open(url), visitor.environment.evidence
        page = visitor.environment.context.page
        before = await page.evaluate("document.documentElement.outerHTML", isolated=True)
        found = await survey(page)
        after = await page.evaluate("document.documentElement.outerHTML", isolated=True)
    return Read(observation=observation, evidence=evidence, survey=found, same=before == after)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(app) as site:
        yield site.url


@pytest.fixture(scope="module")
def page(address: str) -> Read:
    return asyncio.run(_read(address))


def form(page: Read, action: str) -> Form:
    return next(form for form in page.survey.forms if form.action.endswith(action))


def test_nothing_is_changed(page: Read) -> None:
    assert page.same
    assert page.evidence.status == 200


def test_a_forms_controls_with_their_constraints(page: Read) -> None:
    order = form(page, "/order")
    name, day, size, by, town = order.controls
    assert order.method == "post"
    assert page.names(*order.submits) == ["Order"]
    assert name == Control(
        id=name.id, kind="text", key="name", label="Name", required=True, pattern="[A-Z].*", max_length=40
    )
    assert (day.kind, day.min, day.max) == ("date", "2024-01-01", "2024-12-31")
    assert size.options == (("", "Choose"), ("s", "Small"))
    assert (by.kind, by.key, by.options) == ("radio", "by", (("mail", "By mail"), ("van", "By van")))
    assert town.options == (("Lund", "Lund"),)
    assert page.names(name.id, size.id) == ["Name", "Size"]


def test_controls_without_names_are_called_as_the_headers_of_their_rows(page: Read) -> None:
    kept = form(page, "/issue")
    assert [(control.key, control.label) for control in kept.controls] == [("kind", "Kind"), ("state", "State")]
    assert page.names(*[control.id for control in kept.controls]) == ["", ""]


def test_a_form_whose_fields_shadow_its_properties(page: Read) -> None:
    find = next(form for form in page.survey.forms if [c.key for c in form.controls] == ["method", "action"])
    assert (find.method, page.names(*find.submits)) == ("get", ["Find"])


def test_controls_that_belong_to_no_form(page: Read) -> None:
    alone = next(form for form in page.survey.forms if form.method == "")
    assert [(control.key, control.kind, control.step) for control in alone.controls] == [("alone", "number", "5")]


def test_a_frames_form_has_ids_of_the_observation(page: Read) -> None:
    inner = form(page, "/inner")
    assert page.observation.element(inner.controls[0].id) is not None
    assert page.names(*inner.submits) == ["Go"]


def test_facts(page: Read) -> None:
    facts = set(page.survey.facts)
    expected = {
        *(("Oak Table", "sku", "T-1"), ("Oak Table", "price", "57"), ("Lund", "city", "Lund")),
        *(("Pine Lamp", "made", "2024-01-02"), ("Bo", "name", "Bo")),
        *(("", "Weight", "3 kg"), ("", "Colour", "Blue")),
    }
    assert {Fact(subject=subject, label=label, value=value) for subject, label, value in expected} <= facts
    assert not any(fact.value == "secret" for fact in facts)


def test_links(page: Read, address: str) -> None:
    links = {link.url: link.download for link in page.survey.links.values()}
    assert links == {f"{address}a": False, f"{address}b": True, "javascript:void 0": False}


def test_a_huge_page_is_bounded(address: str) -> None:
    huge = asyncio.run(_read(f"{address}huge"))
    assert sum(len(form.controls) for form in huge.survey.forms) <= 120
    assert len(huge.survey.facts) <= 400
    assert len(huge.survey.links) <= 1000


def test_addresses_that_are_none_or_too_long_are_left_out() -> None:
    with served(app) as site:
        odd = asyncio.run(_read(f"{site.url}odd"))
    assert [link.url for link in odd.survey.links.values()] == [f"{site.url}whole"]
    assert [form.action for form in odd.survey.forms] == [f"{site.url}{'z' * 1500}"]
    lost = {"Broken", "Long", "Port", "Broken form", "Long form"}
    assert set(odd.names(*odd.survey.closed)) == lost


@pytest.mark.parametrize("path", PARTS)
def test_what_says_that_it_is_a_part_goes_on(path: str) -> None:
    with served(app) as site:
        read = asyncio.run(_read(site.url.rstrip("/") + path))
    assert read.survey.goes_on is path.startswith("/part")
