"""Recipes for vision-language policies."""

from __future__ import annotations

from dataclasses import replace

from experiments.recipe import Recipe, language_recipe
from policy.vlm.config import VlmConfig
from policy.vlm.learning_config import VlmLearnerConfig


def vlm_smoke() -> Recipe:
    """A tiny random vision-language model on one task, a minute without a GPU: everything runs once."""
    policy = VlmConfig(
        model="tiny-llava",
        dtype="float32",
        device="cpu",
        verbs=("click", "type"),
        picture="screenshot",
        image_pixels=4096,
        max_prompt_tokens=512,
        max_turns=4,
        max_new_tokens=24,
        constrained=True,
        lora_rank=0,
        gradient_checkpointing=False,
    )
    return language_recipe(
        "vlm-smoke",
        policy=policy,
        tasks=("miniwob/click-test-2",),
        demonstrations_per_task=6,
        validation_demonstrations=4,
        cloning_epochs=6,
        num_updates=6,
        groups_per_update=2,
        group_size=4,
        imitation_samples=4,
        evaluation_episodes=10,
        checkpoint_every=2,
        cloning=VlmLearnerConfig(learning_rate=3e-3, warmup_steps=2, minibatch=4),
        learning=VlmLearnerConfig(learning_rate=1e-3, warmup_steps=2, minibatch=8, kl_weight=0.01),
    )


def vlm_2b() -> Recipe:
    """Qwen2-VL 2B with adapters on the twelve MiniWoB++ tasks, on one GPU of 24 GB."""
    policy = VlmConfig(
        model="Qwen/Qwen2-VL-2B-Instruct",
        image_multiple=28,
        image_scale=2,
        max_prompt_tokens=2048,
        max_new_tokens=64,
        constrained=True,
        batch=16,
        prefixes=32,
    )
    return language_recipe(
        "vlm-2b",
        policy=policy,
        num_envs=16,
        cloning_epochs=3,
        num_updates=100,
        learning_limit_s=8 * 3600.0,
        groups_per_update=8,
        group_size=8,
        imitation_samples=16,
        evaluation_episodes=20,
        cloning=VlmLearnerConfig(learning_rate=1e-4, minibatch=16, pack_tokens=4096),
        learning=VlmLearnerConfig(learning_rate=2e-5, minibatch=64, pack_tokens=4096, kl_weight=0.01),
    )


def vlm_7b() -> Recipe:
    """Qwen2.5-VL 7B, which counts in pixels of its image, with adapters, on one GPU of 80 GB."""
    small = vlm_2b()
    policy = VlmConfig(
        model="Qwen/Qwen2.5-VL-7B-Instruct",
        coordinates="image",
        image_multiple=28,
        image_scale=2,
        max_prompt_tokens=2048,
        constrained=True,
        batch=32,
        prefixes=64,
        lora_rank=32,
        lora_alpha=64.0,
    )
    learning = VlmLearnerConfig(learning_rate=1e-5, minibatch=64, kl_weight=0.01, pack_tokens=16384)
    return replace(small, name="vlm-7b", policy=policy, num_envs=32, learning=learning)
