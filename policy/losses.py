"""Losses as pure functions of tensors; each returns a scalar to be made small."""

from __future__ import annotations

import torch
from torch import Tensor


def imitation_loss(log_probs: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean negative log-likelihood of demonstrated actions (B,)."""
    return -(weights * log_probs).sum() / weights.sum().clamp(min=1e-8)


def importance_ratios(log_probs: Tensor, behaviour: Tensor, *, largest: float) -> Tensor:
    """Return how much likelier each action has become since it was taken, cut off at ``largest``."""
    return (log_probs - behaviour).clamp(max=20.0).exp().clamp(max=largest)


def clipped_policy_loss(ratios: Tensor, advantages: Tensor, *, clip: float) -> Tensor:
    """Return the clipped surrogate of proximal policy optimisation (Schulman et al. 2017, equation 7), negated."""
    clipped = ratios.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratios * advantages, clipped * advantages).mean()


def truncated_policy_loss(log_probs: Tensor, ratios: Tensor, advantages: Tensor) -> Tensor:
    """Return the negated policy gradient's surrogate, weighted by truncated importance ratios that are held fixed.

    No sample's gradient is cut off (CISPO: MiniMax-M1, Chen et al. 2025). The clipped surrogate would cut off what a
    policy did well where it explores: the mixture that acts makes its own choices less likely than it would alone, by
    more than clipping allows, and only failures would teach.
    """
    change = log_probs - log_probs.detach()  # 0, but its gradient is that of the log-probabilities
    return -(ratios.detach() * advantages * (1 + change)).mean()


def value_loss(values: Tensor, returns: Tensor) -> Tensor:
    """Return half the mean squared error of expected returns (B,)."""
    return 0.5 * (values - returns).square().mean()


def clip_fraction(ratios: Tensor, *, clip: float) -> Tensor:
    """Return the share of ratios outside the clipping range."""
    return ((ratios - 1).abs() > clip).float().mean()


def kl_estimate(log_probs: Tensor, behaviour: Tensor) -> Tensor:
    """Return an unbiased, never negative estimate of KL(behaviour || policy): r - 1 - log r (Schulman 2020)."""
    change = (log_probs - behaviour).clamp(max=20.0)
    return (change.exp() - 1 - change).mean()
