import asyncio
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from browser_env.action import Check, Click, Press, Select, Type
from browser_env.errors import InfraError
from browser_env.snapshot.exchange import Snapshot
from browser_env.snapshot.recording import Recorder
from experiments.compiler.exploring import explore
from experiments.compiler.graph import SiteGraph
from experiments.compiler.leave import Leave
from experiments.compiler.site import Login, Site
from experiments.compiler.states import fingerprint
from experiments.compiler.target import Move, Target
from experiments.compiler.visiting import visitors
from tests.experiments.compiler.conftest import Explored
from tests.experiments.compiler.sites.guarded import guarded
from tests.experiments.compiler.sites.hostile import INJECTION
from tests.experiments.compiler.sites.serving import Asked, Reply, Served, Strict, served
from tests.experiments.compiler.sites.shop import shop

LOGIN = (
    Move(action=Type("e0", "anna"), target=Target(role="textbox", name="User")),
    Move(action=Type("e0", "open sesame"), target=Target(role="textbox", name="Password")),
    Move(action=Click("e0"), target=Target(role="button", name="Log in")),
)


def moves_made(graph: SiteGraph) -> Counter[str]:
    return Counter(edge.move.action.verb for edge in graph.edges)


# a classic site


def test_pages_of_each_kind_are_found(explored_shop: Explored) -> None:
    graph = explored_shop.graph
    assert graph.home.url == explored_shop.site.url
    assert graph.home.is_page
    for path in ("products", "stock", "contact", "about", "delivery", "product/1"):
        assert explored_shop.at(path)[0].is_page, path
    assert len(graph.states) == len({state.id for state in graph.states.values()})


def test_menus_tabs_sections_dialogs_and_sorting_make_states(explored_shop: Explored) -> None:
    def by(name: str) -> list[str]:
        return [s.url for s in explored_shop.graph.states.values() if any(_name(m) == name for m in s.path)]

    for name in ("More", "Measurements", "Care instructions", "Help", "News", "Product"):
        assert by(name), name
    news = next(s for s in explored_shop.graph.states.values() if s.observation.dialog is not None)
    assert news.observation.dialog is not None
    assert news.observation.dialog.message == "Read the news?"


def test_lists_boxes_and_searches_are_tried(explored_shop: Explored) -> None:
    made = moves_made(explored_shop.graph)
    assert all(made[action.verb] for action in (Select, Check, Type, Press, Click))
    found = [state for state in explored_shop.graph.states.values() if "/search?q=" in state.url and state.is_page]
    assert found


def test_clocks_and_tokens_make_no_states(explored_shop: Explored) -> None:
    pages = Counter(state.url for state in explored_shop.graph.states.values() if state.is_page)
    assert set(pages.values()) == {1}


def test_nothing_is_written_and_nobody_logs_out(explored_shop: Explored) -> None:
    assert explored_shop.site.changes == []
    assert not any(asked.path.startswith("/logout") for asked in explored_shop.site.log)
    assert explored_shop.graph.refused["logs out"]
    assert explored_shop.graph.refused["submits a form that may change the site"]


def test_forms_and_facts_are_kept_with_their_states(explored_shop: Explored) -> None:
    product, contact = explored_shop.at("product/1")[0], explored_shop.at("contact")[0]
    assert ("Oak Table", "price", "57.00") in {(fact.subject, fact.label, fact.value) for fact in product.facts}
    assert ("", "Category", "Living room") in {(fact.subject, fact.label, fact.value) for fact in product.facts}
    form = next(form for form in contact.forms if form.action.endswith("/contact"))
    assert all(contact.observation.element(control.id) is not None for control in form.controls)


def test_links_to_known_pages_are_edges(explored_shop: Explored) -> None:
    stock, home = explored_shop.at("stock")[0], explored_shop.graph.home
    assert any(edge.source == stock.id and edge.target == home.id for edge in explored_shop.graph.edges)
    assert next(explored_shop.graph.routes(home.id, explored_shop.at("about")[0].id))


def test_states_are_found_again_by_their_paths(explored_shop: Explored) -> None:
    states = [state for state in explored_shop.graph.states.values() if state.observation.dialog is None]
    chosen = [*states[:3], *[state for state in states if state.path][:5]]

    async def again() -> list[str]:
        async with visitors(Site(url=explored_shop.site.url), count=1) as (visitor,):
            visits = [await visitor.play(state.start, state.path) for state in chosen]
            return [fingerprint(visit.observations[-1]) for visit in visits]

    assert asyncio.run(again()) == [state.id for state in chosen]


def test_progress_is_told_for_every_state(explored_shop: Explored) -> None:
    assert [step.states for step in explored_shop.progress] == list(range(1, len(explored_shop.graph.states) + 1))


def test_limits_hold(explored_shop: Explored) -> None:
    pages = sum(state.is_page for state in explored_shop.graph.states.values())
    assert pages <= 20 + 8  # each visitor may be about to find one, and its sibling
    assert len(explored_shop.graph.states) <= 3 * 20 + 4


# a single-page application


def test_an_applications_routes_are_pages(explored_notes: Explored) -> None:
    assert explored_notes.at("#/settings")[0].is_page
    assert explored_notes.at("#/note/1")[0].is_page
    assert explored_notes.at("#/note/1")[0].facts


def test_an_application_is_searched_and_filtered(explored_notes: Explored) -> None:
    made = moves_made(explored_notes.graph)
    assert all(made[action.verb] for action in (Select, Press))


def test_what_would_change_the_application_is_noted_and_not_sent(explored_notes: Explored) -> None:
    writing = [edge for edge in explored_notes.graph.edges if edge.writes]
    assert {"Add note", "Done"} <= {_name(edge.move) for edge in writing}
    assert all(edge.source == edge.target and edge.sent for edge in writing)
    assert any(sent.method == "PATCH" and sent.fields for edge in writing for sent in edge.sent)
    assert explored_notes.site.changes == []


def test_controls_without_a_form_are_a_form(explored_notes: Explored) -> None:
    (form,) = explored_notes.graph.home.forms
    assert (form.method, form.action, form.submits) == ("", "", ())
    assert {control.label for control in form.controls} == {"Show", "Find notes", "New note"}


def test_a_recorder_keeps_what_was_served(explored_notes: Explored) -> None:
    assert explored_notes.snapshot is not None
    asked = {exchange.request.url for exchange in explored_notes.snapshot.exchanges}
    assert f"{explored_notes.site.url}api/notes/1" in asked
    assert explored_notes.site.url in explored_notes.snapshot.pages


# a hostile site


def test_traps_are_bounded_and_counted(explored_trap: Explored) -> None:
    graph = explored_trap.graph
    calendar = [state for state in graph.states.values() if "/calendar/" in state.url]
    assert 2 <= len(calendar) <= 14
    assert sum(state.observation.dialog is not None for state in graph.states.values()) <= 8
    assert graph.refused["answers with an error (500)"] == 1
    assert graph.refused["leaves the site"]
    assert graph.refused["one more of a kind"]
    assert explored_trap.site.changes == []


def test_a_huge_table_and_prompts_in_the_page_are_just_pages(explored_trap: Explored) -> None:
    (huge, *_), (words, *_) = explored_trap.at("huge"), explored_trap.at("words")
    assert huge.observation.truncated
    assert words.is_page
    assert any(element.name == INJECTION for element in words.observation.elements)


def test_a_page_that_breaks_scripts_is_surveyed_all_the_same(explored_trap: Explored) -> None:
    (form,) = explored_trap.at("prototypes")[0].forms
    assert [control.key for control in form.controls] == ["elements", "action", "method", "id"]
    assert form.method == "get"


# pages that grow


def endless(site: Served, asked: Asked) -> Reply:
    """A list that gets more entries whenever one comes to its end, and one that does not."""
    grows = "onscroll = () => { if (scrollY + innerHeight >= document.body.scrollHeight - 9) add(); };"
    script = f"""
      function add() {{ for (let i = 0; i < 60; i++) list.append(Object.assign(document.createElement("li"),
        {{ textContent: "Entry " + list.children.length }})); }}
      const list = document.querySelector("ul"); add(); {grows if asked.path == "/" else ""}"""
    link = "<a href=/whole>Whole</a><a href=/>Home</a><button>Other</button>"
    return Reply(body=f"<title>{asked.path}</title><h1>Entries</h1>{link}<ul></ul><script>{script}</script>")


def test_a_page_that_grows_at_its_end_is_known_to_go_on() -> None:
    with served(endless) as site:
        graph = asyncio.run(explore(Site(url=site.url), max_pages=2, minutes=1, visitors=1))
    goes_on = {state.title: state.goes_on for state in graph.states.values() if state.is_page}
    assert goes_on == {"/": True, "/whole": False}


# limits and logins


def test_a_first_page_that_fails_is_an_error() -> None:
    with pytest.raises(InfraError, match="did not load"):
        asyncio.run(explore(Site(url="http://127.0.0.1:9/"), max_pages=3, minutes=1, visitors=1))
    with served(shop) as site, pytest.raises(InfraError, match="404"):
        asyncio.run(explore(Site(url=f"{site.url}nowhere"), max_pages=3, minutes=1, visitors=1))


def test_time_is_kept_and_places_are_kept_out_of() -> None:
    with served(shop) as site:
        asked = Site(url=site.url, keep_out=(r"/products", r"/contact$"))
        graph = asyncio.run(explore(asked, max_pages=1000, minutes=0.04, visitors=1))
        assert graph.minutes < 0.5
        assert graph.refused["is kept out of"]
        assert not any(asked.path.startswith(("/products", "/contact")) for asked in site.log)


@pytest.mark.parametrize("by", ["robots.txt", "keep-out"])
def test_closed_forms_and_links_are_neither_sent_nor_kept(by: str) -> None:
    closed = ("/search", "/contact", "/stock")
    with served(shop) as site:
        asked = Site(url=site.url, keep_out=closed if by == "keep-out" else ())
        leave = Leave(asked, Strict(*closed) if by == "robots.txt" else None)
        graph = asyncio.run(explore(asked, max_pages=8, minutes=1, visitors=1, leave=leave))
        assert not any(asked.path.startswith(closed) for asked in site.log)
    assert graph.refused["is closed by robots.txt" if by == "robots.txt" else "is kept out of"]
    forms = [form for state in graph.states.values() for form in state.forms]
    assert forms
    assert not any("/search" in form.action for form in forms)


def test_a_login_opens_each_profile_and_its_secret_stays_out() -> None:
    with served(guarded) as site:
        login = Login(url=f"{site.url}login", moves=LOGIN)
        graph = asyncio.run(explore(Site(url=site.url, login=login), max_pages=5, minutes=1, visitors=1))
        logins = sum(asked.method == "POST" for asked in site.log)
    assert {state.title for state in graph.states.values()} == {"Desk", "Letters"}
    assert graph.refused["is logged out"]
    assert graph.refused["logs out"]
    assert logins > 1
    assert "sesame" not in repr(graph)
    assert all(state.evidence.sent == () for state in graph.states.values())


def bouncing(site: Served, asked: Asked) -> Reply:
    """A site whose login goes on to where one came from, with a page that logs out under a harmless name."""
    path = urlsplit(asked.path).path
    if path == "/login/":
        return guarded(site, replace(asked, path="/login"))
    if "session=let-me-in" not in asked.cookie:
        return Reply(body="", status=303, headers=(("Location", f"/login/?next={path}"),))
    gone = (("Set-Cookie", "session=; Path=/; Max-Age=0"),) if path == "/tea" else ()
    links = "".join(f'<a href="{link}">{link}</a> ' for link in ("/tea", *(f"/letter-{n}-of-mine" for n in "abcdef")))
    return Reply(body=f"<title>{path}</title><h1>{path}</h1>{links}", headers=gone)


def test_a_profile_that_was_logged_out_is_not_used_again() -> None:
    with served(bouncing) as site:
        login = Login(url=f"{site.url}login/", moves=LOGIN)
        graph = asyncio.run(explore(Site(url=site.url, login=login), max_pages=9, minutes=1, visitors=1))
    assert {state.title for state in graph.states.values()} == {
        "/",
        "/tea",
        *(f"/letter-{n}-of-mine" for n in "abcdef"),
    }
    assert "is not found again" not in graph.refused


@pytest.mark.parametrize(
    ("login", "url", "same"),
    [
        ("/login/", "/login/?next=/x", True),
        ("/login", "/login/", True),
        ("/index.php?title=Login", "/index.php?title=Login&returnto=Main", True),
        ("/index.php?title=Login", "/index.php?title=Main", False),
        ("/#/login", "/#/login?next=x", True),
        ("/#/login", "/#/desk", False),
        ("/login", "/login/help", False),
    ],
)
def test_the_login_is_known_wherever_it_goes_on(login: str, url: str, same: bool) -> None:
    base = "http://a.test"
    assert Site(url=base, login=Login(url=base + login, moves=())).is_login(base + url) is same


def test_what_is_seen_behind_a_login_is_recorded_and_its_secret_is_not() -> None:
    recorder = Recorder()

    async def record(site: Served) -> Snapshot:
        login = Login(url=f"{site.url}login", moves=LOGIN)
        await explore(Site(url=site.url, login=login), max_pages=5, minutes=1, visitors=1, recorder=recorder)
        return await recorder.snapshot()

    with served(guarded) as site:
        snapshot = asyncio.run(record(site))
        pages = {exchange.request.url for exchange in snapshot.exchanges if exchange.response.status == 200}
        assert {site.url, f"{site.url}letters"} <= pages
    assert not any(exchange.request.method == "POST" for exchange in snapshot.exchanges)
    everything = f"{snapshot.exchanges} {snapshot.bodies}"
    assert "sesame" not in everything
    assert "let-me-in" not in everything


def _name(move: Move) -> str:
    return move.target.name if move.target else ""
