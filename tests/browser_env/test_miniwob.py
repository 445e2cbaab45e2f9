import json
import re
from typing import Any

import pytest

from browser_env.env import BrowserEnv
from browser_env.errors import UsageError
from browser_env.miniwob import (
    DEFAULT_TASKS,
    compared_tasks,
    data_mode,
    goal_fields,
    miniwob_task,
    page_facts,
    page_path,
    pages_folder,
    task_names,
)
from browser_env.seeds import demonstration_seed, held_out_seed


def source(name: str) -> str:
    return (pages_folder() / page_path(name)).read_text(encoding="utf-8")


def test_every_page_is_a_task() -> None:
    assert len(task_names()) == 134
    assert sum(name.startswith("flight-") for name in task_names()) == 4
    assert len(set(DEFAULT_TASKS)) == 12
    assert len(compared_tasks()) == 56
    for name in task_names():
        task = miniwob_task(name)
        assert task.name == f"miniwob/{name}"
        assert (pages_folder() / task.url.removeprefix("http://miniwob.test/")).is_file()
        assert task.max_steps == page_facts()[name].steps
    assert miniwob_task("miniwob/click-test") == miniwob_task("click-test")


def test_no_page_of_the_package_is_left_out() -> None:
    parts = re.compile(r"flight/[^/]+/(index|original)\.html")  # what a flight task's frame shows, and its model
    pages = {path.relative_to(pages_folder()).as_posix() for path in pages_folder().rglob("*.html")}
    assert {page for page in pages if not parts.fullmatch(page)} == {page_path(name) for name in task_names()}


def test_the_facts_are_the_packages() -> None:
    assert set(page_facts()) == set(task_names())
    for name, facts in page_facts().items():
        limits = re.findall(r"^core\.EPISODE_MAX_TIME = (\d+);", source(name), re.MULTILINE) or ["10000"]
        assert facts.limit_s * 1000 == int(limits[-1]), name
        assert facts.modes == bool(re.search("WOB_DATA_MODE|dataset-", source(name))), name
        assert facts.viewport == ((375, 667) if name.startswith("flight-") else (160, 210)), name
        assert facts.steps * 0.1 <= facts.limit_s + 1, f"{name}: its time is up before its steps are"


def test_the_default_tasks_are_as_they_were() -> None:
    assert {miniwob_task(name).max_steps for name in DEFAULT_TASKS} == {12}
    assert not any(miniwob_task(name).reload for name in DEFAULT_TASKS), "their pages stay loaded"


def test_the_reward_mode_is_the_verifiers() -> None:
    assert miniwob_task("click-test", reward_mode="partial").verifier.params == {"mode": "partial"}
    assert miniwob_task("circle-center").verifier.params == {"mode": "strict", "needed": 0.9}
    half = {"mode": "threshold", "threshold": 0.5}
    assert miniwob_task("circle-center", reward_mode="threshold", threshold=0.5).verifier.params == half


def test_the_number_of_steps_can_be_set() -> None:
    assert miniwob_task("book-flight", max_steps=7).max_steps == 7


@pytest.mark.parametrize("name", ["click-buton", "", "../core/core", "miniwob/miniwob/click-test", "flight-Delta"])
def test_other_names_are_usage_errors(name: str) -> None:
    with pytest.raises(UsageError, match="there is no MiniWoB"):
        miniwob_task(name)


def test_a_near_miss_gets_a_hint() -> None:
    with pytest.raises(UsageError, match=r"did you mean .*click-button"):
        miniwob_task("click-buton")


# Training and testing


def test_held_out_seeds_draw_from_the_data_kept_for_testing() -> None:
    assert data_mode(held_out_seed(0)) == "test"
    assert {data_mode(seed) for seed in (0, demonstration_seed(5))} == {"train"}


def test_pages_with_data_for_testing_show_it(episodes: Any) -> None:
    asked = {
        seed: episodes.reset(miniwob_task("click-test-transfer"), seed=seed).goal for seed in (1, held_out_seed(1))
    }
    assert asked == {1: "Click button ONE.", held_out_seed(1): "Click button TWO."}
    wordings = [episodes.reset(miniwob_task("email-inbox-forward-nl"), seed=held_out_seed(i)).goal for i in range(4)]
    assert all(re.fullmatch(r"Get \S+ email and then forward it to \S+ please\.", goal) for goal in wordings)


def test_the_flights_questions_differ_between_training_and_testing(episodes: Any) -> None:
    script = (pages_folder() / "flight/Alaska/dataset-Alaska.js").read_text(encoding="utf-8")
    kept = script.partition("var DATA_TEST")[2]
    for seed, for_testing in ((1, False), (held_out_seed(1), True)):
        goal = json.loads(episodes.reset(miniwob_task("flight-Alaska"), seed=seed).goal)
        shown = re.sub(r"\s", "", json.dumps(dict(sorted(goal.items()))))
        assert (shown in re.sub(r"\s", "", kept)) == for_testing


# The goal's parts


def test_the_parts_are_in_the_info_of_a_reset() -> None:
    env = BrowserEnv(miniwob_task("login-user"), pixels=False)
    try:
        observation, info = env.reset(seed=1)
        assert set(info["fields"]) == {"username", "password"}
        assert all(f'"{part}"' in observation.goal for part in info["fields"].values())
    finally:
        env.close()


def test_parts_that_the_page_gives_come_first() -> None:
    assert goal_fields("miniwob/enter-text", "?", {"day": 3}) == {"day": "3"}
    assert goal_fields("miniwob/hover-shape", "?", None) == {}
    goal = "Click button ONE, wait 3 seconds, then click button TWO."
    assert goal_fields("miniwob/button-delay", goal, None) == {"seconds": "3"}


# What a page shows


def test_pages_are_read_as_utf8(episodes: Any) -> None:
    goals = " ".join(episodes.reset(miniwob_task("unicode-test"), seed=seed).goal for seed in range(8))
    assert re.search("确定|取消|♥♥♥", goals)


def test_the_suites_own_instruments_cannot_be_scrolled_to(episodes: Any) -> None:
    for name in ("click-dialog", "flight-AA"):
        observation = episodes.reset(miniwob_task(name), seed=80)
        assert not any("reward" in element.name for element in observation.elements)
        page = episodes.environment.context.page
        assert episodes.loop.run(page.evaluate("document.documentElement.scrollWidth <= innerWidth")) is True
