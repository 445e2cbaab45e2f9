"""A vision-language policy learns: by imitation, by its own experience, by both."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from browser_env.acting import Decision, Reply
from browser_env.action import Action, Back, Click, Point, Type
from browser_env.errors import DataError
from browser_env.observation import Observation
from policy.kinds import load_learner, load_policy, new_learner, save_checkpoint
from policy.vlm.learner import VlmLearner
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.policy import VlmPolicy
from replay.samples import Sample

Page = Callable[..., Observation]
Make = Callable[..., VlmPolicy]
FAST = VlmLearnerConfig(learning_rate=3e-3, warmup_steps=1, minibatch=8)


def shown(observation: Observation, action: Action, *, weight: float = 1.0) -> Sample:
    return Sample(observation=observation, action=action, weight=weight, task="t", episode="e", step=0)


def tried(observation: Observation, decision: Decision, advantage: float) -> Sample:
    sample = shown(observation, decision.action, weight=0.0)
    return replace(sample, advantage=advantage, log_prob=decision.log_prob, reply=decision.reply)


def gradients(learner: VlmLearner, samples: Sequence[Sample]) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    metrics = learner.update(samples)
    return {name: tensor.grad for name, tensor in learner.policy.trained.items() if tensor.grad is not None}, metrics


def mixed_samples(policy: VlmPolicy, page: Page) -> list[Sample]:
    pages = [page(i % 4 + 1, seed=i) for i in range(4)]
    own = [tried(p, d, a) for p, d, a in zip(pages, policy.act(pages), (1.0, -0.5, 0.25, -1.0), strict=True)]
    return [*own, *(shown(p, Click("e1"), weight=1 + i) for i, p in enumerate(pages))]


@pytest.mark.parametrize("model", ["tiny-llava", "tiny-idefics3", "tiny-internvl", "tiny-qwen2-vl", "tiny-qwen2.5-vl"])
def test_how_a_minibatch_is_packed_changes_no_gradient(model: str, page: Page, make_policy: Make) -> None:
    samples = mixed_samples(make_policy(model, constrained=True), page)
    found = []
    for pack_tokens, checkpointing in ((1, False), (1000, False), (100_000, True)):
        policy = make_policy(model, constrained=True, gradient_checkpointing=checkpointing)
        config = replace(FAST, pack_tokens=pack_tokens, max_grad_norm=1e9, kl_weight=0.1)
        found.append(gradients(VlmLearner(policy, config), samples))
    packs = [metrics.pop("packs") for _, metrics in found]
    assert packs[0] == 8
    assert packs[0] > packs[1] > packs[2] == 1
    for grads, metrics in found[1:]:
        assert metrics == pytest.approx(found[0][1], abs=1e-4)
        for name, grad in grads.items():
            assert torch.allclose(grad, found[0][0][name], atol=1e-5), name


def test_losses_are_those_worked_out_by_hand(page: Page, make_policy: Make) -> None:
    policy = make_policy()
    seen = [page(2), page(3)]
    targets = [policy.reader.target(s, Click("e1")) for s in seen]
    scores = policy.log_prob(seen, [Click("e1")] * 2)
    reply = Reply(tokens=targets[1], log_probs=tuple([-5.0] * len(targets[1])))
    own = replace(shown(seen[1], Click("e1"), weight=0.0), advantage=2.0, log_prob=-5.0, reply=reply)
    learner = VlmLearner(policy, replace(FAST, max_ratio=1.5, clip=9.0))
    metrics = learner.update([shown(seen[0], Click("e1")), own])
    assert metrics["imitation_loss"] == pytest.approx(-scores[0] / len(targets[0]), rel=1e-4)
    assert learner.surprises == pytest.approx([-scores[0], -scores[1]], rel=1e-4)
    rows = [-scores[1] / len(targets[1])]
    assert 0 < metrics["mean_ratio"] <= 1.5
    assert metrics["policy_loss"] == pytest.approx(-2.0 * metrics["mean_ratio"], rel=1e-4), rows
    assert metrics["loss"] == pytest.approx(metrics["imitation_loss"] + metrics["policy_loss"], rel=1e-4)


def test_imitation_makes_demonstrated_actions_likelier_on_other_pages(page: Page, make_policy: Make) -> None:
    policy = make_policy(lora_rank=0)
    learner = VlmLearner(policy, FAST)
    held_out = [page(3, seed=100 + i) for i in range(4)]
    before = policy.log_prob(held_out, [Click("e2")] * 4)
    for update in range(4):
        learner.update([shown(page(3, seed=8 * update + i), Click("e2")) for i in range(8)])
    after = policy.log_prob(held_out, [Click("e2")] * 4)
    assert sum(after) / 4 > sum(before) / 4 + 5
    assert policy.version == learner.steps == 4


def test_the_policy_gradient_finds_what_is_rewarded(page: Page, make_policy: Make) -> None:
    policy = make_policy(lora_rank=0, constrained=True, verbs=("click",), picture="none", batch=16)
    learner = VlmLearner(policy, replace(FAST, minibatch=16))
    pages = [page(3)] * 16
    successes: list[int] = []
    for _ in range(10):
        decisions = policy.act(pages)
        rewards = [float(decision.action == Click("e2")) for decision in decisions]
        mean = sum(rewards) / len(rewards)
        learner.update([tried(p, d, r - mean) for p, d, r in zip(pages, decisions, rewards, strict=True)])
        successes.append(round(sum(rewards)))
    assert successes[0] <= 7, "chance finds it sometimes"
    assert sum(successes[-3:]) >= 36


def test_what_cannot_be_learned_from_is_counted(page: Page, make_policy: Make) -> None:
    policy = make_policy()
    learner = VlmLearner(policy, FAST)
    by_hand = replace(shown(page(), Click("e1"), weight=0.0), advantage=1.0, log_prob=-1.0)
    failure = replace(shown(page(), Click("e1")), desired_return=0.0)
    metrics = learner.update([by_hand, failure, shown(page(), Click("e1"))])
    assert (metrics["samples"], metrics["samples_skipped"]) == (1.0, 2.0)
    assert learner.surprises[0] is None


def test_what_cannot_be_written_is_not_taught(page: Page, make_policy: Make) -> None:
    policy = make_policy(picture="none", verbs=("click", "type"))
    before = policy.weights()
    impossible = [Click(Point(5, 5)), Click("e7"), Back(), Type("e1", "long " * 100), Type("e1", "<image>")]
    learner = VlmLearner(policy, FAST)
    assert learner.update([shown(page(), action) for action in impossible])["samples_skipped"] == 5
    assert all(torch.equal(before[name], tensor) for name, tensor in policy.weights().items())
    scores = policy.log_prob([page()] * 6, [*impossible, Click("e1")])
    assert scores[:5] == [-math.inf] * 5
    assert scores[5] > -math.inf


def test_a_reply_that_has_a_pictures_mark_is_not_learned_from(page: Page, make_policy: Make) -> None:
    """A model that draws freely may write it, and there is no picture for it."""
    policy = make_policy()
    reply = Reply(tokens=(7, policy.image_token, 9), log_probs=(-1.0, -1.0, -1.0))
    own = replace(shown(page(), Click("e1"), weight=0.0), advantage=1.0, log_prob=-3.0, reply=reply)
    metrics = VlmLearner(policy, FAST).update([own, shown(page(), Click("e1"))])
    assert (metrics["samples"], metrics["samples_skipped"]) == (1.0, 1.0)


def test_small_steps_are_not_rounded_away_in_bfloat16(page: Page, make_policy: Make) -> None:
    """Each is far below what a weight's digits tell apart; together they are not."""
    policy = make_policy(lora_rank=0, dtype="bfloat16")
    learner = VlmLearner(policy, replace(FAST, learning_rate=1e-5))
    before = policy.weights()
    learner.update([shown(page(), Click("e2"))])
    once = sum(int((before[name] != tensor).sum()) for name, tensor in policy.weights().items())
    for _ in range(40):
        learner.update([shown(page(), Click("e2"))])
    often = sum(int((before[name] != tensor).sum()) for name, tensor in policy.weights().items())
    assert often > 2 * once
    for name, tensor in policy.weights().items():
        assert torch.equal(tensor, learner.masters[name].to(torch.bfloat16)), name


@pytest.mark.parametrize(("lora_rank", "dtype"), [(0, "float32"), (2, "float32"), (0, "bfloat16")])
def test_a_learner_goes_on_exactly_where_it_stopped(
    lora_rank: int, dtype: str, page: Page, make_policy: Make, tmp_path: Path
) -> None:
    policy = make_policy(lora_rank=lora_rank, dtype=dtype)
    learner = new_learner(policy, replace(FAST, minibatch=4, kl_weight=0.1))
    samples = mixed_samples(policy, page)
    learner.update(samples)
    save_checkpoint(tmp_path / "c", policy, learner)
    again = load_policy(tmp_path / "c")
    resumed = load_learner(tmp_path / "c", again)
    assert again.version == 1
    assert resumed.update(samples) == learner.update(samples)
    for name, tensor in policy.weights().items():
        assert torch.equal(again.weights()[name], tensor), name
    seen = [page(2), page(3)]
    assert [d.action for d in again.act(seen)] == [d.action for d in policy.act(seen)]


def test_a_broken_checkpoint_is_said(page: Page, make_policy: Make, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", make_policy())
    with pytest.raises(DataError, match="no learner"):
        load_learner(tmp_path / "c", load_policy(tmp_path / "c"))
    header = json.loads((tmp_path / "c" / "config.json").read_text())
    (tmp_path / "c" / "config.json").write_text(json.dumps(header | {"config": {"model": "x"}}))
    with pytest.raises(DataError, match="cannot be read"):
        load_policy(tmp_path / "c")
