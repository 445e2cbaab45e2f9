"""The complete, frozen configuration of a training run, and how its fields are changed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.seeds import RUNS, SEEDS_PER_RUN
from experiments.curriculum import CurriculumConfig
from experiments.judged_practice import JudgeRecipe
from policy.config import CompactConfig
from policy.kinds import AnyLearnerConfig, PolicyConfig
from policy.learner import LearnerConfig
from policy.vlm.config import VlmConfig
from policy.vlm.learning_config import VlmLearnerConfig
from replay.opinions import Opinions
from replay.shelf import Sampling
from rewards.cost import Prices

ANY = 1_000_000_000
RANGES: Mapping[tuple[str, ...], tuple[float, float]] = {  # of a recipe's numbers: least and most
    ("num_envs", "groups_per_update", "group_size", "evaluation_episodes", "checkpoint_every"): (1, ANY),
    ("demonstrations_per_task", "demonstrations_asked", "validation_demonstrations"): (0, SEEDS_PER_RUN),
    ("cloning_epochs", "num_updates", "imitation_samples", "repeated_samples", "successes_per_task"): (0, ANY),
    ("learning_limit_s", "max_staleness", "imitation_start", "imitation_floor", "rate_floor"): (0, ANY),
    ("held_out", "near_goal", "exploration", "demo_fraction"): (0, 1),
    ("seed",): (0, RUNS - 1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides how a training run goes."""

    name: str
    variant: str = ""  # what it is called among others of its name
    tasks: tuple[str, ...] = tuple(f"miniwob/{task}" for task in DEFAULT_TASKS)
    task_set: str = ""  # folder of a compiled set that the tasks are of; with no tasks named, all of it
    held_out: float = 0.0  # fraction of the tasks, by a hash of their names, that are only evaluated
    near_goal: float = 0.0  # share of a task's practice that begins near the goal until the task is mastered
    seed: int = 0
    num_envs: int = 3  # browsers side by side
    pixels: bool = True  # whether browsers take screenshots; scripted experts of some tasks need them
    demonstrations: str = ""  # folder of a replay store to take them from; empty: scripted experts make them
    demonstrations_per_task: int = 5  # at most
    opinions: Opinions = field(default_factory=Opinions)  # that decide which episodes of that store are imitated
    demonstrations_asked: int = 0  # at most so many more of a task, a few at a time, where practice keeps failing
    validation_demonstrations: int = 0  # per task, on top; they only show how likely their actions have become
    cloning_epochs: int = 30  # passes over the demonstrations
    num_updates: int = 250  # of mixed imitation and reinforcement learning
    learning_limit_s: float = 900.0  # wall clock of these updates, resumed or not; on a slow machine there are fewer
    groups_per_update: int = 32  # (task, seed) pairs rolled out for an update
    group_size: int = 1  # episodes of one task and seed; alone, an episode is compared to its task's mean
    exploration: float = 0.3  # chance, where the policy hopes for nothing, of any click or selection
    imitation_samples: int = 128  # demonstrations and own successes in an update
    demo_fraction: float = 0.3  # of the imitation samples
    inject: bool = False  # draw demonstrations only of tasks whose practice for the update failed
    repeated_samples: int = 0  # past successes in an update's policy gradient, their importance weights truncated
    max_staleness: int = 4  # updates; older experience is left out of the policy gradient
    imitation_start: float = 1.0  # weight of the imitation loss, falling by a cosine ...
    imitation_floor: float = 0.3  # ... to this
    rate_floor: float = 1.0  # to this share the learning rate falls by a cosine
    successes_per_task: int = 256  # own successes kept for imitation
    sampling: Sampling = field(default_factory=Sampling)  # how steps to imitate are drawn
    evaluation_episodes: int = 50  # per task, on held-out seeds
    checkpoint_every: int = 5  # updates
    policy: PolicyConfig = field(default_factory=CompactConfig)
    cloning: AnyLearnerConfig = field(default_factory=lambda: LearnerConfig(minibatch=32, entropy_weight=0.05))
    learning: AnyLearnerConfig = field(default_factory=lambda: LearnerConfig(entropy_weight=0.02))
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    prices: Prices = field(default_factory=Prices)
    judge: JudgeRecipe = field(default_factory=JudgeRecipe)  # of practice that no verifier can judge

    def __post_init__(self) -> None:
        for task in () if self.task_set else self.tasks:
            miniwob_task(task)  # raises for a task that there is not
        for names, (least, most) in RANGES.items():
            for name in names:
                if not least <= (value := getattr(self, name)) <= most:
                    allowed = f"at least {least}" if value < least else f"at most {most}"
                    raise UsageError(f"{name} of a recipe must be {allowed}, not {value}")
        if self.held_out == 1:
            raise UsageError("held_out=1 of a recipe leaves no task to practise; give less")
        if not self.tasks and not self.task_set:
            raise UsageError("a recipe needs at least one task, or a task_set")

    def done(self, updates: int, *, wall_s: float = 0.0) -> float:
        """Return the share of mixed learning that is done: of its updates or of its time, whichever is more."""
        of_updates = updates / self.num_updates if self.num_updates else 1.0
        return max(of_updates, wall_s / self.learning_limit_s if self.learning_limit_s > 0 else 1.0)

    def imitation_weight(self, done: float) -> float:
        """Return the weight of the imitation loss when a share of mixed learning is done."""
        return self.imitation_floor + (self.imitation_start - self.imitation_floor) * _left(done)

    def rate(self, done: float) -> float:
        """Return the factor of the learning rate when a share of mixed learning is done."""
        return self.rate_floor + (1 - self.rate_floor) * _left(done)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as JSON-serialisable data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """Rebuild a recipe from :meth:`to_json`; raise :class:`UsageError` on anything else."""
        name = str(data.get("name", ""))
        language = "model" in data.get("policy", {})  # only vision-language policies have one
        recipe = language_recipe(name) if language else cls(name=name)
        for name in sorted(data, key=lambda name: name != "task_set"):  # with a set, no tasks need to be named
            recipe = override(recipe, name, data[name])
        return recipe


def _left(done: float) -> float:
    """Return what a cosine from 1 to 0 has come to."""
    return 0.5 * (1 + math.cos(math.pi * min(max(done, 0.0), 1.0)))


def language_recipe(name: str, **changes: Any) -> Recipe:
    """Return a recipe for a vision-language policy, which explores by its temperature and compares within groups."""
    own: dict[str, Any] = {
        "policy": VlmConfig(),
        "cloning": VlmLearnerConfig(),
        "learning": VlmLearnerConfig(),
        "exploration": 0.0,
        "max_staleness": 2,
    }
    return Recipe(name=name, **own | changes)


def override(recipe: Recipe, name: str, value: Any) -> Recipe:
    """Return the recipe with one field changed; dots lead into nested ones, e.g. ``policy.layers``."""
    changed: Recipe = _override(recipe, name.split("."), value, full=name)
    return changed


def override_from_text(recipe: Recipe, assignment: str) -> Recipe:
    """Return the recipe after e.g. ``policy.use_screenshot=false``; values are JSON, or plain text."""
    name, equals, text = assignment.partition("=")
    if not equals:
        raise UsageError(f"{assignment!r} changes nothing; write NAME=VALUE, e.g. num_updates=10")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return override(recipe, name.strip(), value)


def _override(config: Any, path: Sequence[str], value: Any, *, full: str) -> Any:
    name = path[0]
    if name not in {f.name for f in fields(config)}:
        raise UsageError(f"a recipe has no field {full!r}; known here are {', '.join(f.name for f in fields(config))}")
    current = getattr(config, name)
    if path[1:] and not is_dataclass(current):
        raise UsageError(f"{name} of a recipe has no fields, so {full!r} cannot be set")
    if is_dataclass(current):
        nested = {".".join(path[1:]): value} if path[1:] else value
        if not isinstance(nested, Mapping):
            raise UsageError(f"{full} has fields of its own, e.g. {full}.{fields(current)[0].name}")
        for key, item in nested.items():
            current = _override(current, key.split("."), item, full=f"{name}.{key}")
        return replace(config, **{name: current})
    return replace(config, **{name: _like(current, value, full=full)})


def _like(current: Any, value: Any, *, full: str) -> Any:
    if isinstance(current, tuple) and isinstance(value, list | tuple):
        return tuple(value)
    if isinstance(current, float) and type(value) is int:
        return float(value)
    if type(value) is type(current):
        return value
    raise UsageError(f"{full} is a {type(current).__name__}, so it cannot be {value!r:.60}")
