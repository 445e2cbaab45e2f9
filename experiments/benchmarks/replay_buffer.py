"""Our buffer at a number of steps: put in by episodes, drawn with importance weights, given new priorities.

Times are of the processor, so that what else runs on the machine does not count.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from importlib.metadata import version

import numpy as np

from browser_env.action import Click
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from experiments.benchmarks.resident import resident_mib
from replay.buffer import ReplayBuffer
from replay.shelf import Sampling
from rewards.evidence import Evidence
from rewards.outcome import Outcome


def main() -> None:
    """Measure, and print a line of JSON."""
    job = json.loads(sys.argv[2])
    rng = np.random.default_rng(job["seed"])
    one = _episode(job["episode_steps"])
    episodes = [replace(one, id=f"episode{number}") for number in range(job["steps"] // job["episode_steps"])]
    before, began = resident_mib(), time.process_time()
    buffer = ReplayBuffer(
        demonstrations=episodes,
        sampling=Sampling(by_task=False, priority="loss", priority_exponent=0.6, importance_exponent=0.4),
    )
    append_s, memory = time.process_time() - began, resident_mib() - before
    sample_s = update_s = 0.0
    for _ in range(job["batches"]):
        began = time.process_time()
        samples = buffer.sample(job["batch"], demo_fraction=1.0, rng=rng)
        drawn = time.process_time()
        buffer.learned(samples, rng.exponential(1.0, len(samples)).tolist())
        sample_s, update_s = sample_s + drawn - began, update_s + time.process_time() - drawn
    figures = {"append_s": append_s, "memory_mib": memory, "sample_s": sample_s, "update_s": update_s}
    print(json.dumps(figures | {"versions": {"numpy": version("numpy")}}))  # noqa: T201 - its result


def _episode(num_steps: int) -> Episode:
    step = Step(observation=Observation(goal=""), action=Click("e1"))
    return Episode(
        id="one",
        task=Task(name="task", url="http://127.0.0.1/", verifier=VerifierSpec(name="text")),
        seed=0,
        source=Source.AGENT,
        steps=(step,) * num_steps,
        final=step.observation,
        outcome=Outcome.SUCCESS,
        reward=1.0,
        evidence=Evidence(),
    )
