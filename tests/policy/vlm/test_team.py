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
from torch.distributed.tensor import DTensor

from browser_env.action import Click
from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from policy.folders import LEARNER_CONFIG
from policy.kinds import load_learner, load_policy, save_checkpoint
from policy.vlm.learner import VlmLearner
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.memory import plan_memory
from policy.vlm.policy import VlmPolicy
from policy.vlm.team import END_S, LeadingTeam, Team
from replay.samples import Sample
from tests.policy.vlm.conftest import small
from tests.policy.vlm.test_learner import FAST, mixed_samples, shown

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


@pytest.mark.parametrize(("lora_rank", "dtype"), [(4, "float32"), (0, "bfloat16")])
def test_two_devices_with_a_share_of_the_weights_each_learn_what_one_does(
    lora_rank: int, dtype: str, page: Page, make_policy: Make, tmp_path: Path
) -> None:
    """With minibatches of which one device gets less or nothing; then from a checkpoint, with shares and without."""
    config = replace(FAST, minibatch=7, pack_tokens=1500, kl_weight=0.1)
    alone = VlmLearner(make_policy(lora_rank=lora_rank, dtype=dtype), config)
    samples = mixed_samples(alone.policy, page)
    policy = make_policy(lora_rank=lora_rank, dtype=dtype)
    with closing(VlmLearner(policy, replace(config, devices=2, sharded=True))) as learner:
        assert_alike(learner, alone, samples)
        kept = sum(tensor.to_local().numel() for tensor in learner.masters.values() if isinstance(tensor, DTensor))
        assert kept < 0.6 * sum(tensor.numel() for tensor in policy.trained.values())
        save_checkpoint(tmp_path / "c", policy, learner)
    again = load_policy(tmp_path / "c")
    with closing(load_learner(tmp_path / "c", again)) as resumed:
        assert isinstance(resumed, VlmLearner)
        assert resumed.config.sharded
        assert_alike(resumed, alone, samples)
    settings = tmp_path / "c" / LEARNER_CONFIG
    text = settings.read_text().replace('"devices": 2', '"devices": 1').replace('"sharded": true', '"sharded": false')
    settings.write_text(text)
    one = load_policy(tmp_path / "c")
    whole = load_learner(tmp_path / "c", one)
    whole.update(samples)
    assert apart(one.weights(), again.weights()) < (1e-5 if dtype == "float32" else 1e-3)


def assert_alike(learner: VlmLearner, alone: VlmLearner, samples: list[Sample]) -> None:
    """Both update their policies, and find and become the same; in bfloat16, as far as its digits go."""
    gap = 1e-3 if learner.policy.config.dtype == "float32" else 0.1
    found, right = learner.update(samples), alone.update(samples)
    assert learner.surprises == pytest.approx(alone.surprises, abs=10 * gap)
    assert found.pop("packs") >= right.pop("packs")
    assert found == pytest.approx(right, abs=gap, rel=gap)
    assert apart(learner.policy.weights(), alone.policy.weights()) < gap / 100


def apart(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> float:
    """Return by how much weights differ, the mean over all."""
    assert some.keys() == others.keys()
    differences = torch.cat([(some[name] - others[name]).abs().float().flatten() for name in some])
    return float(differences.mean())


def test_shares_of_all_weights_are_not_learned_from_pages_with_and_without_pictures(
    page: Page, make_policy: Make
) -> None:
    config = replace(FAST, devices=2, sharded=True)
    with closing(VlmLearner(make_policy(lora_rank=0), config)) as learner:
        samples = [shown(page(screenshot=with_picture), Click("e1")) for with_picture in (True, False)]
        with pytest.raises(UsageError, match="some have none"):
            learner.update(samples)


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
