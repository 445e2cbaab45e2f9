from dataclasses import replace

from browser_env.action import Wait
from browser_env.miniwob import miniwob_task
from browser_env.pool_link import BEGIN_S, GRACE_S, limit_s
from browser_env.pool_process import ResetCall, StepCall

TASK = replace(miniwob_task("click-button"), time_limit_s=10.0)


def test_a_step_may_take_its_tasks_time() -> None:
    assert limit_s(StepCall(action=Wait(1)), TASK) == 10.0 + GRACE_S


def test_a_reset_may_also_start_a_browser_and_take_the_time_of_each_action_of_its_prefix() -> None:
    assert limit_s(ResetCall(task=TASK, seed=1), TASK) == BEGIN_S + 10.0
    assert limit_s(ResetCall(task=TASK, seed=1, prefix=(Wait(1),) * 3), TASK) == BEGIN_S + 40.0
