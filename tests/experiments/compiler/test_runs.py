"""A run holds all its beginnings, and only what no run holds yet is played."""

from __future__ import annotations

from browser_env.action import Answer, Click, GiveUp
from browser_env.observation import Element, Observation
from experiments.compiler.runs import Route, Runs, leaves, spoken
from experiments.compiler.target import Move, Target
from experiments.compiler.visiting import Visit
from rewards.evidence import Evidence

URL = "http://127.0.0.1/"


def click(name: str) -> Move:
    return Move(action=Click("e1"), target=Target(role="link", name=name))


def page(*names: str, error: str | None = None) -> Observation:
    elements = tuple(Element(id=f"e{i}", role="link", name=name) for i, name in enumerate(names))
    return Observation(goal="", url=URL, elements=elements, error=error)


def route(*names: str) -> Route:
    return Route(url=URL, moves=tuple(map(click, names)))


def visit(observations: list[Observation], problem: str = "") -> Visit:
    return Visit(
        actions=tuple(Click("e1") for _ in observations[1:]),
        observations=tuple(observations),
        evidence=tuple(Evidence(url=URL, text=str(step)) for step, _ in enumerate(observations)),
        problem=problem,
    )


def test_only_routes_that_are_no_beginning_of_another_are_played() -> None:
    routes = [route("a"), route("a", "b"), route(), route("c"), route("a", "b")]
    assert leaves(routes) == [route("a", "b"), route("c")]


def test_a_run_is_known_by_all_its_beginnings() -> None:
    runs = Runs(seed=0, keep_observations=True)
    runs.add(route("a", "b"), visit([page("a"), page("b"), page()]))
    assert runs.missing([route("a"), route("a", "b"), route("b")]) == [route("b")]
    run = runs.get(route("a"))
    assert run is not None
    assert [evidence.text for evidence in run.evidence] == ["0", "1"]
    assert (len(run.observations), run.actions, run.problem) == (2, ("click(e1)",), "")


def test_a_move_that_finds_no_target_leaves_those_before_it_sound() -> None:
    runs = Runs(seed=0)
    runs.add(route("a", "gone"), visit([page("a"), page("b")], problem="the page has no link 'gone' any more"))
    assert [runs.get(r).problem for r in (route(), route("a"))] == ["", ""]  # type: ignore[union-attr]
    assert runs.get(route("a", "gone")).problem  # type: ignore[union-attr]


def test_a_move_that_failed_is_the_problem_itself() -> None:
    runs = Runs(seed=0)
    runs.add(route("a", "b"), visit([page("a", "b"), page("a", "b", error="covered")], problem="covered"))
    assert runs.get(route()).problem == ""  # type: ignore[union-attr]
    assert runs.get(route("a")).problem == "covered"  # type: ignore[union-attr]


def test_answers_are_added_to_the_evidence() -> None:
    assert spoken([click("a"), Move(action=Answer("7"))], Evidence(url=URL)).answer == "7"
    assert spoken([Move(action=GiveUp("no"))], Evidence(url=URL)).gave_up
    assert Route.of(URL, [click("a"), Move(action=Answer("7"))]) == route("a")
