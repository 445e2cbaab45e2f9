import io
import json
from collections.abc import Iterator

import pytest

from experiments.benchmarks.protocol import Clicks, Job, Tally, drive, serve


def job(**changes: object) -> Job:
    values: dict[str, object] = {
        "tasks": ("click-button", "click-tab-2"),
        "seconds": 0.0,
        "viewport": (160, 210),
        "pixels": True,
        "num_envs": 1,
        "seed": 7,
        "max_steps": 3,
        "tuned": False,
        "browser": "",
        "driver": "",
        "pages": "",
    }
    return Job.from_text(json.dumps(values | changes))


class Countdown:
    """An environment whose episodes end after their seed's last digit of steps."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self._left = 0

    def prepare(self, task: str) -> None:
        self.task = task

    def measure(self, task: str, tally: Tally) -> None:
        drive(self, tally, task=task, seed=1, max_steps=3)

    def reset(self, seed: int) -> list[str]:
        self.seeds.append(seed)
        self._left = seed % 10
        return ["a", "b"]

    def step(self, target: str | None) -> tuple[list[str], bool]:
        self._left -= 1
        return ["a"], self._left == 0

    def versions(self) -> dict[str, str]:
        return {"countdown": "1"}

    def close(self) -> None:
        self.seeds.clear()


def test_a_job_survives_its_text() -> None:
    assert Job.from_text(job().to_text()) == job()


def test_the_count_closes_with_what_ends_after_the_time() -> None:
    tally = Tally(seconds=1.0, began=0.0)
    tally.reset_done(0.0, 0.2)
    tally.step_done(0.2, 0.5)
    tally.episode_done()
    assert not tally.enough
    tally.step_done(0.5, 1.25)
    assert tally.enough
    tally.step_done(1.25, 1.5)
    assert (tally.steps, tally.steps_after, tally.wall_s) == (2, 1, 1.25)
    assert tally.step_s == pytest.approx([0.3, 0.75, 0.25])


def test_one_episode_is_counted_whole_however_slow() -> None:
    tally = Tally(seconds=0.1, began=0.0)
    tally.reset_done(0.0, 3.0)
    tally.step_done(3.0, 4.0)
    assert not tally.enough
    tally.episode_done()
    assert tally.enough
    assert (tally.steps, tally.steps_after, tally.wall_s) == (1, 0, 4.0)


def test_episodes_end_at_their_limit_and_have_seeds_in_a_row() -> None:
    env = Countdown()
    ticks: Iterator[int] = iter(range(2))

    class Twice(Tally):
        @property
        def enough(self) -> bool:
            return next(ticks, None) is None

    tally = Twice(seconds=0.0)
    drive(env, tally, task="click", seed=2, max_steps=2)
    assert env.seeds == [2, 3]
    assert (len(tally.step_s), tally.episodes) == (4, 2)
    assert tally.policy_s > 0


def test_the_same_seed_clicks_alike() -> None:
    targets = list("abcdefgh")
    first, second, other = (Clicks[str](task="click", seed=seed) for seed in (1, 1, 2))
    chosen = [first.choose(targets) for _ in range(20)]
    assert chosen == [second.choose(targets) for _ in range(20)]
    assert chosen != [other.choose(targets) for _ in range(20)]
    assert first.choose([]) is None


def test_each_task_is_measured_when_a_line_arrives() -> None:
    lines_out = io.StringIO()
    side = Countdown()
    serve(side, job(), lines_in=io.StringIO("go\ngo\n"), lines_out=lines_out)
    lines = [json.loads(line) for line in lines_out.getvalue().splitlines()]
    assert [line["ready"] for line in lines[::2]] == ["click-button", "click-tab-2"]
    assert lines[0]["versions"] == {"countdown": "1"}
    assert [line["episodes"] for line in lines[1::2]] == [1, 1]
    assert not side.seeds  # closed


def test_a_side_ends_with_its_input() -> None:
    lines_out = io.StringIO()
    serve(Countdown(), job(), lines_in=io.StringIO(""), lines_out=lines_out)
    assert len(lines_out.getvalue().splitlines()) == 1
