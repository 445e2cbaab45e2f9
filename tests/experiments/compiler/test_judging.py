"""What can be said against candidates without opening a page, and what makes tasks hard and diverse."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from browser_env.action import Answer, Check, Click, Select, Type
from browser_env.observation import Element, Observation
from browser_env.task import VerifierSpec
from experiments.compiler.candidate import Candidate
from experiments.compiler.difficulty import difficulty_of, num_choices
from experiments.compiler.diversity import distinct, diversity, effective_number
from experiments.compiler.graph import Edge, SiteGraph, State
from experiments.compiler.judging import (
    as_answered,
    is_refused,
    occurrences,
    passes,
    passes_elsewhere,
    satisfied_elsewhere,
    sift,
    wrong_answers,
)
from experiments.compiler.mutating import mutants
from experiments.compiler.runs import Run
from experiments.compiler.target import Move, Target
from rewards.evidence import Evidence, Sent

HOME = "http://127.0.0.1/"


def element(id_: str, role: str, name: str, **fields: object) -> Element:
    return Element(id=id_, role=role, name=name, **fields)  # type: ignore[arg-type]


def state(name: str, *elements: Element, text: str = "", path: tuple[Move, ...] = ()) -> State:
    url = HOME + name
    return State(
        id=name,
        url=url,
        title=name,
        template=name,
        observation=Observation(goal="", url=url, elements=elements),
        evidence=Evidence(url=url, text=text),
        path=path,
        start=url,
    )


def click(name: str) -> Move:
    return Move(action=Click("e1"), target=Target(role="link", name=name))


def ask(goal: str, answer: str, **fields: object) -> Candidate:
    given: dict[str, object] = {"family": "find-answer", "start": "home", "target": "home"} | fields
    check = VerifierSpec(name="answer", params={"equals": answer})
    return Candidate(goal=goal, golden=(Move(action=Answer(answer)),), verifier=check, **given)  # type: ignore[arg-type]


def graph(*states: State) -> SiteGraph:
    return SiteGraph(url=HOME, states={one.id: one for one in states}, edges=())


def reasons(site: SiteGraph, *candidates: Candidate) -> list[str]:
    return [dropped.reason for dropped in sift(candidates, site)[1]]


def test_goals_that_mean_several_things_are_all_dropped() -> None:
    site = graph(state("home"))
    assert reasons(site, ask("How many?", "7"), ask("how  MANY?", "8")) == ["its goal is another task's too"] * 2
    assert reasons(site, ask("How many?", "7"), ask("How many?", "7")) == ["it is there twice"]
    assert reasons(site, ask("How many?", "7"), ask("How few?", "8")) == []


def test_a_name_that_is_on_the_page_twice_is_not_unique() -> None:
    twice = state("home", element("e1", "link", "Emma"), element("e2", "link", "Emma"))
    inside = state("home", element("e1", "heading", "Emma"), element("e2", "link", "Emma", parent="e1"))
    assert reasons(graph(twice), ask("?", "7", unique=("Emma",))) == ["what its goal names is on the page twice"]
    assert reasons(graph(inside), ask("?", "7", unique=("Emma",))) == []
    assert occurrences("emma", twice.observation) == 2


@pytest.mark.parametrize("right", ["1", "0", "Yes", "true", "N/A", "How many?"])
def test_what_somebody_says_who_has_not_looked_is_a_wrong_answer(right: str) -> None:
    assert reasons(graph(state("home")), ask("How many?", right)) == ["a wrong answer succeeds"]


def test_what_the_snapshot_did_not_answer_counts_as_taken() -> None:
    post = Sent(method="POST", url=HOME + "order", fields={"size": "l"}, status=404)
    refused = replace(post, url=HOME + "other")
    seen = Evidence(url=HOME, sent=(post, refused), unanswered=(f"document POST {HOME}order (no body like it)",))
    assert [sent.status for sent in as_answered(seen).sent] == [None, 404]
    check = {"method": "POST", "equals": HOME + "order"}
    vacuous = replace(ask("Order.", ""), verifier=VerifierSpec(name="request", params=check))
    strict = replace(vacuous, verifier=VerifierSpec(name="request", params={**check, "fields": {"size": "s"}}))
    assert not passes(vacuous, seen)
    assert passes(vacuous, as_answered(seen))
    assert not passes(strict, as_answered(seen))


def test_decoys_are_wrong_answers() -> None:
    assert reasons(graph(state("home")), ask("How many?", "2", decoys=("2",))) == ["a wrong answer succeeds"]
    assert {"1", "3", "How many?"} <= set(wrong_answers(ask("How many?", "2", decoys=("3",))))


def test_a_view_of_the_same_page_may_satisfy_the_verifier_and_another_page_may_not() -> None:
    check = VerifierSpec(name="text", params={"contains": "Ada"})
    reach = replace(ask("Open members.", ""), golden=(click("Members"),), verifier=check, target="members")
    home, members = state("home"), state("members", text="Ada")
    view = replace(members, id="view", path=(click("More"),))
    run = Run(evidence=(home.evidence, members.evidence))
    assert satisfied_elsewhere(reach, graph(home, members, view), run) == ""
    assert satisfied_elsewhere(reach, graph(home, members, state("staff", text="Ada")), run) == HOME + "staff"


def test_a_page_that_a_search_found_is_the_same_page() -> None:
    check = VerifierSpec(name="text", params={"contains": "Ada"})
    reach = replace(ask("Open members.", ""), golden=(click("Members"),), verifier=check, target="members")
    home, members = state("home"), replace(state("members", text="Ada"), title="Members")
    members = replace(members, url=HOME + "doku?id=members")
    found = replace(members, id="found", url=members.url + "&s[]=ada*")
    searched = Edge(source="home", target="found", move=Move(action=Type("e1", "Ada")))
    site = replace(graph(home, members, found), edges=(searched,))
    run = Run(evidence=(home.evidence, replace(members.evidence, url=members.url)))
    assert satisfied_elsewhere(reach, site, run) == ""
    other = replace(found, url=members.url + "&do=revisions")
    assert satisfied_elsewhere(reach, replace(site, states={**site.states, "found": other}), run) == other.url
    untitled = replace(found, title="Staff")
    assert satisfied_elsewhere(reach, replace(site, states={**site.states, "found": untitled}), run) == found.url


def test_another_tasks_run_may_pass_only_once_it_shows_what_the_golden_run_shows() -> None:
    check = VerifierSpec(name="text", params={"contains": "Ada"})
    reach = replace(ask("Open members.", ""), golden=(click("Members"),), verifier=check)
    final, there = Evidence(url=HOME + "m", text="Ada"), Evidence(url=HOME + "s", text="Ada, too")
    start = Evidence(url=HOME, text="home")
    more = Evidence(url=HOME + "m", text="Ada and more")
    assert not passes_elsewhere(reach, final, Run(evidence=(start, final, more)))
    assert passes_elsewhere(reach, final, Run(evidence=(start, there)))


def test_mutants_leave_steps_out_and_aim_at_neighbours() -> None:
    page = Observation(
        goal="",
        elements=(
            element("e1", "link", "Desk"),
            element("e2", "textbox", "Name"),
            element("e3", "textbox", "Town"),
            element("e4", "checkbox", "Quiet"),
        ),
    )
    fill = Move(action=Type(target="e2", text="Ada"), target=Target(role="textbox", name="Name"))
    tick = Move(action=Check("e4"), target=Target(role="checkbox", name="Quiet"))
    made = list(mutants([fill, tick], [page, page], goal="Enter Ada and tick Quiet."))
    assert [(one.why, one.must_fail) for one in made] == [("a step left out", True), ("a neighbour in its place", True)]
    assert made[1].moves[0].target == Target(role="textbox", name="Town")
    assert not next(mutants([fill, tick], [page, page], goal="Tick it.")).must_fail
    choose = Move(action=Select(target="e2", options=("Oak",)), target=Target(role="combobox", name="Wood"))
    assert next(mutants([choose, tick], [page, page], goal="Take oak.")).must_fail


def test_near_duplicates_are_left_out() -> None:
    first = replace(ask("Open the page of books.", ""), golden=(click("Books"),))
    same = replace(first, goal="Open the page of books")
    other = replace(first, goal="Open the page of members.", golden=(click("Members"),))
    kept, dropped = distinct([first, same, other])
    assert kept == [first, other]
    assert [one.reason for one in dropped] == ["it is nearly the same as another"]


def test_the_effective_number_of_equally_common_kinds_is_their_number() -> None:
    assert effective_number({"a": 3, "b": 3, "c": 3}) == pytest.approx(3)
    assert effective_number({"a": 1, "b": 3}) == pytest.approx(
        math.exp(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)))
    )
    assert diversity([])["diversity"] == 0


def test_more_steps_choices_words_and_parts_are_harder() -> None:
    small = Observation(goal="", elements=(element("e1", "link", "one", states=("clickable",)),))
    large = Observation(goal="", elements=small.elements * 60)
    assert num_choices(large) == 60
    easy = difficulty_of([small], steps=1, parts=1).value
    assert easy < difficulty_of([large], steps=1, parts=1).value < difficulty_of([large], steps=6, parts=2).value < 1


@pytest.mark.parametrize(
    ("url", "status", "shown", "refused"),
    [
        ("add", 200, {"title": "Emma"}, True),
        ("add", 200, {"title": ""}, False),
        ("list", 302, {}, False),
        ("add", 302, {"title": "Emma"}, False),
        ("list", 200, {"title": "Emma"}, False),
    ],
)
def test_a_form_that_is_shown_again_as_it_was_filled_in_was_refused(
    url: str, status: int, shown: dict[str, str], refused: bool
) -> None:
    sent = Sent(method="POST", url=HOME + "add", fields={"title": "Emma", "token": "x"}, status=status)
    first = Evidence(url=HOME + "add", form_values={"title": "", "token": "x"})
    last = Evidence(url=HOME + url, form_values=shown | {"token": "x"}, sent=(sent,))
    assert is_refused(Run(evidence=(first, last))) is refused
    assert not is_refused(Run(evidence=(first, replace(last, sent=()))))
