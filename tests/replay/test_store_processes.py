"""Several real processes on one store, some of them killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from browser_env.episode import Episode
from replay import ReplayStore

Make = Callable[..., Episode]
HERE = Path(__file__).parent
WRITER = """
import sys
from pathlib import Path
from conftest import make_episode
from replay import ReplayStore

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with ReplayStore(path) as store:
    for number in range(count):
        store.add([make_episode(f"{name}-{number}", shade=number % 7, num_steps=number % 4)])
        print(f"{name}-{number}", flush=True)
"""


def _start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    search = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": search},
    )


def _release(writers: list[subprocess.Popen[str]]) -> None:
    """Wait until all have imported what they need, then let them go at once."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()


def _expected(make_episode: Make, episode_id: str) -> Episode:
    number = int(episode_id.rsplit("-")[-1])
    return make_episode(episode_id, shade=number % 7, num_steps=number % 4)


@pytest.mark.parametrize("seed", range(4))
def test_killed_writers_lose_nothing_sealed_and_leave_nothing_half(
    tmp_path: Path, make_episode: Make, seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "store"
    writers = [_start(path, f"writer{i}", 100_000) for i in range(3)]
    _release(writers)
    acknowledged: set[str] = set()
    for writer in writers:
        time.sleep(rng.uniform(0.0, 0.3))
        writer.send_signal(signal.SIGKILL)
        acknowledged |= set(writer.communicate()[0].split())
    with ReplayStore(path, read_only=True) as reader:
        seen = {info.id for info in reader.query()}
    with ReplayStore(path) as store:
        found = list(store.episodes())
        assert store.quarantined == ()
    assert {episode.id for episode in found} == seen
    assert acknowledged <= seen
    assert len(seen - acknowledged) <= len(writers)  # sealed, but killed before saying so
    assert all(episode == _expected(make_episode, episode.id) for episode in found)


def test_writers_and_readers_at_once(tmp_path: Path, make_episode: Make) -> None:
    path = tmp_path / "store"
    writers = [_start(path, f"writer{i}", 25) for i in range(4)]
    _release(writers)
    while not (path / "store.json").exists():
        time.sleep(0.01)
    counts = []
    with ReplayStore(path, read_only=True) as reader, ReplayStore(path) as store:
        while any(writer.poll() is None for writer in writers):
            counts.append(len(reader.query()))
            assert all(episode == _expected(make_episode, episode.id) for episode in reader.episodes())
            assert len(store.query()) >= 0
        assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
        assert len(reader.query()) == len(store.query()) == 100
        assert reader.digest() == store.digest()
    assert counts == sorted(counts)
    for writer in writers:
        writer.communicate()
