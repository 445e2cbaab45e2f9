"""What is offered in a state, and what is left alone because of its name or where it leads."""

from dataclasses import replace

import pytest

from browser_env.action import Dialog
from browser_env.observation import Dialog as DialogShown
from experiments.compiler.consequences import why_not
from experiments.compiler.graph import Control, Form, State
from experiments.compiler.offering import Offers, offers_of
from experiments.compiler.site import Site
from experiments.compiler.surveying import Link, Survey
from tests.experiments.compiler.building import ORIGIN, element, state

SITE = Site(url=f"{ORIGIN}/", keep_out=("/private",))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Archive", "/archive"),
        ("Published books", "/books/published"),
        ("Votes", "/votes"),
        ("Restore a backup", "/docs/restore"),
        ("Buy", "/buy"),
        ("Filter", "/list?status=archive"),
    ],
)
def test_links_that_only_sound_like_it_are_followed(name: str, path: str) -> None:
    assert why_not(name, ORIGIN + path, SITE, link=True) == ""


@pytest.mark.parametrize(
    "path", ["/post?action=publish&id=3", "/node?do=archive", "/votes/3/upvote", "/item?restore=7", "/post/3/delete"]
)
def test_links_that_ask_for_something_to_be_done_are_not(path: str) -> None:
    assert why_not("Go", ORIGIN + path, SITE, link=True)
    assert not why_not("Go", ORIGIN + path, Site(url=SITE.url, allow_writes=True), link=True)


@pytest.mark.parametrize("name", ["Approve", "Publish now", "Checkout", "Buy", "Pay $5", "Reset", "Roll back"])
def test_buttons_called_so_are_not_pressed(name: str) -> None:
    assert why_not(name, "", SITE)


@pytest.mark.parametrize("name", ["Payments", "Published", "Clear filters", "Reset all filters", "Voters", "Buyer", ""])
def test_other_buttons_are(name: str) -> None:
    assert why_not(name, "", SITE) == ""


def offered(action: str, *, button: str = "Go") -> Offers:
    shown: State = state(
        "/here",
        "Here",
        element("searchbox", "Find", states=("editable",)),
        element("button", button, states=("clickable",)),
    )
    field = Control(id="e1", kind="search", key="q", label="Find")
    form = Form(method="get", action=ORIGIN + action, controls=(field,), submits=("e2",))
    return offers_of(shown, Survey(forms=(form,)), SITE)


def test_a_search_is_offered_with_where_it_leads() -> None:
    found = offered("/find").offers
    assert [offer.searches for offer in found] == [True, False]
    assert {offer.action for offer in found} == {f"{ORIGIN}/find"}


@pytest.mark.parametrize(
    ("action", "button"), [("/private", "Go"), ("/users/delete", "Go"), ("/find", "Delete"), ("/x?action=buy", "Go")]
)
def test_a_form_is_judged_by_its_button_and_its_address(action: str, button: str) -> None:
    found = offered(action, button=button)
    assert found.offers == ()
    assert found.refused


def test_what_leads_to_no_sound_address_is_not_clicked() -> None:
    shown = state("/", "Here", element("link", "Broken", states=("clickable",)), element("button", "Go"))
    found = offers_of(shown, Survey(closed={"e1": "leads to no sound address"}), SITE)
    assert found.offers == ()
    assert found.refused == {"leads to no sound address": 1}


@pytest.mark.parametrize("role", ["link", "button", "menuitem", "tab"])
def test_a_link_is_judged_by_its_address_whatever_it_is_called(role: str) -> None:
    shown = state("/", "Here", *(element(role, name, states=("clickable",)) for name in ("✕", "Leave", "Zip", "News")))
    paths = ("/items/3/delete", "/logout", "/private/all.zip", "/news")
    survey = Survey(links={f"e{i}": Link(url=ORIGIN + path) for i, path in enumerate(paths, 1)})
    found = offers_of(shown, survey, SITE)
    assert [offer.url for offer in found.offers] == [f"{ORIGIN}/news"]
    assert sum(found.refused.values()) == 3


@pytest.mark.parametrize(
    ("kind", "message", "answers"),
    [
        ("confirm", "Really delete all?", [False]),
        ("confirm", "Go on?", [True, False]),
        ("alert", "Deleted", [True, False]),
    ],
)
def test_a_dialog_that_asks_to_delete_is_dismissed(kind: str, message: str, answers: list[bool]) -> None:
    shown = state("/", "Here")
    asked = DialogShown(kind=kind, message=message)
    asking = replace(shown, observation=replace(shown.observation, dialog=asked))
    found = offers_of(asking, Survey(), SITE).offers
    assert [offer.moves[0].action for offer in found] == [Dialog(accept=accept) for accept in answers]
