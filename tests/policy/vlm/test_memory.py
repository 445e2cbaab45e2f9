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


def test_what_helps_most_is_named_first() -> None:
    config, learning = small(gradient_checkpointing=False), VlmLearnerConfig(pack_tokens=10**6)
    with pytest.raises(UsageError, match=r"set policy\.gradient_checkpointing=true"):
        plan_memory(config, learning, available=1e6).check(config)
