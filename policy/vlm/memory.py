"""How much memory training takes, reckoned before it begins."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from browser_env.errors import UsageError
from policy.device import device_of
from policy.vlm.config import VlmConfig
from policy.vlm.learning_config import VlmLearnerConfig
from policy.vlm.pretrained import empty_model, inner
from policy.vlm.team import devices_there

GB = 1e9
MASTER = 4  # bytes of a number that steps are taken on, in gradients and in each of the optimiser's two averages
LAYER_VALUES = 34  # kept for a backward pass, per token and unit of width, of one layer
PICTURE_TOKENS = 1024  # that a picture takes of a prompt, about
SHORT_PROMPT = 256  # tokens; a pack has no more replies than such prompts
SLACK = 1.1  # fragments, kernels' workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """What training takes, in bytes, and what there is."""

    parameters: int
    trained: int
    weights: float
    learning: float  # gradients, the optimiser's averages, masters and copies of what is trained
    activations: float
    acting: float  # keys and values of prompts
    available: float
    could_share: bool = False  # whether there are devices that do not share the weights yet

    @property
    def needed(self) -> float:
        """All of it, with some slack."""
        return SLACK * (self.weights + self.learning + self.activations + self.acting)

    @property
    def fits(self) -> bool:
        """Whether there is enough."""
        return self.needed <= self.available

    def __str__(self) -> str:
        parts = ("weights", "learning", "activations", "acting")
        shares = ", ".join(f"{name} {getattr(self, name) / GB:.1f}" for name in parts)
        return (
            f"{self.parameters / 1e6:.1f}M weights, {self.trained / 1e6:.1f}M of them trained: "
            f"{self.needed / GB:.1f} GB of {self.available / GB:.1f} ({shares})"
        )

    def check(self, config: VlmConfig) -> None:
        """Raise :class:`UsageError` where it does not fit, with the change that helps most."""
        if self.fits:
            return
        fewer = "policy.lora_rank=16, so that few weights are trained" * (config.lora_rank == 0)
        changes = {
            "learning": "learning.sharded=true and cloning.sharded=true" if self.could_share else fewer,
            "activations": "a smaller learning.pack_tokens and cloning.pack_tokens"
            if config.gradient_checkpointing
            else "policy.gradient_checkpointing=true",
            "acting": "a smaller policy.batch and policy.prefixes",
            "weights": "policy.dtype=bfloat16" if config.dtype == "float32" else "a smaller model",
        }
        largest = sorted(changes, key=lambda name: -getattr(self, name))
        raise UsageError(f"memory is short: {self}; set {next(changes[n] for n in largest if changes[n])}")


def plan_memory(config: VlmConfig, learning: VlmLearnerConfig, *, available: float | None = None) -> MemoryPlan:
    """Reckon what training a policy takes on a device; raise :class:`UsageError` where there are too few of those."""
    if learning.devices > (there := devices_there(device_of(config.device))):
        raise UsageError(f"there are {there} devices, fewer than learning.devices={learning.devices}; set fewer")
    model: Any = empty_model(config)
    shape = inner(model).config.get_text_config()
    number = 2 if config.dtype == "bfloat16" else 4
    total = sum(tensor.numel() for tensor in model.parameters())
    trained = sum(tensor.numel() for tensor in model.parameters() if tensor.requires_grad)
    tokens = max(learning.pack_tokens, _longest(config))  # in one pass
    layers = 1.0 if config.gradient_checkpointing else float(shape.num_hidden_layers)
    kept = shape.num_hidden_layers * bool(config.gradient_checkpointing) + LAYER_VALUES * layers
    replies = min(learning.minibatch, -(-learning.pack_tokens // SHORT_PROMPT)) * config.max_new_tokens
    width = getattr(shape, "head_dim", None) or shape.hidden_size // shape.num_attention_heads
    cached = 2 * shape.num_hidden_layers * (getattr(shape, "num_key_value_heads", None) or shape.num_attention_heads)
    prompts = (config.prefixes + 2 * config.batch) * _longest(config)
    return MemoryPlan(
        parameters=total,
        trained=trained,
        weights=total * number + (total - trained) * number * (1 / learning.devices if learning.sharded else 0.0),
        learning=trained * _bytes_learned_with(config, learning, number),
        activations=(2 * _gathered(shape, total) * number if learning.sharded else 0.0)
        + tokens * shape.hidden_size * number * kept
        + 3.0 * MASTER * replies * shape.vocab_size
        + _mask_bytes(config, learning, number)
        + tokens**2 * shape.num_attention_heads * (number + MASTER) * float(config.attention == "eager"),
        acting=float(prompts * cached * width * number),
        available=_memory(config, devices=learning.devices) if available is None else available,
        could_share=learning.devices > 1 and not learning.sharded,
    )


def _bytes_learned_with(config: VlmConfig, learning: VlmLearnerConfig, number: int) -> float:
    """Return how many bytes the first device holds for each trained weight, beside the weight itself."""
    whole = number if config.lora_rank == 0 else MASTER
    references = 2 * bool(learning.kl_weight)  # what learning began with, and what it takes the place of
    if learning.sharded:
        return MASTER * (4 + references) / learning.devices + whole
    apart = MASTER + number if config.lora_rank == 0 and number < MASTER else 0  # masters, and gradients before them
    return 3 * MASTER + apart + (1 + references) * whole


def _gathered(shape: Any, total: int) -> float:
    """Return how many sharded weights are whole at once: those outside the layers, and two layers."""
    return float(2 * shape.vocab_size * shape.hidden_size + 2 * total / shape.num_hidden_layers)


def _longest(config: VlmConfig) -> int:
    """Return about how many tokens a prompt and its reply have at most."""
    return config.max_prompt_tokens + PICTURE_TOKENS * config.points + config.max_new_tokens


def _mask_bytes(config: VlmConfig, learning: VlmLearnerConfig, number: int) -> float:
    """Return what says which tokens of a pack see each other takes while it is made."""
    return 0.0 if config.attention == "flash_attention_2" else float(learning.pack_tokens**2 * (number + 1))


def _memory(config: VlmConfig, *, devices: int) -> float:
    """Return the memory that is free, on the device that has least of it."""
    device = device_of(config.device)
    if device.type == "cuda":
        used = [device] if devices == 1 else [torch.device("cuda", index) for index in range(devices)]
        return float(min(torch.cuda.mem_get_info(one)[0] for one in used))
    with suppress(OSError):
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        return 1024.0 * int(fields["MemAvailable"].split()[0])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))  # where it is not told what is free
