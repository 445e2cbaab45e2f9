"""TorchRL's prioritised buffer at the same work as ours; runs in a virtual environment of its own."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from typing import Any

import torch
from torchrl.data import LazyTensorStorage, PrioritizedReplayBuffer

from experiments.benchmarks.resident import resident_mib


def main() -> None:
    """Measure, and print a line of JSON; times are of the processor, but for opening.

    What a step is, is its number: the episodes themselves lie elsewhere.
    """
    job = json.loads(sys.argv[2])
    torch.manual_seed(job["seed"])
    before, began = resident_mib(), time.process_time()
    buffer = _buffer(job)
    length = job["episode_steps"]
    for first in range(0, job["steps"], length):
        buffer.extend(torch.arange(first, first + length))
    append_s, memory = time.process_time() - began, resident_mib() - before
    sample_s = update_s = 0.0
    for _ in range(job["batches"]):
        began = time.process_time()
        _, info = buffer.sample(return_info=True)
        drawn = time.process_time()
        buffer.update_priority(info["index"], torch.empty(job["batch"]).exponential_())
        sample_s, update_s = sample_s + drawn - began, update_s + time.process_time() - drawn
    figures = {"append_s": append_s, "memory_mib": memory, "sample_s": sample_s, "update_s": update_s}
    versions = {name: version(name) for name in ("torch", "torchrl", "tensordict")}
    print(json.dumps(figures | {"open_s": _reopened(buffer, job), "versions": versions}))  # noqa: T201 - its result


def _buffer(job: dict[str, Any]) -> PrioritizedReplayBuffer:
    storage = LazyTensorStorage(job["steps"])
    return PrioritizedReplayBuffer(alpha=0.6, beta=0.4, storage=storage, batch_size=job["batch"])


def _reopened(buffer: PrioritizedReplayBuffer, job: dict[str, Any]) -> float:
    """Save the buffer, and return the seconds that opening it takes."""
    with tempfile.TemporaryDirectory() as folder:
        buffer.dumps(folder)
        began = time.perf_counter()
        again = _buffer(job)
        again.extend(torch.arange(job["episode_steps"]))  # what it holds must be known before it loads
        again.loads(folder)
        return time.perf_counter() - began
