"""Training: demonstrations are cloned, then imitation and reinforcement learning are mixed.

:func:`learn` is the loop. Everything it needs to go on after a kill is on disk: sealed episodes in the store,
the policy and its learner in a checkpoint, the rest follows from these.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from browser_env.episode import Episode, Source
from browser_env.errors import InfraError, UsageError
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import DEMONSTRATION_START, demonstration_seed
from browser_env.task import Task
from experiments.approaching import Approach
from experiments.curriculum import Curriculum
from experiments.evaluation import evaluate, tagged
from experiments.experts.policy import ExpertPolicy
from experiments.keeping import EpisodeKeeper
from experiments.progress import Progress
from experiments.recipe import Recipe
from experiments.run_log import Run
from experiments.scores import by_group, total_cost
from experiments.task_choice import demonstrations_of
from policy.checkpoint import load_learner, load_policy, save_checkpoint
from policy.compact import CompactPolicy
from policy.learner import Learner, Metrics
from replay.advantages import group_advantages
from replay.buffer import ReplayBuffer
from replay.index import EpisodeInfo
from replay.kept import Kept, in_memory, in_store
from replay.samples import Sample, experience_samples
from replay.store import ReplayStore
from rewards.cost import Cost
from rewards.outcome import Outcome

DEMONSTRATION, PRACTICE = "demonstration", "practice"  # tags of episodes in the store; evaluations have their own
SEEDS_PER_RUN = 1000  # demonstration seeds set aside for each
MAX_EXTRA_SEEDS = 20  # tried in a row when an expert fails on some pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every phase of a training run works with."""

    recipe: Recipe
    directory: Path
    store: ReplayStore  # for reading
    keeper: EpisodeKeeper  # for writing
    pool: Pool
    progress: Progress
    tasks: tuple[Task, ...]  # to be practised
    held_out: tuple[Task, ...] = ()  # to be evaluated only
    recorded: ReplayStore | None = None  # with the recipe's demonstrations, for reading

    def task(self, name: str) -> Task:
        """Return a task to be practised by its name."""
        return next(task for task in self.tasks if task.name == name)

    def checkpoint(self, name: str) -> Path:
        """Return the folder of a checkpoint."""
        return self.directory / "checkpoints" / name


def demonstrate(shop: Workshop) -> list[Kept]:
    """Return the demonstrations: those of the recipe's store, or scripted ones, made where there are none yet."""
    if shop.recorded is not None:
        return _recorded(shop, shop.recorded)
    have = [e for e in shop.store.episodes(source=Source.SCRIPT, tag=DEMONSTRATION) if e.success]
    with shop.progress.phase("demonstrations", total=shop.recipe.demonstrations_per_task * len(shop.tasks)) as bar:
        for task in shop.tasks:
            mine = [episode for episode in have if episode.task.name == task.name]
            bar.advance(len(mine))
            missing = shop.recipe.demonstrations_per_task - len(mine)
            used = {episode.seed for episode in mine}
            for episode in _demonstrations(shop, task, count=missing, used=used):
                shop.keeper.keep(episode)
                have.append(episode)
                bar.advance()
    shop.keeper.flush()
    return [in_memory(episode) for episode in sorted(have, key=lambda episode: (episode.task.name, episode.seed))]


def _recorded(shop: Workshop, store: ReplayStore) -> list[Kept]:
    """Return the first successes of each task in a store that people's or others' work was imported to.

    They stay there and are read when they are drawn: memory does not grow with their number, and a person who takes the
    consent back meanwhile is in no later batch.
    """
    chosen: list[EpisodeInfo] = []
    for task in (task.name for task in shop.tasks):
        successes = (episode for episode in store.episodes(task=task, outcome=Outcome.SUCCESS) if episode.steps)
        ids = {episode.id for episode in itertools.islice(successes, shop.recipe.demonstrations_per_task)}
        chosen += [info for info in store.query(task=task) if info.id in ids]
    if not chosen:
        source = demonstrations_of(shop.recipe)
        raise UsageError(f"{source} has no successful episode of the recipe's tasks; import some first")
    return in_store(store, chosen, pixels=shop.recipe.pixels)


def _demonstrations(shop: Workshop, task: Task, *, count: int, used: set[int]) -> Iterator[Episode]:
    expert = ExpertPolicy(task.name)
    first = shop.recipe.seed * SEEDS_PER_RUN  # runs of different seeds learn from different demonstrations
    candidates = (demonstration_seed(first + i) for i in range(count + len(used) + MAX_EXTRA_SEEDS))
    seeds = iter([seed for seed in candidates if seed not in used])
    made = 0
    while made < count:
        requests = [RolloutRequest(task=task, seed=seed) for _, seed in zip(range(count - made), seeds, strict=False)]
        if not requests:
            raise InfraError(f"the expert of {task.name} keeps failing; run `webdual doctor`")
        for episode in shop.pool.rollout(expert, requests, source=Source.SCRIPT, on_step=shop.keeper.note):
            if episode.success:
                made += 1
                yield tagged(episode, DEMONSTRATION)


def clone(shop: Workshop, demonstrations: Sequence[Kept], run: Run) -> CompactPolicy:
    """Return a policy that imitates the demonstrations."""
    recipe = shop.recipe
    if (shop.checkpoint("imitation") / "config.json").exists():
        return load_policy(shop.checkpoint("imitation"))
    policy = CompactPolicy(recipe.policy, seed=recipe.seed)
    learner = Learner(policy, replace(recipe.cloning, seed=recipe.seed))
    buffer = ReplayBuffer(demonstrations=demonstrations)
    rng = np.random.default_rng(recipe.seed)
    with shop.progress.phase("imitation", total=recipe.cloning_epochs) as bar:
        for epoch in range(recipe.cloning_epochs):
            metrics = mean_metrics([learner.update(batch) for batch in buffer.epoch(recipe.cloning.minibatch, rng)])
            run.log_metrics({f"train/{name}": value for name, value in metrics.items()}, step=epoch)
            bar.advance(detail=f"loss {metrics.get('imitation_loss', 0):.3f}")
    policy.version = 0
    save_checkpoint(shop.checkpoint("imitation"), policy)
    return policy


def learn(shop: Workshop, demonstrations: Sequence[Kept], run: Run) -> CompactPolicy:
    """Improve the cloned policy by its own experience, mixed with imitation; go on where a checkpoint is."""
    recipe, progress = shop.recipe, shop.progress
    policy, learner = _resume(shop)
    policy.exploration = recipe.exploration
    curriculum = Curriculum([task.name for task in shop.tasks], recipe.curriculum)
    approach = Approach(shop.tasks) if recipe.near_goal else None
    buffer = ReplayBuffer(
        demonstrations=demonstrations, successes_per_task=recipe.successes_per_task, sampling=recipe.sampling
    )
    for episode in shop.store.episodes(source=Source.AGENT, tag=PRACTICE):
        curriculum.observe([episode])
        buffer.add([episode])
        if approach is not None:
            approach.observe([episode])
    deadline = time.monotonic() + recipe.learning_limit_s
    with progress.phase("imitation and reinforcement", total=recipe.num_updates, done=policy.version) as bar:
        for update in range(policy.version, recipe.num_updates):
            rng = np.random.default_rng([recipe.seed, update])
            started = time.monotonic()
            if started > deadline:
                break
            episodes = practise(shop, policy, curriculum.draw(recipe.groups_per_update, rng), rng, approach)
            rolled, cpu = time.monotonic(), time.process_time()
            samples = mix(recipe, episodes, buffer, curriculum=curriculum, rng=rng)
            curriculum.observe(episodes)
            buffer.add(episodes)
            if approach is not None:
                approach.observe(episodes)
            metrics = learner.update(samples, imitation_weight=recipe.imitation_weight(update))
            buffer.learned(samples, learner.surprises)
            metrics |= {"rollout_s": rolled - started, "learner_s": time.monotonic() - rolled}
            spent = total_cost(episodes) + Cost(cpu_s=time.process_time() - cpu)
            metrics |= {"money": recipe.prices.money(spent)}
            metrics |= {} if approach is None else {"steps_left": approach.mean_left()}
            _log_update(run, update, metrics, episodes, curriculum)
            bar.advance(detail=f"success {np.mean([e.success for e in episodes]):.2f}")
            if (update + 1) % recipe.checkpoint_every == 0:
                save_progress(shop, policy, learner)
    save_progress(shop, policy, learner)
    return policy


def save_progress(shop: Workshop, policy: CompactPolicy, learner: Learner) -> None:
    """Write the checkpoint to go on from, once all episodes that led to it are on disk."""
    shop.keeper.flush()
    save_checkpoint(shop.checkpoint("mixed"), policy, learner)


def practise(
    shop: Workshop,
    policy: CompactPolicy,
    tasks: Sequence[str],
    rng: np.random.Generator,
    approach: Approach | None = None,
) -> list[Episode]:
    """Return the episodes of one update: for each task a seed, for each seed a group; each is stored as it ends."""
    requests = []
    for name in tasks:
        seed, task = int(rng.integers(DEMONSTRATION_START)), shop.task(name)
        prefix = () if approach is None else approach.prefix(task)
        request = RolloutRequest(task=task, seed=seed, group=f"{policy.version}/{name}/{seed}", prefix=prefix)
        requests += [request] * shop.recipe.group_size
    episodes = []
    with one_thread():
        for episode in shop.pool.rollout(policy, requests, on_step=shop.keeper.note):
            shop.keeper.keep(tagged(episode, PRACTICE))
            episodes.append(episode)
    return episodes


def mix(
    recipe: Recipe,
    episodes: Sequence[Episode],
    buffer: ReplayBuffer,
    *,
    curriculum: Curriculum,
    rng: np.random.Generator,
) -> list[Sample]:
    """Return an update's samples: own steps with their advantage, demonstrations and past successes to imitate."""
    own = experience_samples(episodes, advantages=group_advantages(episodes, baseline=curriculum.success()))
    imitated = buffer.sample(
        recipe.imitation_samples, demo_fraction=recipe.demo_fraction, rng=rng, shares=curriculum.shares()
    )
    return own + imitated


def assess(shop: Workshop, policy: CompactPolicy, arm: str) -> list[Episode]:
    """Return the arm's evaluation episodes, making those that the store does not have yet."""
    tag = f"evaluation/{arm}"
    done = list(shop.store.episodes(tag=tag))
    count = shop.recipe.evaluation_episodes
    tasks = [*shop.tasks, *shop.held_out]
    with shop.progress.phase(f"evaluation of {arm}", total=count * len(tasks), done=len(done)) as bar:

        def keep(episode: Episode) -> None:
            shop.keeper.keep(tagged(episode, tag))
            bar.advance()

        with one_thread():
            return evaluate(
                policy,
                shop.pool,
                tasks,
                episodes_per_task=count,
                done=done,
                on_episode=keep,
                on_step=shop.keeper.note,
            )


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread while browsers need the other cores: small batches gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _resume(shop: Workshop) -> tuple[CompactPolicy, Learner]:
    """Return policy and learner of the last checkpoint, or the cloned policy and a new learner."""
    mixed = shop.checkpoint("mixed")
    if (mixed / "config.json").exists():
        policy = load_policy(mixed)
        return policy, load_learner(mixed, policy)
    policy = load_policy(shop.checkpoint("imitation"))
    return policy, Learner(policy, replace(shop.recipe.learning, seed=shop.recipe.seed))


def _log_update(run: Run, update: int, metrics: Metrics, episodes: Sequence[Episode], curriculum: Curriculum) -> None:
    learnable = [episode for episode in episodes if episode.outcome.learnable]
    rollout = {
        "rollout/success": float(np.mean([episode.success for episode in learnable])) if learnable else 0.0,
        "rollout/task_success": curriculum.mean_observed(),
        "rollout/steps": float(sum(len(episode.steps) for episode in episodes)),
        "rollout/infra_errors": float(len(episodes) - len(learnable)),
    }
    estimates = {f"curriculum/{group}": value for group, value in by_group(curriculum.success()).items()}
    run.log_metrics({**{f"train/{k}": v for k, v in metrics.items()}, **rollout, **estimates}, step=update)


def mean_metrics(rows: Sequence[Metrics]) -> Metrics:
    """Return the mean of each metric over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
