import os

import pytest

from browser_env.errors import UsageError
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.memory import plan_memory
from policy.vlm.policy import VlmPolicy
from tests.policy.vlm.conftest import small


@pytest.mark.parametrize("lora_rank", [0, 4])
def test_weights_are_counted_without_making_them(lora_rank: int) -> None:
    policy = VlmPolicy(small(lora_rank=lora_rank), seed=0)
    plan = plan_memory(policy.config, VlmLearnerConfig(), available=1e9)
    assert plan.parameters == sum(tensor.numel() for tensor in policy.model.parameters())
    assert plan.trained == sum(tensor.numel() for tensor in policy.trained.values())
    assert plan.weights == 4 * plan.parameters
    assert plan.learning == plan.trained * (2 + 1 + 1) * 4, "averages, gradients, what acts"
    assert plan.fits
    assert str(plan).startswith("0.2M weights")


def test_what_is_trained_in_bfloat16_is_also_held_in_float32() -> None:
    plan = plan_memory(small(lora_rank=0, dtype="bfloat16"), VlmLearnerConfig(), available=1e9)
    assert plan.weights == 2 * plan.parameters
    assert plan.learning == plan.trained * (4 + 2 * 4 + 4 + 2 + 2), "masters, averages, gradients of both, what acts"


def test_what_one_pass_reads_is_no_less_than_a_prompt() -> None:
    learning = VlmLearnerConfig(pack_tokens=16)
    short, long = (
        plan_memory(small(picture="none", max_prompt_tokens=tokens), learning, available=1e9) for tokens in (1000, 4000)
    )
    assert long.activations > 3 * short.activations


def test_the_mask_of_a_pack_is_reckoned_with() -> None:
    plans = [
        plan_memory(small(), VlmLearnerConfig(pack_tokens=tokens), available=1e12) for tokens in (10**5, 2 * 10**5)
    ]
    assert plans[1].activations - 2 * plans[0].activations > 2 * 10**10 * 4, "it grows with the square"


def test_what_is_free_is_reckoned_with_not_all_there_is() -> None:
    plan = plan_memory(small(), VlmLearnerConfig())
    assert 0 < plan.available < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_what_helps_most_is_named_first() -> None:
    config, learning = small(gradient_checkpointing=False), VlmLearnerConfig(pack_tokens=10**6)
    with pytest.raises(UsageError, match=r"set policy\.gradient_checkpointing=true"):
        plan_memory(config, learning, available=1e6).check(config)


def test_shares_of_the_weights_are_counted_once() -> None:
    """What acts stays whole, and so does what it is copied from; what learning keeps is divided."""
    config = small(lora_rank=0, dtype="bfloat16")
    whole, shared = (
        plan_memory(config, VlmLearnerConfig(devices=2, sharded=sharded), available=1e9) for sharded in (False, True)
    )
    assert shared.weights == whole.weights == 2 * whole.parameters
    assert shared.learning == whole.trained * (4 * 4 / 2 + 2), "masters, gradients, averages; what acts"
    assert shared.activations > whole.activations, "layers are whole while they are computed with"
    adapters = plan_memory(small(lora_rank=4), VlmLearnerConfig(devices=2, sharded=True), available=1e9)
    assert adapters.weights == 4 * (adapters.parameters + (adapters.parameters - adapters.trained) / 2)
    large = small("random-qwen2-vl-2b", lora_rank=0)
    plan = plan_memory(large, VlmLearnerConfig(devices=2), available=1e9)
    with pytest.raises(UsageError, match=r"set learning\.sharded=true"):
        plan.check(large)


def test_one_device_has_nobody_to_share_with() -> None:
    with pytest.raises(UsageError, match="set devices"):
        VlmLearnerConfig(sharded=True)
