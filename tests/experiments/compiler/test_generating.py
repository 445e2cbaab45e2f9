"""What all candidates have in common, and the first families."""

from __future__ import annotations

import re

import pytest

from browser_env.action import Answer
from experiments.compiler.candidate import Candidate
from experiments.compiler.generating import generate
from experiments.compiler.graph import Fact, SiteGraph
from rewards.evidence import Evidence
from rewards.match import normalised_text
from rewards.verifier import verify
from tests.experiments.compiler.building import beside, element, graph, state, table

SHOP_ROWS = (
    ("Oak chair", "120", "Seats", "3"),
    ("Pine table", "250", "Tables", "1"),
    ("Steel lamp", "75", "Lights", "12"),
    ("Red stool", "40", "Seats", "7"),
    ("Glass desk", "310", "Tables", "2"),
)
COLUMNS = ("Product", "Price", "Kind", "Stock")


def shop() -> SiteGraph:
    home = state(
        "/",
        "Welcome - Fine Shop",
        element("heading", "Fine Shop"),
        [element("link", "Furniture"), element("link", "About us")],
    )
    furniture = state(
        "/furniture",
        "Furniture - Fine Shop",
        element("heading", "Furniture"),
        element("link", "Home"),
        *table(COLUMNS, *SHOP_ROWS),
    )
    about = state(
        "/about",
        "About us - Fine Shop",
        element("heading", "About us"),
        beside("Opening year", "1987"),
        beside("Town", "Aarhus"),
        facts=(
            Fact(subject="", label="Owner", value="Mette Holm"),
            Fact(subject="", label="Hidden", value="not shown"),
        ),
    )
    return graph(home, furniture, about, links=[(0, "Furniture", 1), (0, "About us", 2), (1, "Home", 0)])


def answered(candidates: list[Candidate], pattern: str) -> list[str]:
    found = []
    for candidate in candidates:
        last = candidate.golden[-1].action
        if re.search(pattern, candidate.goal) and isinstance(last, Answer):
            found.append(last.text)
    return found


def test_a_cell_is_asked_for_by_its_row_and_column() -> None:
    made = generate(shop())
    assert "250" in answered(made, "“Price”.*“Pine table”|“Pine table”.*“Price”")
    assert "12" in answered(made, "“Steel lamp”")
    assert "Lights" not in answered(made, "“Steel lamp”")  # of three kinds, which are easily guessed


def test_values_beside_labels_are_asked_for() -> None:
    assert answered(generate(shop()), "“Opening year”") == ["1987"]


def test_a_fact_that_is_not_shown_is_not_asked_for() -> None:
    assert not answered(generate(shop()), "Hidden")


def test_the_row_with_the_highest_value_is_asked_for() -> None:
    assert answered(generate(shop()), "(highest|greatest) “Price”.*“Product”|“Product”.*highest “Price”") == [
        "Glass desk"
    ]


def test_rows_are_counted_by_a_value() -> None:
    assert answered(generate(shop()), "“Seats”") == ["2"]


def test_pages_are_reached_by_their_names() -> None:
    reached = [candidate for candidate in generate(shop()) if candidate.family == "reach"]
    assert {re.findall("“(.*)”", candidate.goal)[0] for candidate in reached} >= {"Furniture", "About us"}
    furniture = next(candidate for candidate in reached if "Furniture" in candidate.goal)
    for path, success in (("/furniture", True), ("/furniture#top", True), ("/furniture/old", False), ("/", False)):
        evidence = Evidence(url=f"http://site.test{path}")
        assert verify(furniture.verifier.name, furniture.verifier.params, evidence).success is success


@pytest.mark.parametrize("made", [shop()])
def test_every_candidate_holds_what_all_must(made: SiteGraph) -> None:
    candidates = generate(made)
    assert candidates == generate(made)
    for candidate in candidates:
        last = candidate.golden[-1].action
        assert made.states[candidate.start].is_page
        assert "://" not in candidate.goal
        assert not re.search(r"\be\d+\b", candidate.goal)
        if isinstance(last, Answer):
            assert normalised_text(last.text) not in re.split(r"[“”?., ]", normalised_text(candidate.goal))
            assert last.text not in candidate.decoys


def test_what_is_done_at_its_start_is_no_task() -> None:
    home = state("/", "Shop", element("heading", "Shop"), element("link", "Here"), element("link", "Else"))
    again = state("/?from=menu", "Shop", element("heading", "Shop"))
    other = state("/else", "Elsewhere", element("heading", "Elsewhere"))
    made = generate(graph(home, again, other, links=[(0, "Here", 1), (0, "Else", 2)]))
    assert [re.findall("“(.*)”", c.goal)[0] for c in made if c.family == "reach"] == ["Elsewhere"]


def test_candidates_are_spread_over_pages() -> None:
    pages = [state(f"/{i}", f"Shelf {i}", *table(COLUMNS, *SHOP_ROWS)) for i in range(4)]
    made = [candidate for candidate in generate(graph(*pages), per_family=8) if candidate.family == "find-answer"]
    assert sorted(candidate.target for candidate in made) == sorted(page.id for page in pages for _ in range(2))


def test_another_seed_chooses_otherwise() -> None:
    assert {c.goal for c in generate(shop(), per_family=3)} != {c.goal for c in generate(shop(), per_family=3, seed=1)}
