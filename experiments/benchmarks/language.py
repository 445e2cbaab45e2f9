"""How fast a vision-language policy reads, writes and learns on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from browser_env.acting import Decision
from browser_env.observation import Element, Observation
from experiments.recipe import Recipe
from policy.kinds import new_learner, new_policy
from replay.samples import Sample

ELEMENTS = 40  # of a page that is read
MATRIX = {"cpu": 1024, "cuda": 8192}  # side of the matrices that the peak is measured with
PEAK_S = 0.5  # spent on measuring it


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured; times in seconds."""

    device: str
    weights: int
    trained: int
    rows: int  # pages side by side
    prompt_tokens: float  # of a page, mean
    step_s: float  # from pages to actions, for all rows
    written_per_s: float  # tokens
    known_share: float  # of prompt tokens that were kept from the step before
    update_s: float  # of a learner's update of all rows
    learned_per_s: float  # tokens, prompts included
    peak_flops: float  # of a large matrix product here, per second
    utilisation: float  # of that peak while learning

    def to_json(self) -> dict[str, Any]:
        """Return what was measured as JSON-serialisable data."""
        return asdict(self)


def measure_language(recipe: Recipe, *, rows: int, repetitions: int, viewport: tuple[int, int]) -> Speed:
    """Measure a recipe's policy on made-up pages, as they follow each other in episodes."""
    policy: Any = new_policy(recipe.policy, seed=0)
    learner = new_learner(policy, recipe.learning)
    pages = [_page(viewport, seed=i) for i in range(rows)]
    policy.act(pages)  # warms up
    step_s, decisions = _best(lambda: policy.act(pages), repetitions, before=policy.prefixes.clear)
    policy.prefixes.read = policy.prefixes.reused = 0
    policy.act([_page(viewport, seed=rows + i) for i in range(rows)])  # the next step: other pages, the same goal
    samples = [_sample(page, decision, i) for i, (page, decision) in enumerate(zip(pages, decisions, strict=True))]
    learner.update(samples)
    update_s, _ = _best(lambda: learner.update(samples), repetitions)
    written = sum(len(decision.reply.tokens) for decision in decisions)
    tokens = sum(decision.tokens for decision in decisions) * recipe.learning.epochs
    weights = sum(tensor.numel() for tensor in policy.model.parameters())
    trained = sum(tensor.numel() for tensor in policy.trained.values())
    peak = _peak(policy.device)
    flops = (4 * weights + 2 * trained) * tokens  # forward, backward to activations, backward to what is trained
    return Speed(
        device=torch.cuda.get_device_name() if policy.device.type == "cuda" else "no GPU: the processor",
        weights=weights,
        trained=trained,
        rows=rows,
        prompt_tokens=(tokens / recipe.learning.epochs - written) / rows,
        step_s=step_s,
        written_per_s=written / step_s,
        known_share=policy.prefixes.reused / max(policy.prefixes.read, 1),
        update_s=update_s,
        learned_per_s=tokens / update_s,
        peak_flops=peak,
        utilisation=flops / update_s / peak,
    )


def _best(work: Callable[[], Any], repetitions: int, *, before: Callable[[], None] | None = None) -> tuple[float, Any]:
    """Return the shortest time of several, and the last result."""
    times: list[float] = []
    result: Any = None
    for _ in range(repetitions):
        if before is not None:
            before()
        started = time.monotonic()
        result = work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.monotonic() - started)
    return min(times), result


def _peak(device: torch.device) -> float:
    """Return how many floating-point operations a second a large matrix product reaches."""
    side = MATRIX[device.type]
    matrix = torch.randn(side, side, device=device, dtype=torch.bfloat16 if device.type == "cuda" else torch.float32)
    deadline, best = time.monotonic() + PEAK_S, 0.0
    while time.monotonic() < deadline:
        taken, _ = _best(lambda: matrix @ matrix, 1)
        best = max(best, 2 * side**3 / taken)
    return best


def _sample(page: Observation, decision: Decision, number: int) -> Sample:
    return Sample(
        observation=page,
        action=decision.action,
        weight=0.0,
        advantage=1.0 if number % 2 else -1.0,
        log_prob=decision.log_prob,
        reply=decision.reply,
        task="bench",
        episode=str(number),
        step=0,
    )


def _page(viewport: tuple[int, int], *, seed: int) -> Observation:
    width, height = viewport
    rng = np.random.default_rng(seed)
    elements: Sequence[Element] = [
        Element(id=f"e{i + 1}", role="link", name=f"Article {rng.integers(1000)} of the list", states=("clickable",))
        for i in range(ELEMENTS)
    ]
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    goal = "Open the article that the list names last."
    return Observation(goal=goal, screenshot=pixels, elements=tuple(elements), viewport=viewport)
