"""The learner: imitation, clipped policy gradient and value regression in one update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from browser_env.errors import UsageError
from policy.augment import hide
from policy.compact import CompactPolicy, Evaluation, Reading
from policy.losses import imitation_loss, importance_ratios, kl_estimate, truncated_policy_loss, value_loss
from policy.metrics import Metrics, mean_metrics
from policy.samples import LearningSample

Prepared = tuple[Reading, LearningSample]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerConfig:
    """How a policy is changed by samples."""

    MINIBATCHES: ClassVar[int] = 1  # that are cloned from in one update
    learning_rate: float = 1e-3
    warmup_steps: int = 20  # optimiser steps until the full learning rate
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    minibatch: int = 64  # samples in one optimiser step
    part: int = 16  # of these, so many of like size are padded to one size and evaluated together
    epochs: int = 1  # passes over the samples of an update
    max_ratio: float = 2.0  # importance ratios are cut off here
    policy_weight: float = 1.0
    value_weight: float = 0.5
    entropy_weight: float = 0.01  # also of what is imitated: a policy that is too sure explores nothing
    hidden_words: float = 0.1  # share of words hidden from what is imitated
    hidden_images: float = 0.0  # share of screenshots hidden from what is imitated
    hidden_past: float = 0.2  # share of steps imitated as if nothing was done before: few show when to do what
    seed: int = 0  # of minibatches and hiding

    def __post_init__(self) -> None:
        if min(self.minibatch, self.part, self.epochs) < 1 or self.learning_rate <= 0 or self.max_ratio <= 0:
            raise UsageError(
                "a learner's minibatch, part and epochs are at least 1, its learning_rate and max_ratio above 0"
            )
        if not all(0 <= share <= 1 for share in (self.hidden_words, self.hidden_images, self.hidden_past)):
            raise UsageError("a learner's hidden_words, hidden_images and hidden_past are shares from 0 to 1")

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON-serialisable data."""
        return asdict(self)


class Learner:
    """Updates a policy from samples that mix demonstrations and own experience."""

    def __init__(self, policy: CompactPolicy, config: LearnerConfig) -> None:
        self.policy = policy
        self.config = config
        self.optimizer = torch.optim.AdamW(
            policy.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.steps = 0  # optimiser steps so far
        self._rate = 1.0
        self.surprises: list[float | None] = []  # of each sample of the last update, in nats; None: it was not used

    def update(self, samples: Sequence[LearningSample], *, imitation_weight: float = 1.0, rate: float = 1.0) -> Metrics:
        """Learn from samples; return means over optimiser steps, and how many samples could not be used.

        A sample is imitated where its weight is positive, reinforced where it has an advantage,
        and teaches the value where it has a target return. One without a behaviour log-probability counts as on-policy.
        ``rate`` is a factor of the learning rate.
        """
        read = [(self._read(sample), sample) for sample in samples]
        usable: list[Prepared] = [(reading, sample) for reading, sample in read if reading is not None]
        totals: list[Metrics] = []
        self._rate = rate
        surprises: dict[int, float] = {}  # by the sample's identity
        for _ in range(self.config.epochs if usable else 0):
            order = torch.randperm(len(usable), generator=self.generator).tolist()
            for part in even_parts(order, self.config.minibatch):
                chosen = [usable[i] for i in part]
                metrics, log_probs = self._step(chosen, imitation_weight)
                totals.append(metrics)
                surprises |= {id(sample): -value for (_, sample), value in zip(chosen, log_probs, strict=True)}
        self.surprises = [surprises.get(id(sample)) for sample in samples]
        self.policy.version += 1
        return {
            "samples": float(len(usable)),
            "samples_skipped": float(len(read) - len(usable)),
            **mean_metrics(totals),
        }

    def close(self) -> None:
        """Do nothing: it holds memory alone."""

    def state(self) -> dict[str, Any]:
        """Return everything but the policy that an exact resume needs."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "steps": self.steps,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.steps = int(state["steps"])

    def _read(self, sample: LearningSample) -> Reading | None:
        return self.policy.read(
            sample.observation, sample.action, past=sample.past, desired_return=sample.desired_return
        )

    def _step(self, chosen: Sequence[Prepared], imitation_weight: float) -> tuple[Metrics, list[float]]:
        """Take one optimiser step, unless the gradient is not finite; return also the log-probabilities before it."""
        evaluation = self._evaluate(chosen)
        log_probs: list[float] = evaluation.log_prob.tolist()
        loss, metrics = self._loss(evaluation, [sample for _, sample in chosen], imitation_weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self.policy.network.parameters(), self.config.max_grad_norm))
        if not math.isfinite(norm):
            return {**metrics, "broken_steps": 1.0}, log_probs
        self._set_learning_rate()
        self.optimizer.step()
        self.steps += 1
        return {**metrics, "loss": loss.item(), "grad_norm": norm, "broken_steps": 0.0}, log_probs

    def _evaluate(self, chosen: Sequence[Prepared]) -> Evaluation:
        """Score the samples, with gaps in those that are only imitated."""
        order = sorted(range(len(chosen)), key=lambda i: chosen[i][0].features.size)
        parts = [order[start : start + self.config.part] for start in range(0, len(order), self.config.part)]
        evaluated = [self._evaluate_part([chosen[i] for i in part]) for part in parts]
        back = torch.tensor(order, device=self.policy.device).argsort()
        return Evaluation(*(torch.cat(tensors)[back] for tensors in zip(*evaluated, strict=True)))

    def _evaluate_part(self, chosen: Sequence[Prepared]) -> Evaluation:
        readings = [reading for reading, _ in chosen]
        batch = self.policy.batch([reading.features for reading in readings])
        imitated = torch.tensor([sample.advantage is None for _, sample in chosen])
        hidden = hide(
            batch,
            imitated,
            words=self.config.hidden_words,
            images=self.config.hidden_images,
            past=self.config.hidden_past,
            generator=self.generator,
        )
        return self.policy.evaluate(readings, hidden)

    def _loss(
        self, evaluation: Evaluation, samples: Sequence[LearningSample], imitation_weight: float
    ) -> tuple[Tensor, Metrics]:
        parts: dict[str, Tensor] = {}
        total = evaluation.log_prob.new_zeros(())
        if rows := [i for i, sample in enumerate(samples) if _shapes(sample, imitation_weight)]:
            parts["entropy"] = evaluation.entropy[rows].mean()
            total = total - self.config.entropy_weight * parts["entropy"]
        weights = self._tensor([sample.weight for sample in samples])
        if (weights > 0).any():
            parts["imitation_loss"] = imitation_loss(evaluation.log_prob, weights.clamp(min=0))
            total = total + imitation_weight * parts["imitation_loss"]
        if rows := [i for i, sample in enumerate(samples) if sample.advantage is not None]:
            reinforced = self._reinforce(evaluation, samples, rows)
            total = total + self.config.policy_weight * reinforced["policy_loss"]
            parts |= reinforced
        if rows := [i for i, sample in enumerate(samples) if sample.target_return is not None]:
            returns = self._tensor([samples[i].target_return for i in rows])
            parts["value_loss"] = value_loss(evaluation.value[rows], returns)
            total = total + self.config.value_weight * parts["value_loss"]
        return total, {name: part.item() for name, part in parts.items()}

    def _reinforce(
        self, evaluation: Evaluation, samples: Sequence[LearningSample], rows: list[int]
    ) -> dict[str, Tensor]:
        """Return the policy gradient's loss and what there is to watch about it."""
        log_prob = evaluation.log_prob[rows]
        stored = [samples[i].log_prob for i in rows]
        known = torch.tensor([value is not None for value in stored], device=log_prob.device)
        behaviour = torch.where(known, self._tensor([value or 0.0 for value in stored]), log_prob.detach())
        ratios = importance_ratios(log_prob, behaviour, largest=self.config.max_ratio)
        advantages = self._tensor([samples[i].advantage for i in rows])
        return {
            "policy_loss": truncated_policy_loss(log_prob, ratios, advantages),
            "mean_ratio": ratios.detach().mean(),
            "truncated": (ratios.detach() >= self.config.max_ratio).float().mean(),
            "kl": kl_estimate(log_prob.detach(), behaviour),
        }

    def _tensor(self, values: Sequence[float | None]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.policy.device)

    def _set_learning_rate(self) -> None:
        share = min(1.0, (self.steps + 1) / max(self.config.warmup_steps, 1))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._rate * share


def _shapes(sample: LearningSample, imitation_weight: float) -> bool:
    """Tell whether a sample is imitated or reinforced at all."""
    return sample.advantage is not None or sample.weight * imitation_weight > 0


def even_parts(order: Sequence[int], size: int) -> list[list[int]]:
    """Return consecutive parts of about a size, none of them small: each moves the weights as much as any other."""
    count = max(1, round(len(order) / size))
    return [part.tolist() for part in np.array_split(np.array(order, dtype=np.int64), count)] if order else []
