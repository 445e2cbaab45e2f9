"""Two processes learn as one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from policy.kinds import load_learner, load_policy, save_checkpoint
from policy.vlm.learner import VlmLearner
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.memory import plan_memory
from policy.vlm.policy import VlmPolicy
from tests.policy.vlm.conftest import small
from tests.policy.vlm.test_learner import FAST, mixed_samples

Page = Callable[..., Observation]
Make = Callable[..., VlmPolicy]


def test_two_devices_learn_what_one_does(page: Page, make_policy: Make, tmp_path: Path) -> None:
    """Over a resume too, with minibatches of which one device gets less, and until a device is lost."""
    config = replace(FAST, minibatch=7, kl_weight=0.1)
    alone = VlmLearner(make_policy(), config)
    samples = mixed_samples(alone.policy, page)
    expected, surprises = [alone.update(samples)], alone.surprises
    expected.append(alone.update(samples, rate=0.5))
    with closing(VlmLearner(make_policy(), replace(config, devices=2))) as learner:
        found = [learner.update(samples)]
        assert learner.surprises == pytest.approx(surprises, abs=1e-3)
        save_checkpoint(tmp_path / "c", learner.policy, learner)
    policy = load_policy(tmp_path / "c")
    with closing(load_learner(tmp_path / "c", policy)) as resumed:
        found.append(resumed.update(samples, rate=0.5))
        weights = policy.weights()
        (follower,) = multiprocessing.active_children()
        follower.kill()
        with pytest.raises(InfraError, match="--resume"):
            resumed.update(samples)
    assert not multiprocessing.active_children()
    for metrics, right in zip(found, expected, strict=True):
        assert metrics.pop("packs") >= right.pop("packs")
        assert metrics == pytest.approx(right, abs=1e-4)
    for name, tensor in alone.policy.weights().items():
        assert torch.allclose(weights[name], tensor, atol=1e-5), name


def test_more_devices_than_there_are_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        VlmLearnerConfig(devices=0)
    with pytest.raises(UsageError, match="devices=5000"):
        plan_memory(small(), VlmLearnerConfig(devices=5000))
