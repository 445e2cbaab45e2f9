from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.benchmarks.language import made_up_page
from experiments.benchmarks.language_command import REAL_SIZE
from experiments.benchmarks.language_plain import PlainWork
from experiments.cli import main
from experiments.recipes import find_recipe
from policy.vlm.config import VlmConfig
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.memory import plan_memory
from policy.vlm.policy import VlmPolicy
from tests.policy.vlm.conftest import small


def test_tiny_policies_are_measured_beside_transformers_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bench", "vlm", "--rows", "1", "2", "--repetitions", "1", "--json", str(tmp_path / "vlm.json")]
    assert main(arguments) == 0
    result = json.loads((tmp_path / "vlm.json").read_text())
    for speeds in result["policies"].values():
        assert [speed["rows"] for speed in speeds] == [1, 2]
        for speed in speeds:
            assert all(value > 0 for name, value in speed.items() if name not in ("device", "known_share"))
            assert speed["known_share"] > 0, "the next pages begin as the ones before"
    assert [speed["samples"] for speed in result["compact"]] == [64] * len(result["compact"])
    if set(result["policies"]) == {"vlm-smoke"}:
        assert "There is no GPU" in capsys.readouterr().out


def test_what_cannot_be_measured_is_refused() -> None:
    assert main(["bench", "vlm", "smoke"]) == 2
    assert main(["bench", "vlm", "--viewport", "wide"]) == 2
    assert main(["bench", "vlm", "--rows", "0"]) == 2


@pytest.mark.parametrize("model", ["tiny-llava", "tiny-smolvlm", "tiny-gemma3", "tiny-qwen2.5-vl"])
def test_plain_transformers_does_the_same_work_for_every_family(model: str) -> None:
    policy = VlmPolicy(small(model, lora_rank=0), seed=0)
    pages = [made_up_page((160, 210), seed=seed) for seed in range(2)]
    work = PlainWork(policy, pages, policy.act(pages), checkpointing=False)
    before = policy.weights()
    work.write_one_by_one()
    work.write_together()
    work.learn()
    assert all((before[name] == tensor).all() for name, tensor in policy.weights().items()), "steps of no length"
    assert work.flops > 6 * work.tokens * 10_000


@pytest.mark.parametrize(("name", "billions"), [("vlm-2b", 2.2), ("vlm-7b", 8.3)])
def test_random_weights_have_the_size_of_the_recipes_models(name: str, billions: float) -> None:
    recipe = find_recipe(name)
    assert isinstance(recipe.policy, VlmConfig)
    assert isinstance(recipe.learning, VlmLearnerConfig)
    shape = VlmConfig.from_json(recipe.policy.to_json() | {"model": REAL_SIZE[name]})
    plan = plan_memory(shape, recipe.learning, available=1e12)
    assert (plan.parameters - plan.trained) / 1e9 == pytest.approx(billions, abs=0.1)
