"""Two processes learn as one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from policy.folders import LEARNER_CONFIG
from policy.kinds import load_learner, load_policy, save_checkpoint
from policy.vlm.learner import VlmLearner
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.memory import plan_memory
from policy.vlm.policy import VlmPolicy
from policy.vlm.team import END_S, LeadingTeam, Team
from tests.policy.vlm.conftest import small
from tests.policy.vlm.test_learner import FAST, mixed_samples

Page = Callable[..., Observation]
Make = Callable[..., VlmPolicy]


def test_two_devices_learn_what_one_does(page: Page, make_policy: Make, tmp_path: Path) -> None:
    """From where one left off, with minibatches of which one device gets less, and until a device is lost."""
    alone = VlmLearner(make_policy(), replace(FAST, minibatch=7, kl_weight=0.1))
    samples = mixed_samples(alone.policy, page)
    alone.update(samples)
    save_checkpoint(tmp_path / "c", alone.policy, alone)
    settings = tmp_path / "c" / LEARNER_CONFIG
    settings.write_text(settings.read_text().replace('"devices": 1', '"devices": 2'))
    right = alone.update(samples, rate=0.5)
    policy = load_policy(tmp_path / "c")
    with closing(load_learner(tmp_path / "c", policy)) as learner:
        found = learner.update(samples, rate=0.5)
        weights = policy.weights()
        assert learner.surprises == pytest.approx(alone.surprises, abs=1e-3)
        (follower,) = multiprocessing.active_children()
        follower.kill()
        with pytest.raises(InfraError, match="--resume"):
            learner.update(samples)
    assert not multiprocessing.active_children()
    assert found.pop("packs") >= right.pop("packs")
    assert found == pytest.approx(right, abs=1e-4)
    for name, tensor in alone.policy.weights().items():
        assert torch.allclose(weights[name], tensor, atol=1e-5), name


def test_a_leader_that_fails_alone_leaves_nobody_waiting(page: Page, make_policy: Make) -> None:
    """A sample in its share cannot be read, while the follower has read its own and waits for the leader."""
    config = replace(FAST, devices=2)
    policy = make_policy()
    samples = mixed_samples(policy, page)[:2]
    mine = int(torch.randperm(2, generator=torch.Generator().manual_seed(config.seed))[0])
    flat = replace(samples[mine].observation, screenshot=np.zeros((9, 9), dtype=np.uint8))
    with closing(VlmLearner(policy, config)) as learner:
        samples[mine] = replace(samples[mine], observation=flat)
        with pytest.raises(ValueError, match=r".+"):
            learner.update(samples)
        (follower,) = multiprocessing.active_children()
        assert follower.is_alive()
        started = time.monotonic()
    assert time.monotonic() - started < END_S
    assert not multiprocessing.active_children()


def test_members_still_find_each_other_when_all_have_met() -> None:
    """As slow ones do, who meet the leader last, and those who first talk in another way when they learn."""
    with closing(LeadingTeam(2, meet_again)) as team, team.together("again", first=lambda: "at first"):
        assert added_up(team) == 3.0


def meet_again(team: Team) -> None:
    """Follow: whatever is heard, add up."""
    assert team.hear() == "at first"
    while team.hear() is not None:
        added_up(team)


def added_up(team: Team) -> float:
    """Make another group with the rest of a team, and add up what its members say."""
    total = torch.tensor(float(team.rank + 1))
    dist.all_reduce(total, group=dist.new_group())
    return float(total)


def test_who_does_not_come_is_not_waited_for() -> None:
    with (
        closing(LeadingTeam(3, meet_again, meeting=timedelta(seconds=0.05))) as team,
        pytest.raises(InfraError, match="gone"),
        team.together("", first=lambda: ""),
    ):
        pass
    assert not multiprocessing.active_children()
    assert not dist.is_initialized()


def test_more_devices_than_there_are_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        VlmLearnerConfig(devices=0)
    with pytest.raises(UsageError, match="devices=5000"):
        plan_memory(small(), VlmLearnerConfig(devices=5000))
