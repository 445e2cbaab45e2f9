"""Recipes: functions that return a complete configuration of a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from browser_env.errors import UsageError
from browser_env.miniwob import compared_tasks, task_names
from experiments.curriculum import CurriculumConfig
from experiments.language_recipes import vlm_2b, vlm_7b, vlm_smoke
from experiments.recipe import Recipe
from policy.learner import LearnerConfig


def smoke() -> Recipe:
    """Two tasks, a minute: everything runs once."""
    return Recipe(
        name="smoke",
        tasks=("miniwob/click-test-2", "miniwob/enter-text"),
        demonstrations_per_task=3,
        cloning_epochs=4,
        num_updates=2,
        groups_per_update=2,
        evaluation_episodes=3,
        checkpoint_every=1,
    )


def default() -> Recipe:
    """Twelve MiniWoB++ tasks on two cores in a quarter of an hour."""
    return Recipe(name="default")


def miniwob_56() -> Recipe:
    """The 56 MiniWoB++ tasks that results are compared on, with a few dozen demonstrations of each."""
    return Recipe(
        name="miniwob-56",
        tasks=tuple(f"miniwob/{name}" for name in compared_tasks()),
        demonstrations_per_task=51,
        cloning_epochs=10,
        near_goal=0.3,
        num_updates=450,
        learning_limit_s=6600.0,
        groups_per_update=36,
        imitation_samples=256,
        demo_fraction=0.2,
        rate_floor=0.1,
        learning=LearnerConfig(learning_rate=7e-4, minibatch=32, part=8),
        curriculum=CurriculumConfig(cost_exponent=0.5),
    )


def miniwob() -> Recipe:
    """All tasks of MiniWoB++ that the package ships."""
    tasks = tuple(f"miniwob/{name}" for name in task_names())
    return replace(miniwob_56(), name="miniwob", tasks=tasks, num_updates=3000, learning_limit_s=14400.0)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "default": default,
    "smoke": smoke,
    "miniwob-56": miniwob_56,
    "miniwob": miniwob,
    "vlm-smoke": vlm_smoke,
    "vlm-2b": vlm_2b,
    "vlm-7b": vlm_7b,
}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name; raise :class:`UsageError` where there is none."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}; known are {', '.join(RECIPES)}")
    return RECIPES[name]()
