"""The kinds of policies there are, behind one door: made, loaded and saved by their configuration.

Vision-language policies need transformers, which takes seconds to import: only who uses one waits for that.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from browser_env.acting import Policy, Turn
from browser_env.action import Action
from browser_env.errors import UsageError
from browser_env.observation import Observation
from policy import checkpoint as compact_checkpoint
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.device import AUTO, device_of
from policy.folders import CONFIG, Stateful, read_json
from policy.learner import Learner, LearnerConfig
from policy.metrics import Metrics
from policy.samples import LearningSample
from policy.vlm.config import VlmConfig
from policy.vlm.judge import Judge, JudgeConfig
from policy.vlm.learning_config import VlmLearnerConfig

PolicyConfig = CompactConfig | VlmConfig
AnyLearnerConfig = LearnerConfig | VlmLearnerConfig


class TrainedPolicy(Policy, Protocol):
    """A policy with weights that a learner changes."""

    version: int
    config: Any

    def copy(self) -> TrainedPolicy:
        """Return another policy that is the same now and changes on its own."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights that a learner changes."""
        ...

    def take_over(self, weights: dict[str, Tensor], *, version: int) -> None:
        """Use these weights from now on."""
        ...

    def log_prob(
        self, observations: Sequence[Observation], actions: Sequence[Action], pasts: Sequence[Sequence[Turn]] = ()
    ) -> list[float]:
        """Return each action's log-probability; minus infinity where it cannot be chosen."""
        ...

    def practise(self, *, exploration: float, seed: int) -> None:
        """Draw from a seed, and explore."""
        ...


class TrainingLearner(Stateful, Protocol):
    """Updates a policy from samples."""

    surprises: list[float | None]

    def update(self, samples: Sequence[LearningSample], *, imitation_weight: float = 1.0, rate: float = 1.0) -> Metrics:
        """Learn from samples and return what there is to watch."""
        ...

    def close(self) -> None:
        """Give back what it holds besides memory."""
        ...


def new_policy(config: PolicyConfig, *, seed: int) -> TrainedPolicy:
    """Return a policy that has not learned anything here yet."""
    if isinstance(config, CompactConfig):
        return CompactPolicy(config, seed=seed)
    policy: TrainedPolicy = _vlm("policy").VlmPolicy(config, seed=seed)
    return policy


def hosted_policy(config: PolicyConfig, *, url: str, model: str) -> Policy:
    """Return a policy behind a server that speaks OpenAI's protocol, shown pages as a configuration says."""
    if isinstance(config, CompactConfig):
        raise UsageError("a server holds a vision-language policy; name a recipe of one, such as vlm-2b")
    server = _vlm("server").ServerConfig(url=url, model=model)
    policy: Policy = _vlm("hosted").HostedPolicy(replace(config, constrained=False), server)
    return policy


def new_judge(model: str, *, url: str) -> Judge:
    """Return a judge by its model's name, behind a server; without an address the model is loaded here."""
    if url:
        return Judge(_vlm("server").Server(_vlm("server").ServerConfig(url=url, model=model)))
    shown = JudgeConfig().shown
    own = replace(shown, model=model, lora_rank=0, gradient_checkpointing=False)
    return Judge(_vlm("local").LocalModel(own), JudgeConfig(shown=own))


def new_learner(policy: TrainedPolicy, config: AnyLearnerConfig) -> TrainingLearner:
    """Return a learner at its beginning."""
    if isinstance(policy, CompactPolicy) and isinstance(config, LearnerConfig):
        return Learner(policy, config)
    learner: TrainingLearner = _vlm("learner").VlmLearner(policy, config)
    return learner


def load_policy(path: str | Path) -> TrainedPolicy:
    """Read a policy of any kind; raise :class:`DataError` where there is none that can be read."""
    policy: TrainedPolicy = _kept(_kind(path)).load_policy(path)
    return policy


def load_learner(path: str | Path, policy: TrainedPolicy) -> TrainingLearner:
    """Read the learner that was saved with a policy, to go on exactly where it stopped."""
    learner: TrainingLearner = _kept(_kind(path)).load_learner(path, policy)
    return learner


def save_checkpoint(path: str | Path, policy: TrainedPolicy, learner: TrainingLearner | None = None) -> None:
    """Write a policy, and what its learner needs to go on, in place of whatever checkpoint was there."""
    kind = compact_checkpoint.KIND if isinstance(policy, CompactPolicy) else VlmConfig.KIND
    _kept(kind).save_checkpoint(path, policy, learner)


def export_policy(path: str | Path, out: str | Path, *, merged: bool) -> None:
    """Write a vision-language policy as an adapter or, ``merged``, as a model that transformers loads."""
    if _kind(path) != VlmConfig.KIND:
        raise UsageError(f"{path} holds no vision-language policy; a compact one is only what its checkpoint is")
    if Path(out).exists():
        raise UsageError(f"{out} is there already; name a folder that is not")
    _vlm("checkpoint").export_policy(path, out, merged=merged)


def num_gpus(policy: PolicyConfig, learning: AnyLearnerConfig) -> int:
    """Return how many GPUs training holds."""
    on_gpu = device_of(AUTO if isinstance(policy, CompactConfig) else policy.device).type == "cuda"
    return on_gpu * (learning.devices if isinstance(learning, VlmLearnerConfig) else 1)


def check_memory(policy: PolicyConfig, learning: AnyLearnerConfig) -> str:
    """Return what training will take of memory; raise :class:`UsageError` where there is not enough.

    Nothing is said of compact policies, which fit anywhere.
    """
    if isinstance(policy, CompactConfig):
        return ""
    plan = _vlm("memory").plan_memory(policy, learning)
    plan.check(policy)
    return str(plan)


def _kind(path: str | Path) -> object:
    return read_json(Path(path) / CONFIG).get("kind")


def _kept(kind: object) -> Any:
    """Return the module that reads and writes checkpoints of a kind."""
    return _vlm("checkpoint") if kind == VlmConfig.KIND else compact_checkpoint


def _vlm(name: str) -> Any:
    try:
        return importlib.import_module(f"policy.vlm.{name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"a vision-language policy needs {error.name}; pip install 'webdual[vlm]'") from error
