import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.acting import Decision
from browser_env.action import Answer, Click, GiveUp, Point, Wait
from browser_env.episode import Episode, Source
from browser_env.errors import ActionError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from browser_env.task import Task
from rewards.outcome import Outcome
from tests.browser_env.processes import family, wait_until_gone

TASK = miniwob_task("click-button")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

Act = Callable[[Observation], Decision]


class Scripted:
    """A policy of a function; counts its calls."""

    version = 7

    def __init__(self, act: Act):
        self._act = act
        self.calls = 0

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        self.calls += 1
        return [self._act(observation) for observation in observations]


def click_the_button(observation: Observation) -> Decision:
    wanted = observation.goal.split('"')[1]
    button = next(e for e in observation.elements if (e.role, e.name) == ("button", wanted))
    return Decision(action=Click(button.id), log_prob=-0.5, value=0.25, tokens=3)


def requests(count: int, task: Task = TASK) -> list[RolloutRequest]:
    return [RolloutRequest(task=task, seed=seed, group=f"g{seed}") for seed in range(count)]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(num_envs=2) as pool:
        yield pool


def test_a_rollout_makes_an_episode_of_each_request(pool: Pool) -> None:
    episodes = list(pool.rollout(Scripted(click_the_button), requests(5), source=Source.SCRIPT))
    assert sorted(episode.seed for episode in episodes) == [0, 1, 2, 3, 4]
    assert len({episode.id for episode in episodes}) == 5
    for episode in episodes:
        assert (episode.outcome, episode.reward, episode.source) == (Outcome.SUCCESS, 1.0, Source.SCRIPT)
        assert (episode.policy_version, episode.group) == (7, f"g{episode.seed}")
        assert len(episode.steps) == 1
        assert (episode.steps[0].log_prob, episode.steps[0].value) == (-0.5, 0.25)
        assert episode.evidence.page_done
        assert (episode.cost.tokens, episode.cost.steps) == (3, 1)
        assert episode.cost.wall_s > 0
        assert episode.cost.cpu_s > 0


def test_one_policy_call_may_serve_several(pool: Pool) -> None:
    policy = Scripted(lambda _: Decision(action=Wait(1)))
    episodes = list(pool.rollout(policy, requests(4, replace(TASK, max_steps=3))))
    assert [episode.outcome for episode in episodes] == [Outcome.TRUNCATED] * 4
    assert 6 <= policy.calls <= 12


def test_a_policys_error_comes_through_at_once_and_the_pool_goes_on(pool: Pool) -> None:
    def fail(observation: Observation) -> Decision:
        raise ZeroDivisionError("the policy's own")

    started = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        list(pool.rollout(Scripted(fail), requests(3)))
    assert time.monotonic() - started < 8
    assert all(episode.success for episode in pool.rollout(Scripted(click_the_button), requests(3)))


def test_breaking_out_leaves_the_pool_usable(pool: Pool) -> None:
    for _ in range(2):
        rollout = pool.rollout(Scripted(click_the_button), requests(6))
        assert next(rollout).success
        rollout.close()
    assert all(episode.success for episode in pool.rollout(Scripted(click_the_button), requests(3)))


def test_a_slow_consumer_kills_nobody(pool: Pool) -> None:
    def think(observation: Observation) -> Decision:
        time.sleep(0.4)
        return Decision(action=Wait(1))

    impatient = replace(TASK, max_steps=4, time_limit_s=1.5)
    for episode in pool.rollout(Scripted(think), requests(3, impatient)):
        assert episode.outcome is Outcome.TRUNCATED
        time.sleep(0.8)


def test_a_killed_process_costs_its_episode_only(pool: Pool) -> None:
    check_survival(pool, lambda: pool.pids[0])


def test_a_killed_browser_costs_its_episode_only(pool: Pool) -> None:
    check_survival(pool, lambda: next(pid for pid, line in family(pool.pids[0]).items() if is_main_browser(line)))


def is_main_browser(command: str) -> bool:
    """Tell the browser's main process from its helpers, and from shells that start or await it."""
    return (
        "--remote-debugging-pipe" in command
        and "--type=" not in command
        and not command.startswith(("/bin/sh", "sh\0", "sh "))
    )


def check_survival(pool: Pool, victim: Callable[[], int]) -> None:
    killed: list[int] = []

    def kill_once(observation: Observation) -> Decision:
        if not killed:
            killed.append(victim())
            os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.2)
        return click_the_button(observation)

    before = family(os.getpid())
    episodes = list(pool.rollout(Scripted(kill_once), requests(6)))
    lost = [episode for episode in episodes if episode.outcome is Outcome.INFRA_ERROR]
    assert len(episodes) == 6
    assert len(lost) == 1
    assert all(episode.success for episode in episodes if episode not in lost)
    assert lost[0].reward == 0.0
    assert lost[0].reason
    assert not lost[0].outcome.learnable
    assert wait_until_gone([pid for pid in before if pid not in family(os.getpid())]) == []


def test_a_page_that_cannot_be_opened_is_an_infra_error(pool: Pool) -> None:
    nowhere = replace(TASK, suite="web", url="http://127.0.0.1:9/")
    episodes: list[Episode] = list(pool.rollout(Scripted(click_the_button), requests(2, nowhere)))
    assert [(e.outcome, e.reward, e.steps) for e in episodes] == [(Outcome.INFRA_ERROR, 0.0, ())] * 2
    assert "did not load" in episodes[0].reason


def test_a_wrong_answer_is_a_failure(pool: Pool) -> None:
    policy = Scripted(lambda _: Decision(action=Answer("x")))
    assert [episode.outcome for episode in pool.rollout(policy, requests(1))] == [Outcome.FAILURE]


def test_closing_leaves_no_process() -> None:
    pool = Pool(num_envs=2, pixels=False)
    episode = next(pool.rollout(Scripted(click_the_button), requests(2)))
    assert episode.final.screenshot is None
    ours = [pid for root in pool.pids for pid in (root, *family(root))]
    assert len(ours) > 4
    pool.close()
    pool.close()
    assert wait_until_gone(ours) == []
    with pytest.raises(UsageError, match="closed"):
        list(pool.rollout(Scripted(click_the_button), requests(1)))


def test_a_pool_needs_an_environment() -> None:
    with pytest.raises(UsageError, match="at least one"):
        Pool(num_envs=0)


PARENT = """
import time
from browser_env.action import Click, Point
from browser_env.acting import Decision
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest

class Slow:
    version = 0
    def act(self, observations, *, greedy=False):
        print("acting", flush=True)
        time.sleep(60)

if __name__ == "__main__":
    requests = [RolloutRequest(task=miniwob_task("click-button"), seed=seed) for seed in range(2)]
    list(Pool(num_envs=1).rollout(Slow(), requests))
"""


def test_a_killed_parent_leaves_no_process() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "acting\n"
        ours = list(family(parent.pid))
        assert any(is_main_browser(line) for line in family(parent.pid).values())
        parent.kill()
        parent.wait()
        assert wait_until_gone(ours) == []


def test_groups_are_forked_in_the_middle_of_an_episode(pool: Pool) -> None:
    task = miniwob_task("click-button-sequence")

    def click(name: str) -> Callable[[Observation], Decision]:
        return lambda o: Decision(action=Click(next(e.id for e in o.elements if e.name == name)))

    first = next(iter(pool.rollout(Scripted(click("ONE")), [RolloutRequest(task=replace(task, max_steps=1), seed=5)])))
    prefix = (first.steps[0].action,)
    fork = RolloutRequest(task=task, seed=5, prefix=prefix)
    forks = list(pool.rollout(Scripted(click("TWO")), [fork] * 3))
    assert [(e.outcome, len(e.steps), e.prefix) for e in forks] == [(Outcome.SUCCESS, 1, prefix)] * 3
    assert all(episode.steps[0].observation == forks[0].steps[0].observation for episode in forks)
    assert forks[0].steps[0].observation.focus == first.final.focus


def test_a_fork_that_cannot_be_reached_is_no_failure_of_the_policy(pool: Pool) -> None:
    task = miniwob_task("click-button-sequence")
    elsewhere = RolloutRequest(task=task, seed=5, prefix=(Wait(10),), state="0" * 32)
    over = RolloutRequest(task=task, seed=5, prefix=(GiveUp(),))
    episodes = list(pool.rollout(Scripted(lambda o: Decision(action=Wait(1))), [elsewhere, over]))
    assert {episode.outcome for episode in episodes} == {Outcome.INFRA_ERROR}
    assert {episode.reward for episode in episodes} == {0.0}
    assert any("another state" in episode.reason for episode in episodes)
    assert any("ends the episode" in episode.reason for episode in episodes)


def test_points_outside_every_page_are_survived(pool: Pool) -> None:
    policy = Scripted(lambda _: Decision(action=Click(Point(1e6, -1e6))))
    episodes = list(pool.rollout(policy, requests(1, replace(TASK, max_steps=2))))
    assert [episode.outcome for episode in episodes] == [Outcome.TRUNCATED]


def test_actions_are_sent_to_some_and_received_from_whoever_is_ready(pool: Pool) -> None:
    assert pool.recv() == []
    pool.send_reset(requests(2))
    assert pool.waiting == [0, 1]
    assert sorted(ready.env_id for ready in pool.recv(min_ready=2)) == [0, 1]
    pool.send(["wait(1)"], [1])
    with pytest.raises(UsageError, match="recv"):
        pool.send(["wait(1)", "wait(1)"])
    (ready,) = pool.recv(min_ready=2)
    assert (ready.env_id, ready.outcome) == (1, None)
    assert ready.result is not None
    assert ready.result.observation.screenshot is not None
    pool.send([Answer("x"), Wait(1)])
    answers = {ready.env_id: ready.outcome for ready in pool.recv(min_ready=2)}
    assert answers == {0: Outcome.FAILURE, 1: None}
    with pytest.raises(UsageError, match="send_reset"):
        pool.send(["wait(1)"], [0])


def test_what_cannot_be_sent_sends_nothing(pool: Pool) -> None:
    pool.send_reset(requests(2))
    pool.recv(min_ready=2)
    for actions, ids in ((["fly()", "wait(1)"], None), (["wait(1)", "fly()"], None)):
        with pytest.raises(ActionError):
            pool.send(actions, ids)
    for ids in ([0], [0, 0], [0, 2], [-1, 0]):
        with pytest.raises(UsageError):
            pool.send(["wait(1)", "wait(1)"], ids)
    assert pool.waiting == []


def test_receiving_does_not_wait_longer_than_asked(pool: Pool) -> None:
    pool.send_reset(requests(2))
    pool.recv(min_ready=2)
    os.kill(pool.pids[0], signal.SIGSTOP)  # so that it cannot have answered, however late this process goes on
    pool.send(["wait(10000)"], [0])
    assert pool.recv(timeout_s=0.0) == []
    os.kill(pool.pids[0], signal.SIGCONT)
    assert [ready.env_id for ready in pool.recv()] == [0]


def test_who_is_killed_between_answers_is_replaced_and_others_go_on(pool: Pool) -> None:
    pool.send_reset(requests(2))
    pool.recv(min_ready=2)
    os.kill(pool.pids[0], signal.SIGKILL)
    pool.send(["wait(1)", "wait(1)"])
    answers = {ready.env_id: ready for ready in pool.recv(min_ready=2)}
    assert (answers[0].outcome, answers[1].outcome) == (Outcome.INFRA_ERROR, None)
    assert (answers[0].result, answers[0].error) == (None, "the browser's process died or hung")
    pool.send_reset(requests(1), [0])
    assert pool.recv()[0].outcome is None


def test_settling_forgets_what_is_under_way(pool: Pool) -> None:
    pool.send_reset(requests(2))
    pool.settle()
    assert pool.recv() == []


def test_a_pool_that_is_forgotten_leaves_no_process() -> None:
    pool = Pool(num_envs=1, pixels=False)
    pool.send_reset(requests(1))
    pool.recv()
    ours = [pid for root in pool.pids for pid in (root, *family(root))]
    del pool
    gc.collect()
    assert wait_until_gone(ours) == []
