import json
from dataclasses import replace
from typing import Any

import pytest

from browser_env.errors import UsageError
from experiments.recipe import Recipe, override_from_text
from experiments.recipes import RECIPES, default, find_recipe, smoke, vlm_smoke


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    recipe = find_recipe(name)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_the_default_recipe_keeps_its_promises() -> None:
    assert len(default().tasks) == 12
    assert default().demonstrations_per_task <= 25
    assert default().evaluation_episodes == 50


def test_fields_are_overridden_by_text() -> None:
    recipe = override_from_text(smoke(), "policy.use_screenshot=false")
    assert recipe.policy.use_screenshot is False
    assert override_from_text(recipe, "learning.learning_rate=1").learning.learning_rate == 1.0
    assert override_from_text(recipe, 'tasks=["miniwob/click-link"]').tasks == ("miniwob/click-link",)
    assert override_from_text(recipe, "demonstrations=runs/store").demonstrations == "runs/store"


@pytest.mark.parametrize(
    ("assignment", "complaint"),
    [
        ("seed", "write NAME=VALUE"),
        ("sed=1", "no field 'sed'"),
        ("policy.layer=1", "no field 'policy.layer'"),
        ("policy=1", "fields of its own"),
        ("seed=many", "cannot be 'many'"),
        ("seed=true", "cannot be True"),
        ("num_envs=0", "at least 1"),
        ('tasks=["miniwob/no-such-page"]', "no MiniWoB"),
        ("tasks=[]", "at least one task"),
        ("seed.deep=1", "has no fields"),
    ],
)
def test_bad_overrides_say_what_to_do(assignment: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        override_from_text(smoke(), assignment)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="default, smoke"):
        find_recipe("vast")


def test_imitation_weight_falls_to_its_floor() -> None:
    recipe = default()
    weights = [recipe.imitation_weight(recipe.done(update)) for update in range(recipe.num_updates + 1)]
    assert weights[0] == pytest.approx(recipe.imitation_start)
    assert weights[-1] == pytest.approx(recipe.imitation_floor)
    assert weights == sorted(weights, reverse=True)
    assert replace(recipe, num_updates=0).done(0) == 1.0


def test_learning_is_done_by_updates_or_by_time() -> None:
    recipe = replace(default(), num_updates=10, learning_limit_s=100.0)
    assert recipe.done(2, wall_s=50.0) == pytest.approx(0.5)
    assert recipe.done(8, wall_s=50.0) == pytest.approx(0.8)
    assert replace(recipe, learning_limit_s=50.0).done(0, wall_s=50.0) >= 1.0
    assert replace(recipe, learning_limit_s=0.0).done(0) == 1.0
    assert replace(recipe, learning_limit_s=1e9).done(0, wall_s=1.0) < 1e-3


def test_the_learning_rate_falls_to_its_floor() -> None:
    assert {default().rate(done / 9) for done in range(10)} == {1.0}
    recipe = replace(default(), rate_floor=0.2)
    assert [recipe.rate(0), recipe.rate(1), recipe.rate(1.5)] == pytest.approx([1.0, 0.2, 0.2])


@pytest.mark.parametrize("data", [{}, {"name": 3}, {"name": "x", "policy": {"layers": "two"}}])
def test_broken_recipes_are_refused(data: dict[str, Any]) -> None:
    if data:
        with pytest.raises(UsageError):
            Recipe.from_json(data)
    else:
        assert Recipe.from_json(data).name == ""


def test_a_recipe_of_a_set_without_named_tasks_survives_json() -> None:
    recipe = replace(default(), task_set="sets/shop", tasks=())
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    "assignment",
    [
        *("seed=-1", "seed=500000", "demo_fraction=30", "demo_fraction=-0.1", "exploration=2", "near_goal=7"),
        *("imitation_samples=-5", "num_updates=-3", "demonstrations_per_task=-1", "demonstrations_per_task=1001"),
        *("validation_demonstrations=-2", "demonstrations_asked=-4", "max_staleness=-1", "successes_per_task=-1"),
        *("learning_limit_s=-1", "num_envs=0", "held_out=1", "imitation_floor=-1"),
        *("learning.minibatch=0", "learning.part=0", "learning.epochs=0", "learning.learning_rate=0"),
        *("learning.max_ratio=0", "cloning.hidden_words=1.5", "cloning.hidden_past=-0.1"),
    ],
)
def test_impossible_numbers_are_refused_before_anything_is_done(assignment: str) -> None:
    name = assignment.partition("=")[0].rpartition(".")[2]
    with pytest.raises(UsageError, match=name):
        override_from_text(default(), assignment)


@pytest.mark.parametrize("assignment", ["learning.minibatch=0", "cloning.pack_tokens=0", "learning.devices=0"])
def test_impossible_numbers_of_language_learners_are_refused(assignment: str) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        override_from_text(vlm_smoke(), assignment)
