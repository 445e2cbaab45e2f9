"""A training run from beginning to end: folders, phases, tracking, the table of results."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from browser_env.episode import Episode, Source
from browser_env.errors import DataError, InfraError, UsageError
from browser_env.pool import Pool
from experiments.clock import Clock
from experiments.journal import write_atomically
from experiments.judged_practice import PracticeJudge
from experiments.keeping import EpisodeKeeper
from experiments.learning import learn
from experiments.pictures import picture_strip
from experiments.progress import Progress
from experiments.recipe import Recipe
from experiments.run_log import Run, Tracker, cost_metrics
from experiments.scores import TABLE, TaskScore, by_group, mean_success, score_episodes, total_cost
from experiments.task_choice import choose_tasks, demonstrations_of
from experiments.training import Demonstrations, assess, clone, demonstrate
from experiments.workshop import ASKED, DEMONSTRATION, Workshop
from policy.kinds import check_memory, new_judge, num_gpus
from policy.metrics import Metrics
from replay.store import ReplayStore

RECIPE, RESULT, LATEST = "recipe.json", "result.json", "latest"
IMITATION, MIXED = "imitation", "mixed"  # arms; the second only where there is mixed learning
PICTURED_EPISODES = 6  # a run's picture strips


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a training run reached."""

    arms: dict[str, list[TaskScore]]  # by arm, the last one's policy is the run's
    wall_s: float
    env_steps: int
    mlflow_run: str
    directory: Path

    @property
    def last(self) -> str:
        """The arm whose policy the run ends with."""
        return list(self.arms)[-1]

    def mean(self, *, held_out: bool, judged: bool = False) -> dict[str, float]:
        """Return each arm's mean success over the tasks that were practised, or over those that were held out.

        What a model judged is apart from what was verified; no arm where there are no such tasks.
        """
        chosen = {
            arm: [score for score in scores if (score.held_out, score.judged) == (held_out, judged)]
            for arm, scores in self.arms.items()
        }
        return {arm: mean_success(scores) for arm, scores in chosen.items() if scores}

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-serialisable data."""
        by_task: dict[str, dict[str, Any]] = {}
        for arm, scores in self.arms.items():
            for task in scores:
                row = by_task.setdefault(task.task.removeprefix("miniwob/"), {})
                row |= {arm: task.rate.value, "episodes": task.episodes}
                row |= {name: True for name in ("held_out", "judged") if getattr(task, name)}
        costs = [
            task.cost_per_success
            for task in self.arms[self.last]
            if task.cost_per_success is not None and not task.judged
        ]
        apart = {
            "mean_held_out": self.mean(held_out=True),
            "mean_judged": self.mean(held_out=False, judged=True),
            "mean_judged_held_out": self.mean(held_out=True, judged=True),
        }
        return {
            "tasks": by_task,
            "mean": self.mean(held_out=False),
            **{name: means for name, means in apart.items() if means},
            "wall_s": round(self.wall_s, 1),
            "env_steps": self.env_steps,
            "cost_per_success": sum(costs) / len(costs) if costs else None,
            "mlflow_run": self.mlflow_run,
        }


def new_directory(runs: Path, recipe: Recipe) -> Path:
    """Make the folder of a new run and point ``latest`` at it; raise :class:`InfraError` where that fails."""
    name = f"{recipe.name}-seed{recipe.seed}-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    directory = (runs / name).absolute()
    make_directory(directory, recipe)
    with _writing_to(runs):
        link = runs / f".{LATEST}-{os.getpid()}"
        link.symlink_to(directory.name)
        link.replace(runs / LATEST)
    return directory


def make_directory(directory: Path, recipe: Recipe) -> None:
    """Make the folder of a run of a recipe; raise :class:`InfraError` where that fails."""
    with _writing_to(directory.parent):
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / RECIPE, json.dumps(recipe.to_json(), indent=1).encode())


@contextlib.contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InfraError(f"cannot write to {folder}: {error.strerror}; name another folder with --runs") from error


def load_recipe(directory: Path) -> Recipe:
    """Return the recipe that a run was started with."""
    path = directory / RECIPE
    if not path.is_file():
        raise UsageError(f"there is no run in {directory}; give a run's folder, or leave --resume out to start one")
    try:
        return Recipe.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is broken; start another run") from error


def run_experiment(
    recipe: Recipe,
    *,
    directory: Path,
    tracker: Tracker,
    progress: Progress,
) -> Result:
    """Run or continue every phase of a recipe in a folder."""
    plans = [check_memory(recipe.policy, phase) for phase in (recipe.cloning, recipe.learning)]
    if plans[-1]:
        progress.console.print(plans[-1])
    with contextlib.ExitStack() as open_things:
        choice, source = choose_tasks(recipe), demonstrations_of(recipe)
        judged = recipe.judge.judged([*choice.practised, *choice.held_out])
        recorded = open_things.enter_context(ReplayStore(Path(source), read_only=True)) if source else None
        parent = open_things.enter_context(tracker.run(directory.name, directory=directory))
        store = open_things.enter_context(ReplayStore(directory / "store"))
        if store.recovered:
            progress.console.print(f"{len(store.recovered)} episodes were broken off; their steps so far are kept.")
        keeper = open_things.enter_context(EpisodeKeeper(directory / "store"))
        pool = open_things.enter_context(Pool(num_envs=recipe.num_envs, pixels=recipe.pixels))
        gpus = num_gpus(recipe.policy, recipe.learning)
        clock = Clock(directory / "clock.json", elsewhere=lambda: pool.cpu_s, gpus=gpus)
        shop = Workshop(
            recipe=recipe,
            directory=directory,
            store=store,
            keeper=keeper,
            pool=pool,
            progress=progress,
            clock=clock,
            tasks=choice.practised,
            held_out=choice.held_out,
            recorded=recorded,
            judge=_judge_of(recipe, directory / "store", judged) if judged else None,
        )
        parent.log_params(recipe.to_json())
        demonstrations = demonstrate(shop)
        _log_demonstrations(parent, shop)
        arms = (IMITATION, MIXED) if recipe.num_updates else (IMITATION,)
        scores = {arm: _run_arm(shop, arm, demonstrations, tracker, parent) for arm in arms}
        keeper.flush()
        _log_asked(parent, store)
        steps = sum(info.num_steps for info in store.query())
        spent = clock.save()
        result = Result(
            arms=scores,
            wall_s=spent.wall_s,
            env_steps=steps,
            mlflow_run=parent.id,
            directory=directory,
        )
        _log_result(parent, result)
        parent.log_metrics(cost_metrics(replace(spent, steps=steps), recipe.prices), step=recipe.num_updates)
    write_atomically(directory / RESULT, json.dumps(result.to_json(), indent=1).encode())
    return result


def _judge_of(recipe: Recipe, store: Path, tasks: frozenset[str]) -> PracticeJudge:
    judge = new_judge(recipe.judge.model, url=recipe.judge.server)
    return PracticeJudge(judge, store, tasks=tasks, least_sure=recipe.judge.least_sure)


def _run_arm(
    shop: Workshop, arm: str, demonstrations: Demonstrations, tracker: Tracker, parent: Run
) -> list[TaskScore]:
    """Train an arm, evaluate it, and record what it reached."""
    recipe = shop.recipe
    with tracker.run(arm, directory=shop.directory / arm, parent=parent) as run:
        run.log_params(recipe.to_json())
        policy = (clone if arm == IMITATION else learn)(shop, demonstrations, run)
        episodes = assess(shop, policy, arm)
        shop.clock.save()
        scores = score_episodes(episodes, prices=recipe.prices, held_out={task.name for task in shop.held_out})
        metrics = _evaluated(scores)
        run.log_metrics(metrics | cost_metrics(total_cost(episodes), recipe.prices), step=policy.version)
        run.log_table(TABLE, [task.to_row() for task in scores])
        run.log_checkpoint(shop.checkpoint(arm), step=policy.version, metrics=metrics, alias=arm)
        for episode in _worth_seeing(episodes):
            run.log_picture(f"episodes/{episode.task.name.split('/')[-1]}-{episode.seed}", picture_strip(episode))
    return scores


def _evaluated(scores: Sequence[TaskScore]) -> Metrics:
    """Return the means over tasks, verified and judged, and of each group of those that were practised."""
    metrics: Metrics = {}
    for prefix, judged in (("", False), ("judged/", True)):
        mine = [score for score in scores if score.judged == judged]
        practised = [score for score in mine if not score.held_out]
        kinds = {"success": practised, "held_out": [score for score in mine if score.held_out]}
        means = {name: mean_success(some) for name, some in kinds.items() if some}
        means |= by_group({score.task: score.rate.value for score in practised})
        metrics |= {f"{prefix}evaluation/{name}": value for name, value in means.items()}
    return metrics


def _worth_seeing(episodes: Sequence[Episode]) -> list[Episode]:
    """Return failures first, then one success of each task, as many as are shown."""
    failures = [episode for episode in episodes if not episode.success]
    successes = {episode.task.name: episode for episode in episodes if episode.success}
    return [*failures, *successes.values()][:PICTURED_EPISODES]


def _log_demonstrations(run: Run, shop: Workshop) -> None:
    if shop.recorded is not None:
        run.log_dataset("demonstrations", digest=shop.recorded.digest(), source=demonstrations_of(shop.recipe))
    else:
        digest = shop.store.digest(source=Source.SCRIPT, tag=DEMONSTRATION)
        run.log_dataset("demonstrations", digest=digest, source="scripted experts")


def _log_asked(run: Run, store: ReplayStore) -> None:
    if store.query(tag=ASKED):
        run.log_dataset("demonstrations asked for", digest=store.digest(tag=ASKED), source="scripted experts")


def _log_result(run: Run, result: Result) -> None:
    data = result.to_json()
    run.log_text(RESULT, json.dumps(data, indent=1))
    names = {
        "mean": "evaluation/{}",
        "mean_held_out": "evaluation/{}/held_out",
        "mean_judged": "judged/evaluation/{}",
        "mean_judged_held_out": "judged/evaluation/{}/held_out",
    }
    means = {name.format(arm): value for kind, name in names.items() for arm, value in data.get(kind, {}).items()}
    run.log_metrics(means | {"wall_s": result.wall_s}, step=result.env_steps)
    run.log_table("tasks", [{"task": task, **row} for task, row in data["tasks"].items()])
