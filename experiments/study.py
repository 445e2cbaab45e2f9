"""Studies: a recipe and changes to it, each over several seeds, so that MLflow can tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from browser_env.errors import UsageError
from experiments.experiment import RECIPE, RESULT, Result, load_recipe, make_directory, run_experiment
from experiments.progress import Progress
from experiments.recipe import Recipe, override_from_text
from experiments.recipes import default, miniwob, miniwob_56
from experiments.run_log import Tracker
from experiments.task_choice import on_task_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is compared: variants of a recipe, each with every seed."""

    name: str
    summary: str
    recipe: Callable[[], Recipe]
    variants: Mapping[str, Sequence[str]]  # by name, what each changes, as --set takes it
    seeds: tuple[int, ...] = (0, 1, 2)
    of_set: bool = False  # whether its tasks are those of a compiled set, which has to be named


def ablated() -> Recipe:
    """The default recipe's tasks, briefly."""
    return replace(default(), near_goal=0.3, num_updates=120, learning_limit_s=3600.0, evaluation_episodes=20)


def on_a_site() -> Recipe:
    """Ten minutes of practice on a set, which has one golden run of each task."""
    return replace(default(), cloning_epochs=15, learning_limit_s=600.0, near_goal=1.0)


FULL = "full"
UNTRAINED = ("demonstrations_per_task=0", "cloning_epochs=0", "num_updates=0")
STUDIES = {
    study.name: study
    for study in (
        Study(
            name="miniwob-56",
            summary="imitation and mixed learning on the 56 tasks that results are compared on, shown often or once",
            recipe=miniwob_56,
            variants={
                FULL: (),
                "one-demonstration": ("demonstrations_per_task=1", "demonstrations_asked=50", "cloning_epochs=100"),
            },
        ),
        Study(
            name="miniwob",
            summary="all tasks of the package: imitation, mixed, and reinforcement alone",
            recipe=miniwob,
            variants={FULL: (), "reinforcement": ("demonstrations_per_task=0",)},
            seeds=(0,),
        ),
        Study(
            name="held-out",
            summary="trained on half of the tasks, evaluated on the other half too, beside an untrained policy",
            recipe=miniwob_56,
            variants={FULL: ("held_out=0.5",), "untrained": ("held_out=0.5", *UNTRAINED)},
        ),
        Study(
            name="site",
            summary="a compiled set (--tasks DIR): near the goal first, from the start alone, and an untrained policy",
            recipe=on_a_site,
            variants={
                FULL: (),
                "no-starts-near-the-goal": ("near_goal=0",),
                "untrained": UNTRAINED,
            },
            of_set=True,
        ),
        Study(
            name="ablations",
            summary="the default recipe's tasks, with one thing changed at a time",
            recipe=ablated,
            variants={
                FULL: (),
                "no-curriculum": ("curriculum.learnable=0", "curriculum.unsolved=0"),
                "no-screenshot": ("policy.use_screenshot=false",),
                "no-elements": ("policy.use_elements=false",),
                "no-starts-near-the-goal": ("near_goal=0",),
                "injection": ("inject=true",),
                "groups-of-four": ("group_size=4", "groups_per_update=8"),
                "imitation-as-strong-to-the-end": ("imitation_floor=1",),
                "repeated-successes": ("repeated_samples=64",),
                "hindsight": ("sampling.hindsight_share=0.1",),
                "failures-value-only": ("sampling.failure_share=0.2",),
                "failures-conditioned": ("sampling.failure_share=0.2", "sampling.condition_failures=true"),
                "novelty": ("sampling.novelty_exponent=1",),
                "no-demonstrations": ("demonstrations_per_task=0",),
                "1-demonstration": ("demonstrations_per_task=1",),
                "20-demonstrations": ("demonstrations_per_task=20",),
                "60-demonstrations": ("demonstrations_per_task=60",),
            },
        ),
    )
}


def find_study(name: str) -> Study:
    """Return a study by name; raise :class:`UsageError` where there is none."""
    if name not in STUDIES:
        raise UsageError(f"there is no study {name!r}; known are {', '.join(STUDIES)}")
    return STUDIES[name]


def trials(
    study: Study,
    *,
    seeds: Sequence[int] = (),
    variants: Sequence[str] = (),
    assignments: Sequence[str] = (),
    task_set: Path | None = None,
) -> list[Recipe]:
    """Return the study's runs, seed by seed; ``assignments`` change all of them, before a variant's own."""
    if study.of_set and task_set is None:
        raise UsageError(f"{study.name} is of a compiled set; name its folder with --tasks")
    unknown = [name for name in variants if name not in study.variants]
    if unknown:
        raise UsageError(f"{study.name} has no variant {unknown[0]!r}; known are {', '.join(study.variants)}")
    return [
        _recipe(study, variant, seed, assignments, task_set)
        for seed in seeds or study.seeds
        for variant in variants or study.variants
    ]


def folder_of(trial: Recipe) -> str:
    """Return the name of the folder of a study's run."""
    return f"{trial.variant}-seed{trial.seed}"


def run_trials(chosen: Sequence[Recipe], *, folder: Path, tracker: Tracker, progress: Progress) -> Iterator[Result]:
    """Run what is not finished yet, and go on with what was broken off; yield the new results."""
    for trial in chosen:
        directory = folder / folder_of(trial)
        if not (directory / RECIPE).exists():
            make_directory(directory, trial)
        if load_recipe(directory) != trial:
            raise UsageError(f"{directory} is a run of another recipe; name another folder with --runs")
        if (directory / RESULT).exists():
            continue
        progress.console.rule(directory.name)
        yield run_experiment(trial, directory=directory, tracker=tracker, progress=progress)


def _recipe(study: Study, variant: str, seed: int, assignments: Sequence[str], task_set: Path | None) -> Recipe:
    recipe = replace(study.recipe(), name=study.name, variant=variant, seed=seed)
    if task_set is not None:
        recipe = on_task_set(recipe, task_set)
    for assignment in (*assignments, *study.variants[variant]):
        recipe = override_from_text(recipe, assignment)
    return recipe
