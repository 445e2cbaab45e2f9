"""Small vision-language models and pages for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
import torch

from browser_env.observation import Element, Observation
from policy.vlm.config import VlmConfig
from policy.vlm.policy import VlmPolicy
from tests.policy.vlm.chat_server import Model, serving

ARCHITECTURES = (
    *("tiny-llava", "tiny-idefics3", "tiny-smolvlm", "tiny-internvl"),
    *("tiny-qwen2-vl", "tiny-qwen2.5-vl", "tiny-gemma3"),
)
Page = Callable[..., Observation]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@cache
def small(model: str = "tiny-llava", **changes: object) -> VlmConfig:
    own = {"dtype": "float32", "device": "cpu", "max_new_tokens": 24, "batch": 3, "lora_rank": 4}
    return VlmConfig(model=model, **own | changes)  # type: ignore[arg-type]


@pytest.fixture
def page() -> Page:
    """Make a page of buttons, one of which the goal names."""

    def make(count: int = 3, *, seed: int = 0, goal: str = "Click Go1.", screenshot: bool = True) -> Observation:
        elements = tuple(
            Element(id=f"e{i + 1}", role="button", name=f"Go{i}", states=("clickable",), box=(10, 5 + 30 * i, 60, 20))
            for i in range(count)
        )
        pixels = np.random.default_rng(seed).integers(0, 256, (210, 160, 3), dtype=np.uint8)
        return Observation(goal=goal, elements=elements, screenshot=pixels if screenshot else None)

    return make


@pytest.fixture
def make_policy() -> Callable[..., VlmPolicy]:
    """Make a small policy of an architecture."""

    def make(model: str = "tiny-llava", *, seed: int = 0, **changes: object) -> VlmPolicy:
        return VlmPolicy(small(model, **changes), seed=seed)

    return make


@pytest.fixture
def model() -> Iterator[Model]:
    """A model behind a server."""
    with serving(Model()) as served:
        yield served
