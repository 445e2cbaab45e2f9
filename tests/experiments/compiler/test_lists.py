"""What is read of a page's lists and headings, and asked about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from browser_env.action import Answer
from experiments.compiler.candidate import Candidate
from experiments.compiler.generating import generate
from experiments.compiler.graph import State
from experiments.compiler.lists import lists, successions
from experiments.compiler.reading import goes_on
from tests.experiments.compiler.building import element, graph, state

TREES = ("Oak", "Beech", "Lime", "Elm", "Yew")


def park(*more: str) -> State:
    return state(
        "/park",
        "The park",
        element("heading", "Trees"),
        *[element("link", name) for name in TREES],
        element("heading", "Birds"),
        *[element("listitem", name) for name in ("Heron", "Wren", "Owl")],
        element("heading", "Rules"),
        element("paragraph", "Keep to the paths."),
        *[element("link", name) for name in more],
    )


def answers(made: list[Candidate], *words: str) -> set[str]:
    found = set()
    for candidate in made:
        last = candidate.golden[-1].action
        if isinstance(last, Answer) and all(word in candidate.goal for word in words):
            found.add(last.text)
    return found


def test_lists_are_read_under_their_headings() -> None:
    found = [(item.section, item.is_first, item.entries) for item in lists(park().observation)]
    assert found == [("Trees", True, TREES), ("Birds", False, ("Heron", "Wren", "Owl"))]


def test_a_list_is_of_the_text_right_above_it_and_of_no_heading_in_another_column() -> None:
    lines = [element("heading", "Oslo"), element("b", "Trees"), *[element("link", name) for name in TREES]]
    page = state("/park", "The park", *lines).observation
    assert [(item.section, item.is_first) for item in lists(page)] == [("Trees", False)]
    twice = state("/park", "The park", *lines, element("paragraph", "Trees")).observation
    assert lists(twice) == [], "nobody can tell which"
    apart = tuple(replace(e, box=(400.0, 0.0, 200.0, 20.0)) if e.role == "heading" else e for e in page.elements)
    assert lists(replace(page, elements=apart)) == []
    far = tuple(replace(e, box=(0.0, -200.0, 90.0, 20.0)) if e.role == "heading" else e for e in page.elements)
    assert lists(replace(page, elements=far)) == [], "a heading that cannot be seen"


def test_what_is_beside_or_among_links_is_no_list() -> None:
    page = park().observation
    aside = tuple(replace(e, box=(100.0, *e.box[1:])) if e.name == "Lime" else e for e in page.elements)
    assert [item.section for item in lists(replace(page, elements=aside))] == ["Birds"]
    hidden = tuple(replace(e, box=(-9999.0, 0.0, 1.0, 1.0)) if e.name == "Trees" else e for e in page.elements)
    assert [item.section for item in lists(replace(page, elements=hidden))] == ["Birds"]
    assert lists(replace(page, truncated=True)) == []
    twice = tuple(replace(e, name="Trees") if e.name == "Birds" else e for e in page.elements)
    assert lists(replace(page, elements=twice)) == []


def test_entries_are_counted_compared_and_asked_for() -> None:
    made = generate(graph(park()))
    assert answers([c for c in made if c.family == "aggregate"], "“Trees”") == {"5"}
    assert answers([c for c in made if c.family == "compare"], "“Trees”", "“Birds”") == {"2"}
    assert {"Oak", "Yew"} <= answers(made, "“Trees”")
    assert not {"Heron", "Owl"} & answers(made, "“Birds”")  # of three, which is easily guessed


def test_the_list_of_a_page_that_goes_on_is_not_counted() -> None:
    made = [c for c in generate(graph(park("Next"))) if c.family == "aggregate"]
    assert not answers(made, "“Trees”")
    assert not answers(made, "“Birds”"), "which of its lists goes on is not known"


def test_what_many_pages_have_is_not_asked_about() -> None:
    pages = [replace(park(), id=f"p{i}", url=f"http://site.test/{i}", title=f"Park {'abcdefg'[i]}") for i in range(7)]
    made = generate(graph(*pages))
    assert not [c for c in made if "list under" in c.goal or "heading" in c.goal]


def test_headings_that_follow_each_other_are_asked_for() -> None:
    assert successions(park().observation) == [("Trees", "Birds"), ("Birds", "Rules")]
    assert answers(generate(graph(park())), "heading", "“Birds”") == {"Rules"}
    numbered = state("/", "", element("heading", "1. Sow"), element("heading", "2. Water"), element("heading", "End:"))
    assert successions(numbered.observation) == []


@pytest.mark.parametrize(
    ("names", "is_part"),
    [
        (("1", "2", "3"), True),
        (("2", "4"), False),
        (("2 ›",), True),
        (("Weiter »",), True),
        (("Show all",), True),
        (("View all 40 results",), True),
        (("View all prices of trees",), False),
        (("Read on →",), False),
    ],
)
def test_links_to_further_pages_are_known(names: tuple[str, ...], is_part: bool) -> None:
    shown = state("/trees", "Trees", *(element("link", name) for name in names), element("link", "Home"))
    assert goes_on(shown.observation) is is_part
