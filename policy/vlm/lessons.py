"""What samples teach a vision-language policy, and the loss of those that are read together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from policy.losses import clip_fraction, clipped_policy_loss, imitation_loss, importance_ratios, kl_estimate
from policy.metrics import Metrics
from policy.samples import LearningSample
from policy.vlm.learning_config import VlmLearnerConfig


class Lesson(NamedTuple):
    """A sample and the reply that it teaches."""

    sample: LearningSample
    reply: tuple[int, ...]

    @property
    def reinforced(self) -> bool:
        """Whether the policy gradient uses it."""
        return self.sample.advantage is not None and self.sample.reply is not None and bool(self.sample.reply.tokens)


class Totals(NamedTuple):
    """What the losses of a minibatch are divided by, however it is split into packs."""

    weight: float  # of all imitated tokens
    tokens: int  # reinforced


def loss_of(
    lessons: Sequence[Lesson],
    scores: Sequence[Tensor],
    known: Sequence[Tensor | None],
    totals: Totals,
    config: VlmLearnerConfig,
    *,
    imitation_weight: float,
) -> tuple[Tensor, Metrics]:
    """Return a pack's share of a minibatch's loss, and of what there is to watch.

    ``scores`` holds each row's log-probabilities, by token, and ``known`` those under the policy that learning began
    with, where that is asked.
    """
    total = scores[0].sum() * 0
    parts: dict[str, Tensor] = {}
    weights = [max(lesson.sample.weight, 0.0) * len(lesson.reply) for lesson in lessons]
    if sum(weights):
        log_probs, spread = torch.cat(list(scores)), _spread([lesson.sample.weight for lesson in lessons], scores)
        parts["imitation_loss"] = imitation_loss(log_probs, spread.clamp(min=0)) * sum(weights) / totals.weight
        total = total + imitation_weight * parts["imitation_loss"]
    if rows := [i for i, lesson in enumerate(lessons) if lesson.reinforced]:
        tokens = sum(len(scores[i]) for i in rows)
        reinforced = _reinforce([lessons[i] for i in rows], [scores[i] for i in rows], [known[i] for i in rows], config)
        parts |= {name: part * tokens / totals.tokens for name, part in reinforced.items()}
        total = total + config.policy_weight * parts["policy_loss"]
        total = total + config.kl_weight * parts.get("kl_reference", 0)
    return total, {name: float(part.detach()) for name, part in (parts | {"loss": total}).items()}


def _reinforce(
    lessons: Sequence[Lesson], scores: Sequence[Tensor], known: Sequence[Tensor | None], config: VlmLearnerConfig
) -> dict[str, Tensor]:
    """Return the policy gradient's loss over tokens and what there is to watch about it."""
    log_probs = torch.cat(list(scores))
    replies = [lesson.sample.reply for lesson in lessons]
    behaviour = log_probs.new_tensor([value for reply in replies if reply for value in reply.log_probs])
    ratios = importance_ratios(log_probs, behaviour, largest=config.max_ratio)
    advantages = _spread([lesson.sample.advantage or 0.0 for lesson in lessons], scores)
    parts = {
        "policy_loss": clipped_policy_loss(ratios, advantages, clip=config.clip),
        "mean_ratio": ratios.detach().mean(),
        "clip_fraction": clip_fraction(ratios.detach(), clip=config.clip),
        "kl": kl_estimate(log_probs.detach(), behaviour),
    }
    reference = [scores for scores in known if scores is not None]
    return parts | ({"kl_reference": kl_estimate(torch.cat(reference), log_probs)} if reference else {})


def _spread(values: Sequence[float], scores: Sequence[Tensor]) -> Tensor:
    """Return each row's value once for each of its tokens."""
    device = scores[0].device
    lengths = torch.tensor([len(row) for row in scores], device=device)
    return torch.repeat_interleave(torch.tensor(values, device=device), lengths)
