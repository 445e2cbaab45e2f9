"""Our environment and the raw loop do the same: otherwise their ratio would mean nothing."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from browser_env.locate import find_browser
from browser_env.miniwob import pages_folder
from experiments.benchmarks.bare import PHASES, BareLoop
from experiments.benchmarks.ours import ManyEnvironments, OneEnvironment
from experiments.benchmarks.plan import TASKS
from experiments.benchmarks.protocol import Clicks, Job, Tally

Trace = list[tuple[int, bool]]  # of each step: how much can be clicked after it, whether the episode is over


@pytest.fixture(params=[(160, 210), (1280, 720)], ids=["small", "large"])
def job(request: pytest.FixtureRequest) -> Job:
    return Job(
        tasks=TASKS,
        seconds=0.05,
        viewport=request.param,
        pixels=True,
        num_envs=1,
        seed=3,
        max_steps=6,
        tuned=False,
        browser=str(find_browser().path),
        driver="",
        pages=str(pages_folder()),
    )


def trace(side: OneEnvironment | BareLoop, *, seed: int, max_steps: int) -> Iterator[tuple[int, bool]]:
    targets = side.reset(seed)
    clicks = Clicks[object](task="click", seed=seed)
    for _ in range(max_steps):
        targets, done = side.step(clicks.choose(targets))  # type: ignore[arg-type, assignment]
        yield len(targets), done
        if done:
            return


def test_the_same_seeds_make_the_same_episodes(job: Job) -> None:
    traces: list[list[Trace]] = []
    for kind in (OneEnvironment, BareLoop):
        with closing(kind(job)) as side:
            made: list[Trace] = []
            for task in job.tasks:
                side.prepare(task)
                made += [list(trace(side, seed=seed, max_steps=job.max_steps)) for seed in (11, 12)]
            traces.append(made)
    assert traces[0] == traces[1]


@pytest.mark.parametrize("job", [(160, 210)], indirect=True)
def test_the_raw_loop_tells_where_its_time_goes(job: Job) -> None:
    with closing(BareLoop(job)) as side:
        side.prepare("click-button")
        tally = Tally(seconds=0.05)
        side.measure("click-button", tally)
    assert sum(tally.phase_s.values()) == pytest.approx(sum(tally.step_s), rel=0.5)
    assert set(tally.phase_s) == set(PHASES)


def test_a_pools_steps_and_resets_are_all_timed() -> None:
    job = Job(
        tasks=("click-button",),
        seconds=0.2,
        viewport=(160, 210),
        pixels=False,
        num_envs=2,
        seed=3,
        max_steps=6,
        tuned=False,
        browser="",
        driver="",
        pages="",
    )
    with closing(ManyEnvironments(job)) as side:
        side.prepare("click-button")
        tally = Tally(seconds=job.seconds)
        side.measure("click-button", tally)
    assert len(tally.reset_s) == tally.episodes >= 2
    assert len(tally.step_s) == tally.steps + tally.steps_after
    assert min(tally.step_s + tally.reset_s) > 0
    assert tally.wall_s >= job.seconds
