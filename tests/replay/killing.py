"""Writers on one store, killed at random moments; run as a program of its own, for writers are forked from it.

Each writer opens the store and adds and notes episodes, and says through a pipe which of them `add` and `note` have
returned for. At the end, everything that was said must be there.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from conftest import make_episode

from browser_env.episode import Episode
from replay import ReplayStore
from replay.checking import check_store
from replay.codec import RECOVERED

WRITERS = 3
LONGEST_S = 0.25  # a writer's life; opening the store takes some of it
STEPS = 4
LEFT_BEHIND = "no episode shows it"  # an image whose step was not whole, where the kill came before the sweep


@dataclass(slots=True)
class Writer:
    pid: int
    pipe: int
    name: str
    dies_at: float


@dataclass(slots=True)
class Said:
    """What writers were told before they died."""

    sealed: set[str] = field(default_factory=set)
    noted: Counter[str] = field(default_factory=Counter)  # episode -> steps

    def hear(self, text: str) -> None:
        for line in text.splitlines():
            verb, episode, count = line.split()
            if verb == "sealed":
                self.sealed.add(episode)
            else:
                self.noted[episode] = max(self.noted[episode], int(count))


def expected(episode_id: str) -> Episode:
    number = int(episode_id.rsplit("-")[-1])
    return make_episode(episode_id, shade=number % 7 * 10, num_steps=STEPS)


def write(path: Path, name: str, pipe: int) -> None:
    """Add episodes until killed; note every second one step by step before it is sealed."""
    with ReplayStore(path) as store:
        for number in range(100_000):
            episode = expected(f"{name}-{number}")
            for count in range(1, STEPS + 1) if number % 2 else ():
                store.note(replace(episode, steps=episode.steps[:count]))
                os.write(pipe, f"noted {episode.id} {count}\n".encode())
            store.add([episode])
            os.write(pipe, f"sealed {episode.id} 0\n".encode())


def start(path: Path, name: str, rng: random.Random) -> Writer:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            write(path, name, writing)
        finally:
            os._exit(1)  # it may end by a kill only
    os.close(writing)
    return Writer(pid=pid, pipe=reading, name=name, dies_at=time.monotonic() + rng.uniform(0, LONGEST_S))


def kill(writer: Writer) -> str:
    """End a writer at whatever instruction it has come to; return what it was told."""
    time.sleep(max(0.0, writer.dies_at - time.monotonic()))
    os.kill(writer.pid, signal.SIGKILL)
    _, status = os.waitpid(writer.pid, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"{writer.name} ended by itself; see its traceback")
    with os.fdopen(writer.pipe, "rb") as pipe:
        return pipe.read().decode()


def run(path: Path, kills: int, seed: int) -> dict[str, object]:
    rng, said = random.Random(seed), Said()
    ReplayStore(path).close()
    writers: list[Writer] = []
    for number in range(kills + WRITERS):
        if number < kills:
            writers.append(start(path, f"writer{number}", rng))
        if len(writers) == WRITERS or (number >= kills and writers):
            victim = min(writers, key=lambda writer: writer.dies_at)
            writers.remove(victim)
            said.hear(kill(victim))
    return judge(path, said, kills)


def judge(path: Path, said: Said, kills: int) -> dict[str, object]:
    """Open the store as the next one would and compare it with what was said."""
    with ReplayStore(path) as store:
        found = {episode.id: episode for episode in store.episodes()}
        quarantined, dropped = store.quarantined, store.dropped
    recovered = {name: episode for name, episode in found.items() if RECOVERED in episode.tags}
    whole = {name: episode for name, episode in found.items() if name not in recovered}
    return {
        "kills": kills,
        "sealed": len(said.sealed),
        "recovered": len(recovered),
        "recovered_steps": sum(len(episode.steps) for episode in recovered.values()),
        "lost": sorted(said.sealed - set(whole)),
        "wrong": sorted(name for name, episode in whole.items() if episode != expected(name)),
        "noted_and_lost": sorted(name for name, steps in said.noted.items() if len_of(found, name) < steps),
        "recovered_wrong": sorted(
            name for name, episode in recovered.items() if episode.steps != expected(name).steps[: len(episode.steps)]
        ),
        "quarantined": list(quarantined),
        "dropped": list(dropped),
        "faults": [fault.problem for fault in check_store(path).faults if fault.problem != LEFT_BEHIND],
    }


def len_of(found: dict[str, Episode], name: str) -> int:
    return len(found[name].steps) if name in found else 0


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201 - its result
