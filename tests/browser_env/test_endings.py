"""No process is left behind, however a program that uses environments ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from browser_env.env import BrowserEnv, make_miniwob
from browser_env.observation import Observation
from tests.browser_env.processes import family, wait_until_gone

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

MAKING = {
    "one": "gym.make('browser_env:webdual/MiniWoB-v0', pixels=False)",
    "sync": "make_vec('sync')",
    "async, fork": "make_vec('async', vector_kwargs={'context': 'fork'})",
    "async, spawn": "make_vec('async', vector_kwargs={'context': 'spawn'})",
    "ours": "make_vec('vector_entry_point')",
}
PROGRAM = """
import signal

import gymnasium as gym

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it

def make_vec(mode, **options):
    return gym.make_vec("browser_env:webdual/MiniWoB-v0", num_envs=2, vectorization_mode=mode, pixels=False, **options)

kept = []

def main():
    env = {making}
    env.reset(seed=1)
    action = "wait(1)" if isinstance(env, gym.Env) else ("wait(1)",) * 2
    env.step(action)
    print("ready", flush=True)
    if {forget}:
        kept.extend([env] * {keep})
        return
    while True:
        env.step(action)
        env.reset()

if __name__ == "__main__":
    main()
"""


def start(making: str, *, forget: bool, keep: bool = False) -> tuple["subprocess.Popen[str]", list[int]]:
    """Start a program that steps, or that forgets its environments and ends; return its descendants too.

    It forgets them at once, or keeps them until Python ends.
    """
    code = PROGRAM.format(making=MAKING[making], forget=forget, keep=keep)
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n", program.communicate()[1]
    return program, list(family(program.pid))


def interrupt(program: "subprocess.Popen[str]") -> None:
    program.send_signal(signal.SIGINT)


def interrupt_all(program: "subprocess.Popen[str]") -> None:
    """What Ctrl-C in a terminal does."""
    os.killpg(program.pid, signal.SIGINT)


def kill(program: "subprocess.Popen[str]") -> None:
    program.kill()


@pytest.mark.parametrize("end", [interrupt, interrupt_all, kill], ids=lambda end: end.__name__)
@pytest.mark.parametrize("making", [name for name in MAKING if name != "async, fork"])
def test_a_program_that_is_ended_leaves_nothing(making: str, end: Callable[..., None]) -> None:
    program, ours = start(making, forget=False)
    time.sleep(0.3)  # into some step
    end(program)
    _, errors = program.communicate(timeout=60)
    assert program.returncode != 0
    assert wait_until_gone(ours) == []
    if end is interrupt:
        assert "KeyboardInterrupt" in errors


@pytest.mark.parametrize(("making", "keep"), [*((name, False) for name in MAKING), ("one", True), ("ours", True)])
def test_a_program_that_forgets_to_close_leaves_nothing(making: str, keep: bool) -> None:
    program, ours = start(making, forget=True, keep=keep)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 0
    assert "Traceback" not in errors
    assert wait_until_gone(ours) == []


def play_for_ever(env: BrowserEnv) -> None:
    while True:
        env.step("wait(9000)")
        env.reset(seed=2)


def test_an_interrupted_environment_can_be_used_again() -> None:
    env = make_miniwob("click-button", pixels=False)
    first = env.reset(seed=1)[0]
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(KeyboardInterrupt):
        play_for_ever(env)
    signal.signal(signal.SIGALRM, previous)
    assert env.reset(seed=1)[0] == first
    env.close()


def test_a_forked_copy_leaves_the_browser_alone() -> None:
    env = make_miniwob("click-button", pixels=False)
    first = env.reset(seed=1)[0]
    child = os.fork()
    if child == 0:
        env.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert env.step("wait(1)")[0].error is None
    assert env.reset(seed=1)[0] == first
    env.close()


def test_a_browser_ends_though_forked_children_hold_its_pipe() -> None:
    others = set(family(os.getpid()))
    env = make_miniwob("click-button", pixels=False)
    env.reset(seed=1)
    ours = set(family(os.getpid())) - others
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    env.close()
    gone = wait_until_gone([pid for pid in ours if pid != child])
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert gone == []


def test_coroutines_use_it_directly_and_through_threads() -> None:
    env = make_miniwob("click-button", pixels=False)

    async def play() -> tuple[Observation, Observation]:
        direct = env.reset(seed=1)[0]
        threaded = (await asyncio.to_thread(env.reset, seed=1))[0]
        return direct, threaded

    direct, threaded = asyncio.run(play())
    assert direct == threaded
    env.close()
