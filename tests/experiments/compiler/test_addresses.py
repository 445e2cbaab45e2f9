"""Which addresses are the page that is meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from browser_env.task import VerifierSpec
from experiments.compiler.addresses import anywhere_at, at, is_sound, other_slash, without, without_return
from experiments.compiler.families.reach import FAMILY
from experiments.compiler.generating import generate
from experiments.compiler.graph import SiteGraph
from experiments.compiler.page_names import page_names
from rewards.evidence import Evidence
from rewards.verifier import verify
from tests.experiments.compiler.building import beside, element, graph, state


def accepts(verifier: VerifierSpec, url: str) -> bool:
    return verify(verifier.name, verifier.params, Evidence(url=url)).success


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("http://site.test/list?a=1&b=2", True),
        ("http://site.test/list?b=2&a=1#row-7", True),
        ("http://site.test/list?a=1&b=2&c=3", False),
        ("http://site.test/list?a=1", False),
        ("http://site.test/list?a=1&b=3", False),
        ("http://site.test/list/more?a=1&b=2", False),
        ("http://site.test/list?a=1&b=2#/route", False),
    ],
)
def test_an_address_with_parameters_may_be_scrolled(url: str, fits: bool) -> None:
    assert accepts(at("http://site.test/list?a=1&b=2"), url) is fits


def test_an_address_without_parameters_may_be_scrolled() -> None:
    assert accepts(at("http://site.test/list"), "http://site.test/list#row-7")
    assert not accepts(at("http://site.test/list"), "http://site.test/list?a=1")


def test_a_slash_more_or_less_is_fine_where_it_may_be() -> None:
    for url in ("http://site.test/about", "http://site.test/about/", "http://site.test/about/?a=1#b"):
        assert accepts(anywhere_at("http://site.test/about", any_slash=True), url)
        assert accepts(anywhere_at("http://site.test/about/", any_slash=True), url)
    assert not accepts(anywhere_at("http://site.test/about"), "http://site.test/about/")
    assert not accepts(anywhere_at("http://site.test/about", any_slash=True), "http://site.test/about/us")
    assert accepts(anywhere_at("http://site.test/", any_slash=True), "http://site.test/")
    assert other_slash(other_slash("http://site.test/about")) == "http://site.test/about"


def test_two_pages_that_a_slash_tells_apart_stay_two() -> None:
    home = state("/", "Start", element("link", "About"), element("link", "List"))
    about, other = state("/about", "About", element("heading", "A")), state("/about/", "List", element("heading", "L"))
    made = generate(graph(home, about, other, links=[(0, "About", 1), (0, "List", 2)]))
    wanted = {c.target: c.verifier for c in made if c.family == FAMILY}
    assert not accepts(wanted[about.id], "http://site.test/about/")
    alone = generate(graph(home, replace(about), links=[(0, "About", 1)]))
    assert accepts(next(c.verifier for c in alone if c.family == FAMILY), "http://site.test/about/")


def wiki(*queries: str) -> SiteGraph:
    """Return a wiki whose pages are told apart by a parameter."""
    home = state("/wiki?id=start", "start [Our Wiki]", *[element("link", query) for query in queries])
    pages = [
        state(f"/wiki?id={query}", f"{query.split('&')[0]} [Our Wiki]", element("heading", query), beside("Of", query))
        for query in queries
    ]
    return graph(home, *pages, links=[(0, query, i + 1) for i, query in enumerate(queries)])


def test_what_all_titles_of_one_place_end_in_is_the_site() -> None:
    assert sorted(page_names(wiki("oak", "elm", "ash", "yew")).values()) == ["ash", "elm", "oak", "start", "yew"]


def test_a_page_with_several_addresses_is_reached_by_any_that_is_known() -> None:
    made = generate(wiki("oak", "oak&mark=tree", "elm", "ash", "yew"))
    (verifier,) = [c.verifier for c in made if c.family == FAMILY and "“oak”" in c.goal]
    assert accepts(verifier, "http://site.test/wiki?id=oak")
    assert accepts(verifier, "http://site.test/wiki?id=oak&mark=tree")
    assert not accepts(verifier, "http://site.test/wiki?id=elm")


def test_what_repeats_a_search_is_no_part_of_a_pages_address() -> None:
    assert without("/wiki?id=oak&s[]=Tree&do=show", frozenset(["tree"])) == "/wiki?id=oak&do=show"
    assert without("/wiki?q=tree", frozenset(["tree"])) == "/wiki?q=tree"
    assert without("/wiki?id=oak&s[]=tree%2A&t=%22tree%22&n=treetop", {"tree"}) == "/wiki?id=oak&n=treetop"
    assert without("/wiki", frozenset(["tree"])) == "/wiki"


def test_where_to_go_on_is_no_part_of_a_pages_address() -> None:
    assert without_return("/edit?next=%2Flist&id=3#top") == "/edit?id=3#top"
    assert without_return("/list?next=100&page=2") == "/list?next=100&page=2", "a cursor is no address"
    one = at("http://site.test/edit?_changelist_filters=staff%3D1&id=3")
    for url in ("edit?id=3", "edit?id=3&next=%2Flist", "edit?_changelist_filters=staff%3D0&id=3&return_to=/a#b"):
        assert accepts(one, f"http://site.test/{url}"), url
    for url in ("edit?id=4", "edit?_changelist_filters=staff%3D1", "edit?id=3&page=2", "edit?id=3&next=2"):
        assert not accepts(one, f"http://site.test/{url}"), url
    bare = at("http://site.test/add?_changelist_filters=staff%3D1")
    for url in ("add", "add?", "add?_changelist_filters=staff%3D1", "add?next=/a&back=%2Fb#c"):
        assert accepts(bare, f"http://site.test/{url}"), url
    assert not accepts(bare, "http://site.test/add?id=1")


def test_a_page_that_was_only_left_for_is_reached_by_any_way() -> None:
    home = state("/", "Start", element("link", "Add"))
    add = state("/add?_changelist_filters=staff%3D1", "Add", element("heading", "Add"))
    made = generate(graph(home, add, links=[(0, "Add", 1)]))
    (verifier,) = [c.verifier for c in made if c.family == FAMILY and c.target == add.id]
    assert accepts(verifier, "http://site.test/add")
    assert accepts(verifier, "http://site.test/add?_changelist_filters=staff%3D0")


@pytest.mark.parametrize(
    "url", ["http://[x", "http://a:b/", "http://a:99999/", "//a/b", "", "http://a]/", "http://[::1"]
)
def test_what_is_no_address(url: str) -> None:
    assert not is_sound(url)


@pytest.mark.parametrize("url", ["http://a/", "http://[::1]:80/x?y#z", "javascript:void 0", "mailto:a@b.test"])
def test_what_is_an_address(url: str) -> None:
    assert is_sound(url)
