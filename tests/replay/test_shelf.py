from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.episode import Episode
from browser_env.errors import UsageError
from replay.kept import LEAST_SURPRISE, MOST_SURPRISE, in_memory
from replay.shelf import Sampling, Shelf

Make = Callable[..., Episode]
DRAWS = 20_000


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _shelf(sampling: Sampling, *episodes: Episode) -> Shelf:
    shelf = Shelf(sampling)
    for episode in episodes:
        shelf.add(in_memory(episode))
    return shelf


def _surprising(episode: Episode, nats: float) -> Episode:
    return replace(episode, steps=tuple(replace(step, log_prob=-nats) for step in episode.steps))


def _chances(shelf: Shelf, **shares: float) -> dict[tuple[str, int], float]:
    """The chance of each step that was drawn; all of them are, in so many draws."""
    return {(d.kept.id, d.step): d.chance for d in shelf.draw(DRAWS, _rng(), shares or None)}


def _frequencies(shelf: Shelf) -> dict[tuple[str, int], float]:
    counts = Counter((d.kept.id, d.step) for d in shelf.draw(DRAWS, _rng(), None))
    return {step: count / DRAWS for step, count in counts.items()}


def test_surprise_draws_an_episode_and_then_any_of_its_steps(make_episode: Make) -> None:
    long, short = _surprising(make_episode("a", num_steps=4), 1.0), _surprising(make_episode("b", num_steps=1), 3.0)
    shelf = _shelf(Sampling(), long, short)
    expected = {("a", step): 0.25 / 4 for step in range(4)} | {("b", 0): 0.75}
    assert _chances(shelf) == pytest.approx(expected)
    assert _frequencies(shelf) == pytest.approx(expected, abs=0.015)


def test_an_episode_weighs_by_how_much_its_last_step_surprises_now(make_episode: Make) -> None:
    long, short = _surprising(make_episode("a", num_steps=4), 1.0), _surprising(make_episode("b", num_steps=1), 3.0)
    shelf = _shelf(Sampling(), long, short)
    task = "suite/click"
    shelf.set_surprises([((task, "a", 0), 5.0), ((task, "b", 0), 0.0)])  # a first step may be a detour
    expected = {("a", step): 1 / 1.3 / 4 for step in range(4)} | {("b", 0): 0.3 / 1.3}
    assert _chances(shelf) == pytest.approx(expected)
    shelf.set_surprises([((task, "a", 3), float("nan"))])
    assert _chances(shelf)["a", 0] == pytest.approx(5 / 5.3 / 4)
    uniform = _shelf(Sampling(priority="uniform"), long, short)
    before = _chances(uniform)
    uniform.set_surprises([((task, "a", 3), 5.0)])
    assert _chances(uniform) == before


def test_uniform_makes_all_steps_equal_within_a_task_or_in_one_pot(make_episode: Make) -> None:
    episodes = [
        make_episode("a", num_steps=3),
        make_episode("b", num_steps=1),
        make_episode("c", task="t", num_steps=1),
    ]
    by_task = _chances(_shelf(Sampling(priority="uniform"), *episodes))
    assert by_task == pytest.approx({**{("a", i): 1 / 8 for i in range(3)}, ("b", 0): 1 / 8, ("c", 0): 1 / 2})
    one_pot = _chances(_shelf(Sampling(priority="uniform", by_task=False), *episodes))
    assert one_pot == pytest.approx(dict.fromkeys(by_task, 1 / 5))


def test_tasks_are_drawn_by_their_shares(make_episode: Make) -> None:
    shelf = _shelf(Sampling(), make_episode("a", task="x", num_steps=1), make_episode("b", task="y", num_steps=1))
    assert _chances(shelf, x=3.0, y=1.0) == pytest.approx({("a", 0): 0.75, ("b", 0): 0.25})
    assert _chances(shelf, y=2.0) == pytest.approx({("b", 0): 1.0})


def test_losses_become_priorities_within_bounds(make_episode: Make) -> None:
    sampling = Sampling(priority="loss", priority_exponent=0.5)
    shelf = _shelf(sampling, make_episode("a", num_steps=3), make_episode("b", num_steps=1))
    assert _chances(shelf) == pytest.approx({("a", 0): 0.25, ("a", 1): 0.25, ("a", 2): 0.25, ("b", 0): 0.25})
    task = "suite/click"
    shelf.set_surprises([((task, "a", step), nats) for step, nats in enumerate((0.0, 1.0, float("nan")))])
    gone = [(task, "gone", 0), ("gone", "a", 0), (task, "b", 7)]  # have left the shelf: nothing happens
    shelf.set_surprises([((task, "b", 0), 100.0), *((place, 1.0) for place in gone)])
    roots = np.sqrt([LEAST_SURPRISE, 1.0, MOST_SURPRISE, MOST_SURPRISE])
    found = _chances(shelf)
    assert [found["a", 0], found["a", 1], found["a", 2], found["b", 0]] == pytest.approx(roots / roots.sum())


def test_what_is_rare_weighs_more(make_episode: Make) -> None:
    common = [make_episode(f"a{i}", num_steps=1) for i in range(4)]
    step = make_episode("b", num_steps=1).steps[0]
    elsewhere = replace(step, observation=replace(step.observation, url="http://127.0.0.1/other"))
    rare = replace(make_episode("b"), steps=(elsewhere,))
    shelf = _shelf(Sampling(priority="uniform", novelty_exponent=1.0), *common, rare)
    words = 5**-0.5  # goal and action are those of all five
    common_weight, rare_weight = (4**-0.5 + words) / 2, (1 + words) / 2
    total = 4 * common_weight + rare_weight
    assert _chances(shelf)["b", 0] == pytest.approx(rare_weight / total)
    for episode in common[1:]:
        shelf.remove(episode.task.name, episode.id)
    assert _chances(shelf) == pytest.approx({("a0", 0): 0.5, ("b", 0): 0.5})


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5), st.booleans()), max_size=40), st.booleans())
def test_what_comes_and_goes_leaves_no_trace(
    make_episode: Make, moves: list[tuple[int, int, bool]], novelty: bool
) -> None:
    sampling = Sampling(priority="uniform", by_task=False, novelty_exponent=float(novelty))
    shelf, there = Shelf(sampling), dict[str, int]()
    for name, num_steps, comes in moves:
        episode = make_episode(f"e{name}", task=f"t{name % 3}", num_steps=num_steps)
        if comes:
            shelf.add(in_memory(episode))
            there[episode.id] = num_steps
        else:
            shelf.remove(episode.task.name, episode.id)
            there.pop(episode.id, None)
    assert (shelf.num_episodes, shelf.num_steps) == (len(there), sum(there.values()))
    assert {kept.id: kept.num_steps for kept in shelf.episodes} == there
    drawn = shelf.draw(50, _rng(), None)
    assert len(drawn) == (50 if there else 0)
    assert all(found.step < there[found.kept.id] for found in drawn)
    if there and not novelty:
        assert all(found.chance == pytest.approx(1 / sum(there.values())) for found in drawn)


@pytest.mark.parametrize(
    "changes",
    [
        {"priority": "td"},
        {"priority_exponent": -1.0},
        {"novelty_exponent": float("nan")},
        {"failure_share": 0.6, "hindsight_share": 0.6},
        {"failure_share": -0.1},
    ],
)
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Sampling(**changes)  # type: ignore[arg-type]
