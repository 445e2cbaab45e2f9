"""How fast the compact policy learns on a device."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from browser_env.action import Click
from experiments.benchmarks.language import best, made_up_page
from experiments.recipes import default
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.learner import Learner, LearnerConfig
from replay.samples import Sample

VIEWPORT = (160, 210)  # of the suite that it is mostly trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactSpeed:
    """What was measured."""

    device: str
    samples: int  # in an update, which is one step of the optimiser
    updates_per_s: float

    def to_json(self) -> dict[str, Any]:
        """Return what was measured as JSON-serialisable data."""
        return asdict(self)


def measure_compact(*, repetitions: int) -> list[CompactSpeed]:
    """Measure the default recipe's learner on the processor and, where there is one, on a GPU."""
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    return [_measure(torch.device(device), repetitions=repetitions) for device in devices]


def _measure(device: torch.device, *, repetitions: int) -> CompactSpeed:
    recipe = default()
    assert isinstance(recipe.policy, CompactConfig)
    assert isinstance(recipe.learning, LearnerConfig)
    learner = Learner(CompactPolicy(recipe.policy, seed=0, device=device), recipe.learning)
    samples = [_sample(seed) for seed in range(recipe.learning.minibatch)]
    learner.update(samples)  # warms up
    update_s, _ = best(lambda: learner.update(samples), repetitions)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "the processor"
    return CompactSpeed(device=name, samples=len(samples), updates_per_s=1 / update_s)


def _sample(seed: int) -> Sample:
    reinforced = bool(seed % 2)
    return Sample(
        observation=made_up_page(VIEWPORT, seed=seed),
        action=Click("e1"),
        weight=float(not reinforced),
        advantage=1.0 if reinforced else None,
        log_prob=-1.0 if reinforced else None,
        target_return=1.0,
        task="bench",
        episode=str(seed),
        step=0,
    )
