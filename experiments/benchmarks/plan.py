"""Who is compared with whom, in which order, and what comes of it."""

from __future__ import annotations

import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from browser_env.errors import BrowserMissingError, InfraError
from browser_env.locate import BrowserBinary, find_browser
from browser_env.miniwob import pages_folder
from experiments.benchmarks.figures import Run, mean_lengths
from experiments.benchmarks.protocol import Job
from experiments.benchmarks.running import Program, run_side
from experiments.benchmarks.venvs import make_venv

TASKS = ("click-button", "click-checkboxes", "click-dialog-2", "click-tab-2", "click-option")
MAX_STEPS = 10
REPETITION_SEEDS = 100_000  # between the seeds of one repetition and of the next

SideName = Literal["webdual", "raw", "selenium", "browsergym"]
Tell = Callable[[str, int], None]  # what goes on, and how many measurements were done since the last time


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is observed."""

    key: str
    title: str
    viewport: tuple[int, int]  # width, height in CSS px
    pixels: bool


DOM = Setting(key="dom", title="DOM only", viewport=(160, 210), pixels=False)
SMALL = Setting(key="160x210", title="160 x 210 + DOM", viewport=(160, 210), pixels=True)
LARGE = Setting(key="1280x720", title="1280 x 720 + DOM", viewport=(1280, 720), pixels=True)
SETTINGS = (DOM, SMALL, LARGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Somebody else's environment, with the packages that it needs."""

    name: SideName
    module: str
    pins: tuple[str, ...]


PEERS = (
    Peer(
        name="selenium",
        module="peer_selenium",
        pins=("miniwob==1.1.0", "selenium==4.51.0", "gymnasium==1.4.0", "numpy==2.4.6", "pillow==13.0.0"),
    ),
    Peer(
        name="browsergym",
        module="peer_browsergym",
        pins=("browsergym-miniwob==0.14.3", "gymnasium==1.4.0", "numpy==2.4.6"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One side at one setting with one number of environments."""

    side: SideName
    setting: Setting
    num_envs: int = 1
    tuned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    num_envs: tuple[int, ...]
    repetitions: int
    seconds: float  # for each cell and repetition
    peers: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = SETTINGS
    tasks: tuple[str, ...] = TASKS

    def cells(self) -> list[Cell]:
        """Return what is run in each repetition; what is compared lies close together."""
        cells = [
            Cell(side=side, setting=setting, num_envs=num_envs)
            for setting in self.settings
            for num_envs in self.num_envs
            for side in ("webdual", "raw")
        ]
        return cells + [cell for cell in PEER_CELLS if cell.side in self.peers]

    def order(self) -> Iterator[tuple[int, Cell]]:
        """Yield repetition and cell, every other time backwards: a machine that slows down favours nobody."""
        for repetition in range(self.repetitions):
            yield from ((repetition, cell) for cell in self.cells()[:: -1 if repetition % 2 else 1])


PEER_CELLS = (
    Cell(side="selenium", setting=SMALL),
    Cell(side="selenium", setting=DOM, tuned=True),  # it takes no pictures then
    Cell(side="browsergym", setting=SMALL),
    Cell(side="browsergym", setting=SMALL, tuned=True),
)


@dataclass(slots=True, kw_only=True)
class Results:
    """All runs, what was run, and who was left out for which reason."""

    browser: BrowserBinary
    runs: dict[Cell, list[Run]] = field(default_factory=lambda: defaultdict(list))
    versions: dict[str, dict[str, str]] = field(default_factory=dict)  # by side
    skipped: dict[str, str] = field(default_factory=dict)  # by side


def measure(plan: Plan, *, tell: Tell = lambda text, done: None) -> Results:
    """Run everything; a peer that fails is skipped, our side and the raw loop may not fail."""
    results = Results(browser=find_browser())
    if results.browser.kind != "headless-shell":
        raise BrowserMissingError(
            "the raw loop draws frames by command, which needs the headless shell: install chromium-headless-shell"
        )
    programs = _programs(plan, results, tell)
    for repetition, cell in plan.order():
        if cell.side in results.skipped:
            tell("", 1)
            continue
        try:
            run, versions = run_side(programs[cell.side], _job(plan, cell, results.browser, repetition))
        except InfraError as error:
            if cell.side in ("webdual", "raw"):
                raise InfraError(f"{cell.side} failed at {cell.setting.title}: {error}") from error
            results.skipped[cell.side] = str(error)
            tell(f"{cell.side} is skipped", 1)
            continue
        results.runs[cell].append(run)
        results.versions.setdefault(cell.side, {}).update(versions)
        tell(f"{cell.side} {cell.setting.key}: {run.steps_per_s:.1f} steps/s", 1)
    results.runs = _level({cell: runs for cell, runs in results.runs.items() if cell.side not in results.skipped})
    return results


def _level(runs: Mapping[Cell, list[Run]]) -> dict[Cell, list[Run]]:
    """Reckon all sides with episodes as long as ours: a slow peer makes too few for luck to even out."""
    ours = [run for cell, made in runs.items() if cell.side in ("webdual", "raw") for run in made]
    lengths = mean_lengths(ours)
    return {cell: [replace(run, lengths=lengths) for run in made] for cell, made in runs.items()}


def _programs(plan: Plan, results: Results, tell: Tell) -> Mapping[str, Program]:
    programs = {
        "webdual": Program(module="ours", python=sys.executable),
        "raw": Program(module="bare", python=sys.executable, one_each=True),
    }
    for peer in PEERS:
        if peer.name not in plan.peers:
            continue
        tell(f"{peer.name} is installed, where it is not yet", 0)
        try:
            if peer.name == "selenium" and not _driver():
                raise InfraError("there is no chromedriver: install the package chromium-driver")
            programs[peer.name] = Program(module=peer.module, python=make_venv(peer.name, peer.pins))
        except InfraError as error:
            results.skipped[peer.name] = str(error)
    return programs


def _job(plan: Plan, cell: Cell, browser: BrowserBinary, repetition: int) -> Job:
    return Job(
        tasks=plan.tasks,
        seconds=plan.seconds / len(plan.tasks),
        viewport=cell.setting.viewport,
        pixels=cell.setting.pixels,
        num_envs=cell.num_envs,
        seed=repetition * REPETITION_SEEDS,
        max_steps=MAX_STEPS,
        tuned=cell.tuned,
        browser=str(browser.path),
        driver=_driver(),
        pages=str(pages_folder()),
    )


def _driver() -> str:
    return shutil.which("chromedriver") or ""


def runs_of(results: Results, setting: Setting, side: str, *, tuned: bool = False) -> dict[int, Sequence[Run]]:
    """Return a side's runs at a setting, by number of environments."""
    return {
        cell.num_envs: runs
        for cell, runs in results.runs.items()
        if (cell.side, cell.setting, cell.tuned) == (side, setting, tuned)
    }
