"""What comes next while a site is explored, and what of a kind that was closed is opened again."""

from __future__ import annotations

import asyncio

from browser_env.action import Click
from experiments.compiler.exploring import explore
from experiments.compiler.frontier import MAX_ROUNDS, PAGES_OF_A_KIND, TRIES, Frontier
from experiments.compiler.offering import Offer
from experiments.compiler.site import Site
from experiments.compiler.target import Move, Target
from tests.experiments.compiler.sites.serving import Asked, Reply, Served, page, served


def link(number: int, *, kind: str = "link /thing/#") -> Offer:
    move = Move(action=Click("e0"), target=Target(role="link", name=f"Thing {number}"))
    return Offer(state="home", moves=(move,), kind=kind, url=f"http://site.test/{kind.split()[1]}/{number}")


def take_all(frontier: Frontier) -> int:
    taken = 0
    while frontier.take("home") is not None:
        taken += 1
    return taken


def test_more_of_a_kind_are_followed_when_nothing_else_is_left() -> None:
    frontier = Frontier()
    frontier.add([link(number) for number in range(20)], depth=0)
    assert take_all(frontier) == PAGES_OF_A_KIND
    assert frontier.dropped == 20 - PAGES_OF_A_KIND
    assert frontier.reopen()
    assert take_all(frontier) == 20 - PAGES_OF_A_KIND
    assert frontier.dropped == 0
    assert not frontier.reopen()


def test_what_has_no_end_is_followed_a_bounded_number_of_times() -> None:
    frontier = Frontier()
    frontier.add([link(0)], depth=0)
    taken, rounds = 0, 0
    while True:
        while frontier.take("home") is not None:
            taken += 1
            frontier.add([link(number) for number in range(taken * 3, taken * 3 + 3)], depth=0)
        if not frontier.reopen():
            break
        rounds += 1
    assert rounds == MAX_ROUNDS
    assert taken == PAGES_OF_A_KIND * (1 + MAX_ROUNDS)
    assert frontier.dropped


def test_kinds_that_have_nothing_to_offer_and_moves_within_pages_stay_closed() -> None:
    frontier = Frontier()
    frontier.spoil("link /maze/#")
    frontier.add([link(number, kind="link /maze/#") for number in range(9)], depth=0)
    press = Move(action=Click("e1"), target=Target(role="button", name="More"))
    frontier.add([Offer(state="home", moves=(press,), kind=f"t{n} click button More") for n in range(9)], depth=0)
    frontier.add([Offer(state="home", moves=(press,), kind="t click button Less") for _ in range(9)], depth=0)
    take_all(frontier)
    assert frontier.dropped > TRIES
    assert not frontier.reopen()


def catalogue(site: Served, asked: Asked) -> Reply:
    """Twenty pages of one kind."""
    if asked.path == "/":
        links = "".join(f'<p><a href="/thing/{number}">Thing {number}</a></p>' for number in range(20))
        return page("Catalogue", f"<h1>Catalogue</h1>{links}")
    return page(f"{asked.path}", f"<h1>{asked.path}</h1><p>All about it.</p>")


def test_a_site_of_one_kind_is_explored_to_its_end_and_no_further_than_asked() -> None:
    for asked, found in ((40, 21), (16, 16)):
        with served(catalogue) as site:
            graph = asyncio.run(explore(Site(url=site.url), max_pages=asked, minutes=1, visitors=1))
        assert sum(state.is_page for state in graph.states.values()) == found
