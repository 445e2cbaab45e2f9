"""Practice that keeps failing asks for demonstrations: scripted ones, or those of a store."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from browser_env.miniwob import miniwob_task
from browser_env.seeds import held_out_seed
from browser_env.task import Task
from experiments import tutor
from experiments.cli import main
from experiments.curriculum import Curriculum, CurriculumConfig
from experiments.progress import Progress
from experiments.recipe import Recipe
from experiments.training import demonstrate, recorded
from experiments.tutor import Tutor
from replay.opinions import Heard, Opinions
from replay.store import ReplayStore
from rewards import Outcome
from tests.replay.conftest import make_episode

SETTINGS = (
    'tasks=["miniwob/click-shades"]',
    "demonstrations_per_task=1",
    "demonstrations_asked=4",
    "cloning_epochs=1",
    "groups_per_update=2",
    "evaluation_episodes=1",
    "num_envs=2",
    "checkpoint_every=1",
)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask sooner than is sensible."""
    monkeypatch.setattr(tutor, "PRACTISED", 2)
    monkeypatch.setattr(tutor, "AT_ONCE", 3)
    monkeypatch.setattr(tutor, "UNSOLVED", 1.0)


def train(runs: Path, *more: str, updates: int) -> Path:
    changes = [part for change in (*SETTINGS, f"num_updates={updates}") for part in ("--set", change)]
    assert main(["train", "smoke", "--runs", str(runs), *changes, *more]) == 0
    return (runs / "latest").resolve()


def seeds(store: Path, tag: str) -> list[int]:
    with ReplayStore(store, read_only=True) as opened:
        return [info.seed for info in opened.query(tag=tag)]


@pytest.mark.usefixtures("impatient")
def test_what_practice_fails_at_is_shown_again(tmp_path: Path) -> None:
    run = train(tmp_path / "scripted", updates=5)
    asked = seeds(run / "store", "asked")
    assert len(asked) == 4, "so many at most"
    assert len({*seeds(run / "store", "demonstration"), *asked}) == 5, "on seeds of their own"
    logged = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["name"] for row in logged if row["kind"] == "dataset"] == ["demonstrations", "demonstrations asked for"]
    assert json.loads((run / "asked.json").read_text()) == {"miniwob/click-shades": [2, 4]}
    rows = [json.loads(line) for line in (run / "mixed" / "metrics.jsonl").read_text().splitlines()]
    counts = [row["metrics"]["train/asked"] for row in rows if "train/asked" in row.get("metrics", {})]
    assert (counts[0], counts[-1]) == (0.0, 4.0)

    other = train(tmp_path / "recorded", "--demos", str(run / "store"), updates=4)
    assert json.loads((other / "asked.json").read_text()) == {"miniwob/click-shades": [2, 4]}, "its next episodes"
    assert seeds(other / "store", "asked") == []


def test_a_task_that_is_solved_or_hardly_practised_is_not_asked_for(tmp_path: Path) -> None:
    class Shop:
        recipe = type("Recipe", (), {"demonstrations_asked": 20})
        directory = tmp_path
        recorded = None
        store = ReplayStore(tmp_path / "store")

    easy, hard, new, unshown = (
        f"miniwob/{name}" for name in ("click-test", "click-shades", "click-tab", "button-delay")
    )
    names = ("click-test", "click-shades", "click-tab", "button-delay")
    easy, hard, new, unshown = (f"miniwob/{name}" for name in names)
    curriculum = Curriculum([easy, hard, new, unshown], CurriculumConfig())
    curriculum.observe([make_episode(f"e{i}", task=easy) for i in range(50)])
    curriculum.observe([make_episode(f"u{i}", task=unshown, outcome=Outcome.FAILURE) for i in range(50)])
    failed = [make_episode(f"h{i}", task=hard, outcome=Outcome.FAILURE) for i in range(50)]
    curriculum.observe(failed[: tutor.PRACTISED - 1])
    asking = Tutor(Shop())  # type: ignore[arg-type]
    assert asking.choose(curriculum) is None, "nobody can show the other"
    curriculum.observe(failed[tutor.PRACTISED - 1 :])
    assert asking.choose(curriculum) == hard
    shares = asking.shares(curriculum.success())
    assert shares is not None
    assert shares[hard] > shares[new] > shares[easy]
    Shop.recipe.demonstrations_asked = 0  # type: ignore[attr-defined]
    quiet = Tutor(Shop())  # type: ignore[arg-type]
    assert quiet.choose(curriculum) is None
    assert quiet.shares(curriculum.success()) is None


def test_damaged_opinions_are_counted_where_any_are_heard(tmp_path: Path) -> None:
    class Shop:
        recorded = ReplayStore(tmp_path / "store")
        tasks = (make_episode("e").task,)
        progress = Progress(Console(file=io.StringIO(), width=300))
        recipe = Recipe(name="r", demonstrations=str(tmp_path / "store"), opinions=Opinions(ratings=True))

    Shop.recorded.add([make_episode("e")])
    (tmp_path / "store" / "notes").mkdir()
    (tmp_path / "store" / "notes" / "torn.json").write_text("{")
    assert len(demonstrate(Shop()).imitated) == 1  # type: ignore[arg-type]
    assert isinstance(Shop.progress.console.file, io.StringIO)
    assert "1 damaged ratings or judgements are left out" in Shop.progress.console.file.getvalue()


def test_demonstrations_on_seeds_that_evaluation_scores_are_left_out(tmp_path: Path) -> None:
    class Shop:
        recorded = ReplayStore(tmp_path / "store")

    last = held_out_seed(0) - 1
    shown = [make_episode("last", seed=last), make_episode("scored", seed=last + 1), make_episode("other", seed=0)]
    Shop.recorded.add([*shown, make_episode("practised", seed=1, tags=("practice",))])
    found = recorded(Shop(), shown[0].task, Heard(rated={}, judged={}))  # type: ignore[arg-type]
    assert [info.id for info, _ in found] == ["last", "other"]


def test_how_often_it_asked_outlives_a_kill(tmp_path: Path) -> None:
    class Shop:
        recipe = type("Recipe", (), {"demonstrations_asked": 20})
        directory = tmp_path
        recorded = None
        store = ReplayStore(tmp_path / "store")

        def task(self, name: str) -> Task:
            return miniwob_task(name)

    hard = "miniwob/click-shades"
    curriculum = Curriculum([hard], CurriculumConfig())
    failed = [make_episode(f"h{i}", task=hard, outcome=Outcome.FAILURE) for i in range(2 * tutor.PRACTISED)]
    curriculum.observe(failed[: tutor.PRACTISED])
    killed = Tutor(Shop())  # type: ignore[arg-type]
    assert killed.choose(curriculum) == hard
    killed.ask(hard)  # and it is killed before anything was shown
    resumed = Tutor(Shop())  # type: ignore[arg-type]
    assert resumed.choose(curriculum) is None, "not at once again"
    curriculum.observe(failed[tutor.PRACTISED :])
    assert resumed.choose(curriculum) == hard
