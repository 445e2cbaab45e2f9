"""Starts a server's process and stops it with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from browser_env.errors import InfraError

START_S = 90.0  # a server may take so long to answer at first
STOP_S = 5.0
PAUSE_S = 0.2


@contextmanager
def server(
    command: Sequence[object], *, url: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server's process, from when it answers to an address; it ends with all that it started."""
    with log.open("w") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env=os.environ | dict(environment or {}),
            start_new_session=True,
        )
        try:
            _await_answer(url, process, log)
            yield
        finally:
            _end(process)


def run_to_end(command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run a program that lays data out; raise :class:`InfraError` where it fails."""
    with log.open("w") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=log.parent,
                env=os.environ | dict(environment or {}),
                timeout=START_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InfraError(f"{Path(command[0]).name} failed: {error}; see {log}") from error
    if done.returncode:
        raise InfraError(f"{Path(command[0]).name} failed: {_last_words(log)}; see {log}")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (OSError, urllib.error.URLError):
            time.sleep(PAUSE_S)
        else:
            return
    raise InfraError(f"{url} does not answer: {_last_words(log)}; see {log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all others of its session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines or ["it said nothing"])[-1][:200]
