"""A set's tasks are split by their names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.errors import UsageError
from browser_env.task import Task, VerifierSpec
from browser_env.task_set import FORMAT, SITE, TASKS, VERSION
from experiments.recipe import Recipe, override
from experiments.recipes import smoke
from experiments.task_choice import choose_tasks, demonstrations_of, is_held_out, named_tasks, only_held_out

TASK = Task(
    name="shop/reach-0",
    url="http://127.0.0.1/",
    verifier=VerifierSpec(name="url", params={"equals": "http://127.0.0.1/b"}),
    golden=("click(e1)", "click(e2)", "click(e3)"),
)


@pytest.fixture
def task_set(tmp_path: Path) -> Path:
    rows = [{"task": replace(TASK, name=f"shop/reach-{index}").to_json()} for index in range(40)]
    (tmp_path / SITE).write_text(json.dumps({"format": FORMAT, "version": VERSION, "sites": []}))
    (tmp_path / TASKS).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_set_is_split_by_its_tasks_names(task_set: Path) -> None:
    recipe = Recipe(name="r", tasks=(), task_set=str(task_set), held_out=0.25)
    choice = choose_tasks(recipe)
    assert len(choice.practised) + len(choice.held_out) == 40
    assert 4 <= len(choice.held_out) <= 16
    assert choose_tasks(recipe) == choice
    assert demonstrations_of(recipe) == str(task_set / "demonstrations")
    few = choose_tasks(replace(recipe, tasks=("shop/reach-1", "shop/reach-2"), held_out=0.0))
    assert [task.name for task in few.practised] == ["shop/reach-1", "shop/reach-2"]
    assert {task.name for task in choice.held_out} == {f"shop/reach-{n}" for n in range(40)} & {
        task.name for task in only_held_out(named_tasks(str(task_set)), 0.25)
    }


def test_a_larger_fraction_holds_the_same_tasks_out_and_more() -> None:
    names = [f"shop/reach-{index}" for index in range(200)]
    few, many = ({name for name in names if is_held_out(name, fraction)} for fraction in (0.1, 0.3))
    assert few < many


def test_recipes_of_suites_keep_their_tasks(task_set: Path) -> None:
    assert [task.name for task in choose_tasks(smoke()).practised] == list(smoke().tasks)
    assert demonstrations_of(smoke()) == ""
    half = choose_tasks(
        replace(smoke(), tasks=("miniwob/click-test", "miniwob/click-link", "miniwob/click-tab"), held_out=0.5)
    )
    assert len(half.practised) + len(half.held_out) == 3
    assert all(is_held_out(task.name, 0.5) for task in half.held_out)
    assert len(named_tasks(f"click-link,{task_set}#shop/reach-3,{task_set}")) == 42
    with pytest.raises(UsageError, match="held_out=1 of a recipe"):
        override(smoke(), "held_out", 1.0)
    with pytest.raises(UsageError, match="or a task_set"):
        override(smoke(), "tasks", ())
    with pytest.raises(UsageError, match="holds none of these tasks out"):
        only_held_out([TASK], 0.0)
