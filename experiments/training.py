"""What training does before and after it learns from experience: demonstrating, cloning, evaluating.

Everything that is needed to go on after a kill is on disk: sealed episodes in the store, policies and their learners
in checkpoints.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from browser_env.episode import Episode, Source
from browser_env.errors import InfraError, UsageError
from browser_env.pool import RolloutRequest
from browser_env.seeds import SEEDS_PER_RUN, demonstration_seed, is_held_out
from browser_env.task import Task
from experiments.evaluation import evaluate, tagged
from experiments.experts.policy import EXPERTS, ExpertPolicy
from experiments.recipe import Recipe
from experiments.run_log import Run
from experiments.task_choice import demonstrations_of
from experiments.workshop import DEMONSTRATION, EVALUATION, PRACTICE, Workshop, one_thread
from policy.ahead import ahead
from policy.folders import recover_folder
from policy.kinds import (
    TrainedPolicy,
    TrainingLearner,
    load_learner,
    load_policy,
    new_learner,
    new_policy,
    save_checkpoint,
)
from policy.metrics import Metrics, mean_metrics
from replay.buffer import ReplayBuffer
from replay.index import EpisodeInfo
from replay.kept import Kept, in_memory, in_store, readable
from replay.notes import NoteFolder
from replay.opinions import Heard, Worth, hear, worth_imitating
from replay.samples import imitated

CLONING = "cloning"  # the checkpoint of a policy that is being cloned
VALIDATED_AT_ONCE = 16  # steps
SAID_BY = {"mark": "a person's mark", "ratings": "people's ratings", "judgements": "models' judgements"}
MOST_FAILURES = 20  # of an expert, in a row


class Demonstrations(NamedTuple):
    """What is imitated, and what only shows how well."""

    imitated: list[Kept]
    validation: list[Kept]


def demonstrate(shop: Workshop) -> Demonstrations:
    """Return the demonstrations: those of the recipe's store, or scripted ones, made where there are none yet.

    Tasks without an expert have none. The first of each task are imitated.
    """
    found = _scripted(shop) if shop.recorded is None else _recorded(shop)
    parts = Demonstrations([], [])
    for _, mine in itertools.groupby(found, key=lambda kept: kept.task):
        of_task = list(mine)
        parts.imitated.extend(of_task[: shop.recipe.demonstrations_per_task])
        parts.validation.extend(of_task[shop.recipe.demonstrations_per_task :])
    return parts


def wanted(shop: Workshop) -> int:
    """Return how many demonstrations there are to be of a task."""
    return shop.recipe.demonstrations_per_task + shop.recipe.validation_demonstrations


def _scripted(shop: Workshop) -> list[Kept]:
    have = list(shop.store.episodes(source=Source.SCRIPT, tag=DEMONSTRATION))
    shown = [task for task in shop.tasks if task.name in EXPERTS]
    with shop.progress.phase("demonstrations", total=wanted(shop) * len(shown)) as bar:
        for task in shown:
            mine = [episode for episode in have if episode.task.name == task.name]
            bar.advance(len(mine))
            missing = wanted(shop) - len(mine)
            used = {episode.seed for episode in mine}
            for episode in make_demonstrations(shop, task, count=missing, used=used):
                shop.keeper.keep(tagged(episode, DEMONSTRATION))
                have.append(episode)
                bar.advance()
    shop.keeper.flush()
    return [in_memory(episode) for episode in sorted(have, key=lambda episode: (episode.task.name, episode.seed))]


def _recorded(shop: Workshop) -> list[Kept]:
    """Return the first episodes of each task that are worth imitating, of a store of people's or others' work."""
    if not wanted(shop):
        return []
    heard = opinions(shop)
    _report_damaged(shop)
    chosen = [found for task in shop.tasks for found in itertools.islice(recorded(shop, task, heard), wanted(shop))]
    if not chosen:
        source = demonstrations_of(shop.recipe)
        raise UsageError(f"{source} has no successful episode of the recipe's tasks; import some first")
    by_opinion = Counter(worth.said_by for _, worth in chosen if worth.said_by in SAID_BY)
    for said_by, count in by_opinion.items():
        text = f"{count} of {len(chosen)} demonstrations are imitated because of {SAID_BY[said_by]}."
        shop.progress.console.print(text, markup=False, soft_wrap=True)
    return kept_in_store(shop, chosen)


def _report_damaged(shop: Workshop) -> None:
    """Say how many opinions cannot be read, where any are to be heard."""
    source, opinions = demonstrations_of(shop.recipe), shop.recipe.opinions
    damaged = NoteFolder(Path(source)).damaged() if opinions.ratings or opinions.judgements else []
    if damaged:
        text = f"{len(damaged)} damaged ratings or judgements are left out; see 'webdual demos verify {source}'."
        shop.progress.console.print(text, markup=False, soft_wrap=True)


def opinions(shop: Workshop) -> Heard:
    """Return what those say of the recipe's store whose opinions the recipe has count."""
    return hear(NoteFolder(Path(demonstrations_of(shop.recipe))), shop.recipe.opinions)


def recorded(shop: Workshop, task: Task, heard: Heard) -> Iterator[tuple[EpisodeInfo, Worth]]:
    """Yield a task's episodes in the recipe's store that are worth imitating, oldest first.

    Seeds that evaluation scores are left out, and so is what a run, where that is its own store, practised.
    """
    assert shop.recorded is not None
    infos = [info for info in shop.recorded.query(task=task.name) if not _is_set_apart(info)]
    return worth_imitating(shop.recorded, infos, heard)


def _is_set_apart(info: EpisodeInfo) -> bool:
    return is_held_out(info.seed) or any(tag == PRACTICE or tag.startswith(EVALUATION) for tag in info.tags)


def kept_in_store(shop: Workshop, chosen: Sequence[tuple[EpisodeInfo, Worth]]) -> list[Kept]:
    """Return episodes of the recipe's store as demonstrations.

    They stay there and are read when they are drawn: memory does not grow with their number, and a person who takes the
    consent back meanwhile is in no later batch.
    """
    assert shop.recorded is not None
    worths = {info.id: worth.value for info, worth in chosen}
    return in_store(shop.recorded, [info for info, _ in chosen], pixels=shop.recipe.pixels, worths=worths)


def make_demonstrations(shop: Workshop, task: Task, *, count: int, used: set[int]) -> Iterator[Episode]:
    """Yield successes of a task's expert on seeds not used yet; raise :class:`InfraError` where it keeps failing.

    Of the seeds that are set aside for the run, ``used`` ones are left out.
    """
    expert = ExpertPolicy(task.name)
    candidates = (demonstration_seed(index, run=shop.recipe.seed) for index in range(SEEDS_PER_RUN))
    seeds = (seed for seed in candidates if seed not in used)
    made = failures = 0
    while made < count:
        requests = [RolloutRequest(task=task, seed=seed) for seed in itertools.islice(seeds, count - made)]
        if not requests or failures >= MOST_FAILURES:
            raise InfraError(f"the expert of {task.name} keeps failing; run `webdual doctor`")
        for episode in shop.pool.rollout(expert, requests, source=Source.SCRIPT, on_step=shop.keeper.note):
            failures = 0 if episode.success else failures + 1
            if episode.success:
                made += 1
                yield episode


def clone(shop: Workshop, demonstrations: Demonstrations, run: Run) -> TrainedPolicy:
    """Return a policy that imitates the demonstrations; go on after the last epoch that a checkpoint has."""
    recipe = shop.recipe
    if recover_folder(shop.checkpoint("imitation")):
        return load_policy(shop.checkpoint("imitation"))
    policy, learner = _resume_cloning(shop)
    done = policy.version  # while cloning, of epochs
    buffer = ReplayBuffer(demonstrations=demonstrations.imitated)
    with closing(learner), shop.progress.phase("imitation", total=recipe.cloning_epochs, done=done) as bar:
        for epoch in range(done, recipe.cloning_epochs):
            batches = ahead(buffer.epoch(taken_at_once(recipe), np.random.default_rng([recipe.seed, epoch])))
            metrics = mean_metrics([learner.update(batch) for batch in batches])
            metrics |= validate(policy, demonstrations.validation)
            run.log_metrics({f"train/{name}": value for name, value in metrics.items()}, step=epoch)
            policy.version = epoch + 1
            save_checkpoint(shop.checkpoint(CLONING), policy, learner)
            shop.clock.save()
            bar.advance(detail=f"loss {metrics.get('imitation_loss', 0):.3f}")
    policy.version = 0
    save_checkpoint(shop.checkpoint("imitation"), policy)
    shutil.rmtree(shop.checkpoint(CLONING), ignore_errors=True)
    shop.clock.save()
    return policy


def _resume_cloning(shop: Workshop) -> tuple[TrainedPolicy, TrainingLearner]:
    """Return policy and learner as they were after the last epoch of cloning, or at their beginning."""
    recipe, begun = shop.recipe, shop.checkpoint(CLONING)
    if recover_folder(begun):
        policy = load_policy(begun)
        return policy, load_learner(begun, policy)
    policy = new_policy(recipe.policy, seed=recipe.seed)
    return policy, new_learner(policy, replace(recipe.cloning, seed=recipe.seed))


def taken_at_once(recipe: Recipe) -> int:
    """Return how many demonstrated steps are learned from in one update."""
    return recipe.cloning.minibatch * recipe.cloning.MINIBATCHES


def validate(policy: TrainedPolicy, demonstrations: Sequence[Kept]) -> Metrics:
    """Return the mean log-probability, in nats, of demonstrated actions that are not imitated; nothing without any.

    Actions that the policy cannot choose are left out.
    """
    samples = [imitated(episode, i) for episode in readable(demonstrations) for i in range(len(episode.steps))]
    scores: list[float] = []
    for start in range(0, len(samples), VALIDATED_AT_ONCE):
        some = samples[start : start + VALIDATED_AT_ONCE]
        scores += policy.log_prob([s.observation for s in some], [s.action for s in some], [s.past for s in some])
    finite = [score for score in scores if math.isfinite(score)]
    return {"validation_log_prob": sum(finite) / len(finite)} if finite else {}


def assess(shop: Workshop, policy: TrainedPolicy, arm: str) -> list[Episode]:
    """Return the arm's evaluation episodes, judged where a judge does it; make those that the store does not have."""
    tag = f"{EVALUATION}/{arm}"
    done = list(shop.store.episodes(tag=tag))
    count = shop.recipe.evaluation_episodes
    tasks = [*shop.tasks, *shop.held_out]
    with shop.progress.phase(f"evaluation of {arm}", total=count * len(tasks), done=len(done)) as bar:

        def keep(episode: Episode) -> None:
            shop.keeper.keep(tagged(episode, tag))
            bar.advance()

        with one_thread():
            episodes = evaluate(
                policy,
                shop.pool,
                tasks,
                episodes_per_task=count,
                done=done,
                on_episode=keep,
                on_step=shop.keeper.note,
            )
    return shop.judged(episodes)
