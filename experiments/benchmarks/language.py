"""How fast a vision-language policy reads, writes and learns on this machine."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from browser_env.acting import Decision
from browser_env.observation import Element, Observation
from experiments.benchmarks.language_plain import PlainWork
from experiments.recipe import Recipe
from policy.kinds import new_learner, new_policy
from policy.vlm.config import VlmConfig
from replay.samples import Sample

ELEMENTS = 40  # of a page that is read
MATRIX = {"cpu": 1024, "cuda": 8192}  # side of the matrices that the peak is measured with
PEAK_S = 0.5  # spent on measuring it
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured; times in seconds."""

    device: str
    weights: int
    trained: int
    rows: int  # pages side by side
    prompt_tokens: float  # of a page, mean
    step_s: float  # from pages to actions, for all rows, with nothing known of them
    next_step_s: float  # likewise for the next pages of the same episodes
    environments_per_s: float  # that get their next action
    written_per_s: float  # tokens, reading the prompts included
    plain_written_per_s: float  # by transformers' generate, one prompt after the other
    plain_batch_per_s: float  # likewise, prompts side by side
    known_share: float  # of prompt tokens that were kept from the step before
    update_s: float  # of a learner's update of all rows
    learned_per_s: float  # tokens, prompts included
    plain_learned_per_s: float  # by transformers' own loss, one row after the other
    peak_flops: float  # of a large matrix product here, per second
    utilisation: float  # of that peak while learning
    plain_utilisation: float  # likewise, the plain way
    acting_mib: float  # most memory that acting took: of the GPU, or of the process
    learning_mib: float  # likewise learning

    def to_json(self) -> dict[str, Any]:
        """Return what was measured as JSON-serialisable data."""
        return asdict(self)


def measure_language(recipe: Recipe, *, rows: int, repetitions: int, viewport: tuple[int, int]) -> Speed:
    """Measure a recipe's policy on made-up pages, as they follow each other in episodes."""
    assert isinstance(recipe.policy, VlmConfig)
    config = replace(recipe.policy, batch=rows, prefixes=2 * rows)
    policy: Any = new_policy(config, seed=0)
    learner = new_learner(policy, recipe.learning)
    pages, later = ([made_up_page(viewport, seed=i + first) for i in range(rows)] for first in (0, rows))
    policy.act(pages)  # warms up
    _forget_most(policy.device)
    step_s, decisions = best(lambda: policy.act(pages), repetitions, before=policy.prefixes.clear)
    policy.prefixes.read = policy.prefixes.reused = 0
    next_step_s, _ = best(lambda: policy.act(later), repetitions, before=lambda: _know(policy, pages))
    known_share = policy.prefixes.reused / max(policy.prefixes.read, 1)
    acting = _most(policy.device)
    policy.prefixes.clear()
    work = PlainWork(policy, pages, decisions, checkpointing=config.gradient_checkpointing)
    written = sum(len(decision.reply.tokens) for decision in decisions)
    one_by_one_s, _ = best(work.write_one_by_one, repetitions)
    together_s, _ = best(work.write_together, repetitions)
    samples = [_sample(page, decision, i) for i, (page, decision) in enumerate(zip(pages, decisions, strict=True))]
    learner.update(samples)
    _forget_most(policy.device)
    update_s, _ = best(lambda: learner.update(samples), repetitions)
    learning = _most(policy.device)
    work.learn()
    plain_s, _ = best(work.learn, repetitions)
    tokens = work.tokens * recipe.learning.epochs
    peak, flops = _peak(policy.device), work.flops
    weights = sum(tensor.numel() for tensor in policy.model.parameters())
    return Speed(
        device=torch.cuda.get_device_name() if policy.device.type == "cuda" else "no GPU: the processor",
        weights=weights,
        trained=sum(tensor.numel() for tensor in policy.trained.values()),
        rows=rows,
        prompt_tokens=(work.tokens - written) / rows,
        step_s=step_s,
        next_step_s=next_step_s,
        environments_per_s=rows / next_step_s,
        written_per_s=written / step_s,
        plain_written_per_s=written / one_by_one_s,
        plain_batch_per_s=written / together_s,
        known_share=known_share,
        update_s=update_s,
        learned_per_s=tokens / update_s,
        plain_learned_per_s=work.tokens / plain_s,
        peak_flops=peak,
        utilisation=flops * recipe.learning.epochs / update_s / peak,
        plain_utilisation=flops / plain_s / peak,
        acting_mib=acting,
        learning_mib=learning,
    )


def _know(policy: Any, pages: Sequence[Observation]) -> None:
    """Have the policy know the pages before, and nothing else."""
    policy.prefixes.clear()
    policy.act(pages)
    policy.prefixes.read = policy.prefixes.reused = 0


def _forget_most(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _most(device: torch.device) -> float:
    """Return the most memory that was taken: of a GPU since that was forgotten, else of the process so far."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def best(work: Callable[[], Any], repetitions: int, *, before: Callable[[], None] | None = None) -> tuple[float, Any]:
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
    deadline, most = time.monotonic() + PEAK_S, 0.0
    while time.monotonic() < deadline:
        taken, _ = best(lambda: matrix @ matrix, 1)
        most = max(most, 2 * side**3 / taken)
    return most


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


def made_up_page(viewport: tuple[int, int], *, seed: int) -> Observation:
    """Return a page with a picture of noise, which does not shrink, and links."""
    width, height = viewport
    rng = np.random.default_rng(seed)
    elements: Sequence[Element] = [
        Element(id=f"e{i + 1}", role="link", name=f"Article {rng.integers(1000)} of the list", states=("clickable",))
        for i in range(ELEMENTS)
    ]
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    goal = "Open the article that the list names last."
    return Observation(goal=goal, screenshot=pixels, elements=tuple(elements), viewport=viewport)
