"""Mixed learning: a policy practises while its learner mixes imitation and reinforcement."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from browser_env.episode import Episode, Source
from browser_env.pool import RolloutRequest
from browser_env.seeds import DEMONSTRATION_START
from experiments.actors import Actors, Group
from experiments.approaching import MASTERED, Approach, demonstrated_routes, golden_routes
from experiments.clock import Clock
from experiments.curriculum import Curriculum
from experiments.evaluation import tagged
from experiments.recipe import Recipe
from experiments.run_log import Run
from experiments.scores import by_group, total_cost
from experiments.training import Demonstrations, validate
from experiments.tutor import Tutor
from experiments.workshop import PRACTICE, Workshop, one_thread
from policy.folders import recover_folder
from policy.kinds import (
    TrainedPolicy,
    TrainingLearner,
    load_learner,
    load_policy,
    new_learner,
    num_gpus,
    save_checkpoint,
)
from policy.metrics import Metrics
from replay.advantages import group_advantages
from replay.buffer import ReplayBuffer
from replay.kept import Kept
from replay.opinions import JUDGED
from replay.samples import Sample, experience_samples
from rewards.cost import Cost

CURRICULUM = "curriculum"  # the table of what is known of each task


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What was experienced so far, and what follows from it."""

    curriculum: Curriculum
    approach: Approach
    buffer: ReplayBuffer
    shows_routes: bool = False  # whether demonstrations say where to begin near the goal

    def add(self, episodes: Sequence[Episode]) -> None:
        """Count episodes and keep them."""
        self.curriculum.observe(episodes)
        self.approach.observe(episodes)
        self.buffer.add(episodes)

    def show(self, demonstrations: Sequence[Kept]) -> None:
        """Keep more demonstrations."""
        for kept in demonstrations:
            self.buffer.show(kept)
            self.curriculum.show(kept.task)
        if self.shows_routes:
            self.approach.add(demonstrated_routes(demonstrations))

    def expected(self, task: str, *, near_goal: bool) -> float:
        """Return the mean reward of a task's episodes from its start, or from where they begin near the goal."""
        return self.approach.success(task) if near_goal else self.curriculum.success()[task]

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of each task, as rows of a table."""
        return [row | {"steps_left": self.approach.left(row["task"])} for row in self.curriculum.rows()]


def learn(shop: Workshop, demonstrations: Demonstrations, run: Run) -> TrainedPolicy:
    """Improve the cloned policy by its own experience, mixed with imitation; go on where a checkpoint is.

    While the learner takes an update, the policy already practises for the next one.
    """
    recipe = shop.recipe
    policy, learner = _resume(shop)
    tutor = Tutor(shop)
    experience = remember(shop, [*demonstrations.imitated, *tutor.before])
    planned, gpus = iter(range(policy.version, recipe.num_updates)), num_gpus(recipe.policy, recipe.learning)
    clock = Clock(shop.directory / "learning.json")
    actors = Actors(shop.pool, policy, on_step=shop.keeper.note, on_episode=lambda e: shop.keeper.keep(practised(e)))
    bar_of = shop.progress.phase("imitation and reinforcement", total=recipe.num_updates, done=policy.version)
    with one_thread(), closing(learner), actors, bar_of as bar:
        _request_next(actors, planned, shop, experience)
        while (done := recipe.done(policy.version, wall_s=clock.spent.wall_s)) < 1:
            update, started, cpu_s = policy.version, time.monotonic(), time.thread_time()
            episodes = [episode for group in actors.take(recipe.groups_per_update) for episode in group]
            waited = time.monotonic() - started
            experience.show(tutor.take())
            if task := tutor.choose(experience.curriculum):
                actors.send_on(tutor.ask(task))
            _request_next(actors, planned, shop, experience)
            episodes = shop.judged(episodes)
            rng, shares = np.random.default_rng([recipe.seed, update]), tutor.shares(experience.curriculum.success())
            samples = mix(recipe, episodes, experience, version=update, rng=rng, demonstration_shares=shares)
            experience.add(episodes)
            weight, rate = recipe.imitation_weight(done), recipe.rate(done)
            metrics = learner.update(samples, imitation_weight=weight, rate=rate)
            actors.publish(policy)
            experience.buffer.learned(samples, learner.surprises)
            took = time.monotonic() - started
            spent = total_cost(episodes) + Cost(cpu_s=time.thread_time() - cpu_s, gpu_s=gpus * took)
            metrics |= {"wait_s": waited, "update_s": took, "money": recipe.prices.money(spent)}
            metrics |= staleness(samples, version=update) | {"asked": float(tutor.num_came)}
            if ends_stretch := policy.version % recipe.checkpoint_every == 0:
                metrics |= validate(policy, demonstrations.validation)
            _log_update(run, update, metrics, episodes, experience, shop)
            said = "judged success" if shop.judge else "success"
            bar.advance(detail=f"{said} {np.mean([e.success for e in episodes]):.2f}")
            if ends_stretch:
                save_progress(shop, policy, learner, clock)
                run.log_table(CURRICULUM, experience.rows())
    save_progress(shop, policy, learner, clock)
    run.log_table(CURRICULUM, experience.rows())
    return policy


def _request_next(actors: Actors, planned: Iterator[int], shop: Workshop, experience: Experience) -> None:
    """Have the practice for one more update made; more ahead would be too old when it is learned from."""
    for update in itertools.islice(planned, 1):
        actors.request(plan(shop, experience, update))


def save_progress(shop: Workshop, policy: TrainedPolicy, learner: TrainingLearner, clock: Clock) -> None:
    """Write the checkpoint to go on from, once all episodes that led to it are on disk."""
    shop.keeper.flush()
    save_checkpoint(shop.checkpoint("mixed"), policy, learner)
    clock.save()
    shop.clock.save()


def practised(episode: Episode) -> Episode:
    """Return an episode marked as practice."""
    return tagged(episode, PRACTICE)


def remember(shop: Workshop, demonstrations: Sequence[Kept]) -> Experience:
    """Return the experience that the store holds."""
    recipe = shop.recipe
    golden = golden_routes(shop.tasks)
    experience = Experience(
        curriculum=Curriculum([task.name for task in shop.tasks], recipe.curriculum),
        approach=Approach(golden if recipe.near_goal else {}),
        buffer=ReplayBuffer(demonstrations=(), successes_per_task=recipe.successes_per_task, sampling=recipe.sampling),
        shows_routes=bool(recipe.near_goal) and not golden,
    )
    experience.show(demonstrations)
    for episode in shop.store.episodes(source=Source.AGENT, tag=PRACTICE):
        experience.add(shop.judged([episode]))
    return experience


def plan(shop: Workshop, experience: Experience, update: int) -> list[Group]:
    """Return the requests for an update's practice: for each drawn task a seed, for each seed a group."""
    recipe = shop.recipe
    rng = np.random.default_rng([recipe.seed, update, 1])
    success = experience.curriculum.success()
    groups: list[Group] = []
    for number, name in enumerate(experience.curriculum.draw(recipe.groups_per_update, rng)):
        near = rng.random() < recipe.near_goal and success[name] < MASTERED
        route = experience.approach.start(name, rng) if near else None
        seed = int(rng.integers(DEMONSTRATION_START))
        request = RolloutRequest(
            task=shop.task(name),
            seed=seed if route is None or route.seed is None else route.seed,
            group=f"{update}/{number}/{name}",
            prefix=() if route is None else route.actions,
        )
        groups.append([request] * recipe.group_size)
    return groups


def mix(
    recipe: Recipe,
    episodes: Sequence[Episode],
    experience: Experience,
    *,
    version: int,
    rng: np.random.Generator,
    demonstration_shares: dict[str, float] | None = None,
) -> list[Sample]:
    """Return an update's samples: own steps with their advantage, and demonstrations and past successes to imitate."""
    fresh = [e for e in episodes if version - (e.policy_version or 0) <= recipe.max_staleness]
    advantages = group_advantages(
        fresh, expected=lambda episode: experience.expected(episode.task.name, near_goal=bool(episode.prefix))
    )
    own = experience_samples(fresh, advantages=advantages)
    shares = experience.curriculum.shares()
    imitated = experience.buffer.sample(
        recipe.imitation_samples,
        demo_fraction=recipe.demo_fraction,
        rng=rng,
        shares=shares,
        demonstration_shares=failed_tasks(episodes) if recipe.inject else demonstration_shares,
    )
    return own + imitated + again(recipe, experience, shares, rng)


def failed_tasks(episodes: Sequence[Episode]) -> dict[str, float]:
    """Return, by task, the share of its groups of episodes that had no success."""
    groups: dict[tuple[str, str | None], bool] = {}
    for episode in episodes:
        if episode.outcome.learnable:
            key = episode.task.name, episode.group
            groups[key] = groups.get(key, False) or episode.success
    by_task: dict[str, list[bool]] = {}
    for (task, _), solved in groups.items():
        by_task.setdefault(task, []).append(solved)
    return {task: 1 - sum(solved) / len(solved) for task, solved in by_task.items() if not all(solved)}


def again(
    recipe: Recipe, experience: Experience, shares: Mapping[str, float], rng: np.random.Generator
) -> list[Sample]:
    """Return past successes for the policy gradient, whose importance weights the learner truncates."""
    drawn = experience.buffer.successes(recipe.repeated_samples, rng=rng, shares=shares)
    return [
        replace(sample, weight=0.0, advantage=1 - experience.expected(sample.task, near_goal=sample.near_goal))
        for sample in drawn
        if sample.log_prob
    ]


def staleness(samples: Sequence[Sample], *, version: int) -> Metrics:
    """Return how many updates old the policies were whose steps are reinforced: mean and most."""
    ages = [version - s.policy_version for s in samples if s.advantage is not None and s.policy_version is not None]
    return {"staleness": float(np.mean(ages)), "staleness_most": float(max(ages))} if ages else {}


def _resume(shop: Workshop) -> tuple[TrainedPolicy, TrainingLearner]:
    """Return policy and learner of the last checkpoint, or the cloned policy and a new learner."""
    mixed, recipe = shop.checkpoint("mixed"), shop.recipe
    if recover_folder(mixed):
        policy = load_policy(mixed)
        learner = load_learner(mixed, policy)
    else:
        policy = load_policy(shop.checkpoint("imitation"))
        learner = new_learner(policy, replace(recipe.learning, seed=recipe.seed))
    seed = int(np.random.default_rng([recipe.seed, policy.version, 2]).integers(2**63))
    policy.practise(exploration=recipe.exploration, seed=seed)
    return policy, learner


def _log_update(
    run: Run, update: int, metrics: Metrics, episodes: Sequence[Episode], experience: Experience, shop: Workshop
) -> None:
    infra_errors = sum(not episode.outcome.learnable and JUDGED not in episode.tags for episode in episodes)
    rollout = {
        "rollout/steps": float(sum(len(episode.steps) for episode in episodes)),
        "rollout/infra_errors": float(infra_errors),
        "rollout/near_goal": float(np.mean([bool(episode.prefix) for episode in episodes])),
        "curriculum/parked": float(len(experience.curriculum.parked())),
        "curriculum/steps_left": experience.approach.mean_left(),
    }
    verified = [task.name for task in shop.tasks if not shop.is_judged(task.name)]
    rollout |= _successes(episodes, experience, tasks=verified)
    if shop.judge is not None:
        judged = [task.name for task in shop.tasks if shop.is_judged(task.name)]
        apart = _successes(episodes, experience, tasks=judged) | shop.judge.metrics(episodes)
        rollout |= {f"judged/{name}": value for name, value in apart.items()}
    run.log_metrics({**{f"train/{k}": v for k, v in metrics.items()}, **rollout}, step=update)


def _successes(episodes: Sequence[Episode], experience: Experience, *, tasks: Sequence[str]) -> Metrics:
    """Return how some tasks' practice went, and what the curriculum makes of it; nothing without tasks."""
    if not tasks:
        return {}
    learnable = [episode for episode in episodes if episode.outcome.learnable and episode.task.name in tasks]
    success = {task: value for task, value in experience.curriculum.success().items() if task in tasks}
    return {
        "rollout/success": float(np.mean([episode.success for episode in learnable])) if learnable else 0.0,
        "rollout/task_success": experience.curriculum.mean_practised(tasks),
        "curriculum/mean": float(np.mean(list(success.values()))),
        **{f"curriculum/{group}": value for group, value in by_group(success).items()},
    }
