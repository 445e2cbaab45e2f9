"""Runs an application in a folder of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser_env.errors import UsageError
from experiments.benchmarks.applications import restoring
from experiments.benchmarks.applications.application import Served
from experiments.benchmarks.applications.catalogue import APPLICATIONS
from experiments.benchmarks.applications.serving import free_port, server


@contextmanager
def running(name: str, folder: Path) -> Iterator[Served]:
    """An application with its data, from when it answers; its log and data stay in the folder until the next time.

    Raise :class:`InfraError` where it cannot be installed or does not start.
    """
    if name not in APPLICATIONS:
        raise UsageError(f"there is no application {name!r:.40}; there are {', '.join(APPLICATIONS)}")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for left in ("data", "start"):
        shutil.rmtree(folder / left, ignore_errors=True)
    port = free_port()
    start = APPLICATIONS[name].lay_out(folder, port)
    url, log, copy = f"http://127.0.0.1:{port}", folder / "server.log", folder / "start"
    with server(start.command, url=url + start.ready, log=log, environment=start.environment):
        start.fill(url)
        restoring.copy_folder(start.data, copy)
        command = (sys.executable, "-I", restoring.__file__, str(copy), str(start.data))
        yield Served(url=url + start.page, reset_command=command, log=log)
