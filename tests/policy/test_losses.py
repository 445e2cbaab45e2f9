import math

import pytest
import torch

from policy.losses import (
    clip_fraction,
    clipped_policy_loss,
    imitation_loss,
    importance_ratios,
    kl_estimate,
    truncated_policy_loss,
    value_loss,
)


def test_imitation_is_the_weighted_mean_surprise() -> None:
    assert imitation_loss(torch.tensor([-1.0, -2.0]), torch.tensor([3.0, 1.0])).item() == pytest.approx(5 / 4)
    assert imitation_loss(torch.tensor([-1.0]), torch.tensor([0.0])).item() == 0.0


def test_ratios_are_cut_off_above_only() -> None:
    ratios = importance_ratios(torch.log(torch.tensor([0.1, 1.5, 9.0])), torch.zeros(3), largest=2.0)
    assert ratios.tolist() == pytest.approx([0.1, 1.5, 2.0])


def test_the_surrogate_by_hand() -> None:
    ratios, advantages = torch.tensor([1.5, 0.5, 1.5, 0.5]), torch.tensor([1.0, 1.0, -1.0, -1.0])
    # min(1.5, 1.2), min(0.5, 0.8), min(-1.5, -1.2), min(-0.5, -0.8)
    assert clipped_policy_loss(ratios, advantages, clip=0.2).item() == pytest.approx(-(1.2 + 0.5 - 1.5 - 0.8) / 4)


@pytest.mark.parametrize(("ratio", "advantage", "gradient"), [(1.5, 1.0, 0.0), (1.5, -1.0, 1.5), (3.0, -1.0, 0.0)])
def test_gradients_stop_where_ratios_are_cut(ratio: float, advantage: float, gradient: float) -> None:
    log_prob = torch.tensor([math.log(ratio)], requires_grad=True)
    ratios = importance_ratios(log_prob, torch.zeros(1), largest=2.0)
    clipped_policy_loss(ratios, torch.tensor([advantage]), clip=0.2).backward()  # type: ignore[no-untyped-call]
    assert log_prob.grad is not None
    assert log_prob.grad.item() == pytest.approx(gradient)


def test_value_loss_by_hand() -> None:
    assert value_loss(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])).item() == pytest.approx(2.5)


def test_what_is_watched_by_hand() -> None:
    assert clip_fraction(torch.tensor([1.0, 1.3, 0.7, 1.1]), clip=0.2).item() == 0.5
    assert kl_estimate(torch.log(torch.tensor([2.0])), torch.zeros(1)).item() == pytest.approx(1 - math.log(2))
    assert kl_estimate(torch.tensor([-1.0]), torch.tensor([-1.0])).item() == 0.0


def test_truncated_policy_gradient_weighs_every_sample_by_its_ratio() -> None:
    log_probs = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
    ratios = importance_ratios(log_probs, torch.tensor([-1.0, -1.0, -9.0]), largest=2.0)
    advantages = torch.tensor([0.5, -1.0, 0.25])
    truncated_policy_loss(log_probs, ratios, advantages).backward()  # type: ignore[no-untyped-call]
    assert log_probs.grad is not None
    assert log_probs.grad.tolist() == pytest.approx([-0.5 / 3, math.exp(-1.0) / 3, -2.0 * 0.25 / 3])
