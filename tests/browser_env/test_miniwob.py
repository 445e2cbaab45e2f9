import pytest

from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS, VIEWPORT, miniwob_task, pages_folder, task_names


def test_every_page_is_a_task() -> None:
    assert len(task_names()) > 100
    assert len(set(DEFAULT_TASKS)) == 12
    for name in task_names():
        task = miniwob_task(name)
        assert task.name == f"miniwob/{name}"
        assert (pages_folder() / "miniwob" / task.url.rpartition("/")[2]).is_file()
        assert task.viewport == VIEWPORT
    assert miniwob_task("miniwob/click-test") == miniwob_task("click-test")


def test_the_reward_mode_is_the_verifiers() -> None:
    assert miniwob_task("click-test", reward_mode="partial").verifier.params == {"mode": "partial"}


@pytest.mark.parametrize("name", ["click-buton", "", "../core/core", "miniwob/miniwob/click-test"])
def test_other_names_are_usage_errors(name: str) -> None:
    with pytest.raises(UsageError, match="there is no MiniWoB"):
        miniwob_task(name)


def test_a_near_miss_gets_a_hint() -> None:
    with pytest.raises(UsageError, match=r"did you mean .*click-button"):
        miniwob_task("click-buton")
