"""How a vision-language policy learns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from browser_env.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmLearnerConfig:
    """How a vision-language policy is changed by samples."""

    MINIBATCHES: ClassVar[int] = 8  # that are cloned from in one update: prompts are read a minibatch ahead
    learning_rate: float = 1e-4
    warmup_steps: int = 20  # optimiser steps until the full learning rate
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    minibatch: int = 32  # samples in one optimiser step
    pack_tokens: int = 8192  # of these, as many as have so many tokens are read behind each other in one pass
    epochs: int = 1  # passes over the samples of an update
    clip: float = 0.2  # of importance ratios
    max_ratio: float = 2.0  # importance ratios are cut off here
    policy_weight: float = 1.0
    kl_weight: float = 0.0  # of the divergence from the policy that learning began with
    devices: int = 1  # that share every minibatch
    sharded: bool = False  # each device holds a share of the weights and of what learning keeps of them, not all
    seed: int = 0  # of minibatches

    def __post_init__(self) -> None:
        counts = (self.devices, self.minibatch, self.pack_tokens, self.epochs)
        if min(counts) < 1 or self.learning_rate <= 0 or self.max_ratio <= 0:
            known = "devices, minibatch, pack_tokens and epochs are at least 1, its learning_rate and max_ratio above 0"
            raise UsageError(f"a learner's {known}")
        if self.sharded and self.devices == 1:
            raise UsageError("weights are sharded over several devices; set devices, or sharded=false")

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON-serialisable data."""
        return asdict(self)
