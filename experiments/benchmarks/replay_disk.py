"""Our store at a number of steps: appended episode by episode, opened again, and drawn from."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from browser_env.action import Click
from browser_env.episode import Episode, Source, Step
from browser_env.observation import Element, Observation, Screenshot
from browser_env.task import Task, VerifierSpec
from experiments.benchmarks.resident import resident_mib
from replay.buffer import ReplayBuffer
from replay.kept import in_store
from replay.shelf import Sampling
from replay.store import ReplayStore
from rewards.evidence import Evidence
from rewards.outcome import Outcome

ELEMENTS = 12
PICTURE_EVERY = 4  # steps; a page often looks as it did before, and equal pictures are stored once
TASKS = 12
LETTERS = np.random.default_rng(0).integers(0, 2, (26, 7, 6), dtype=np.uint8)
URL = "http://127.0.0.1/page"


def main() -> None:
    """Measure, and print a line of JSON."""
    job = json.loads(sys.argv[2])
    path = Path(job["folder"]) / "store"
    appends = sys.argv[3] == "append"
    figures = _append(path, job) | _disk(path) if appends else _open(path, job)
    print(json.dumps(figures))  # noqa: T201 - its result


def _append(path: Path, job: dict[str, Any]) -> dict[str, float]:
    """Return the seconds that adding takes, by the clock and of the processor, the making of the episodes left out."""
    wall_s = cpu_s = 0.0
    with ReplayStore(path) as store:
        for episode in _episodes(job):
            began, cpu_began = time.perf_counter(), time.process_time()
            store.add([episode])
            wall_s, cpu_s = wall_s + time.perf_counter() - began, cpu_s + time.process_time() - cpu_began
    return {"append_s": wall_s, "append_cpu_s": cpu_s}


def _open(path: Path, job: dict[str, Any]) -> dict[str, float]:
    """Return what opening, listing and drawing take in a process that knows nothing yet."""
    rng = np.random.default_rng(job["seed"])
    before, began = resident_mib(), time.perf_counter()
    with ReplayStore(path) as store:
        opened = time.perf_counter()
        buffer = ReplayBuffer(
            demonstrations=in_store(store, store.query()), sampling=Sampling(by_task=False, priority="uniform")
        )
        listed, memory = time.perf_counter(), resident_mib() - before
        for _ in range(job["reads"]):
            buffer.sample(job["read_batch"], demo_fraction=1.0, rng=rng)
        read_s = time.perf_counter() - listed
    return {"open_s": opened - began, "list_s": listed - opened, "memory_mib": memory, "read_s": read_s}


def _disk(path: Path) -> dict[str, float]:
    sizes = {name: [f.stat().st_size for f in (path / name).glob("??/*")] for name in ("episodes", "images")}
    index = sum(file.stat().st_size for file in path.glob("index.sqlite*"))
    return {
        "episode_mib": sum(sizes["episodes"]) / 2**20,
        "image_mib": sum(sizes["images"]) / 2**20,
        "images": len(sizes["images"]),
        "index_mib": index / 2**20,
    }


def _episodes(job: dict[str, Any]) -> Iterator[Episode]:
    rng = np.random.default_rng(job["seed"])
    observation = Observation(goal='Click on the "name 3" button.', url=URL, elements=_elements(rng))
    end = {"outcome": Outcome.SUCCESS, "reward": 1.0, "evidence": Evidence(text="done")}
    for number in range(job["steps"] // job["episode_steps"]):
        steps = []
        for index in range(job["episode_steps"]):
            if index % PICTURE_EVERY == 0:
                observation = replace(observation, screenshot=_picture(rng), elements=_elements(rng))
            steps.append(Step(observation=observation, action=Click("e3"), log_prob=-0.5, value=0.5))
        yield Episode(
            id=f"episode{number}",
            task=Task(name=f"task{number % TASKS}", url=URL, verifier=VerifierSpec(name="text")),
            seed=number,
            source=Source.AGENT,
            steps=tuple(steps),
            final=observation,
            **end,  # type: ignore[arg-type]
        )


def _elements(rng: np.random.Generator) -> tuple[Element, ...]:
    boxes = rng.integers(0, 200, (ELEMENTS, 2)).tolist()
    return tuple(
        Element(id=f"e{i}", role="button", name=f"name {i} {x}", states=("clickable",), box=(x, y, 40, 12))
        for i, (x, y) in enumerate(boxes)
    )


def _picture(rng: np.random.Generator) -> Screenshot:
    """Return 160 x 210 pixels of boxes and lines of letters; as WebP, half of what the default tasks' have."""
    pixels = np.full((210, 160, 3), 255, dtype=np.uint8)
    for x, y, red, green, blue in rng.integers(0, (120, 190, 256, 256, 256), (6, 5)).tolist():
        pixels[y : y + 14, x : x + 40] = (red, green, blue)
    for x, y in rng.integers(0, (40, 203), (10, 2)).tolist():
        line = LETTERS[rng.integers(0, len(LETTERS), 20)]  # (20, 7, 6)
        pixels[y : y + 7, x : x + 120] *= line.transpose(1, 0, 2).reshape(7, 120, 1)
    return pixels
