"""Results as the benchmark leaves them, of two repetitions with made-up rates."""

from pathlib import Path

import pytest

from browser_env.locate import BrowserBinary
from experiments.benchmarks.figures import Run, TaskCount
from experiments.benchmarks.plan import DOM, LARGE, SMALL, Cell, Results


def runs(rate: float, *, num_envs: int = 1) -> list[Run]:
    """Two repetitions, on a machine that was twice as fast the second time."""
    counts = [
        TaskCount(
            rate=rate * factor,
            steps=20,
            episodes=5,
            cpu_s={"python": 0.1, "browser": 0.2, "gpu": 0.1, "renderer": 0.3, "other": 2.5, "ended": 0.1},
            step_s=[1 / rate] * 20,
            reset_s=[2 / rate] * 5,
            phase_s={"input": 0.2, "advance": 0.1, "frame": 0.2, "observe": 0.1, "python": 0.01},
        )
        for factor in (1, 2)
    ]
    return [Run(counts=[count], memory_mib=200.0 * num_envs, num_envs=num_envs) for count in counts]


@pytest.fixture
def results() -> Results:
    browser = BrowserBinary(path=Path("chromium"), kind="headless-shell", version="156.0.1", source="system")
    made = {
        Cell(side="webdual", setting=DOM): runs(250),
        Cell(side="webdual", setting=DOM, num_envs=2): runs(400, num_envs=2),
        Cell(side="raw", setting=DOM): runs(200),
        Cell(side="raw", setting=DOM, num_envs=2): runs(320, num_envs=2),
        Cell(side="selenium", setting=DOM, tuned=True): runs(20),
        Cell(side="webdual", setting=SMALL): runs(180),
        Cell(side="webdual", setting=SMALL, num_envs=2): runs(240, num_envs=2),
        Cell(side="raw", setting=SMALL): runs(160),
        Cell(side="raw", setting=SMALL, num_envs=2): runs(220, num_envs=2),
        Cell(side="selenium", setting=SMALL): runs(12),
        Cell(side="browsergym", setting=SMALL): runs(0.4),
        Cell(side="browsergym", setting=SMALL, tuned=True): runs(0.6),
        Cell(side="webdual", setting=LARGE): runs(40),
        Cell(side="raw", setting=LARGE): runs(30),
    }
    return Results(browser=browser, runs=made, versions={"raw": {"chromium": "156.0.1"}})
