"""Datasette over a database of beans, roasters, books and loans."""

from __future__ import annotations

from pathlib import Path

from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import write_database
from experiments.benchmarks.venvs import make_venv

PINS = ("datasette==0.65.5", "setuptools<81")


def lay_out(folder: Path, port: int) -> Start:
    """Write the database."""
    python = make_venv("datasette", PINS)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    write_database(data / "library.db")
    command = (python, "-m", "datasette", "serve", str(data / "library.db"), "--port", str(port))
    return Start(command=command, data=data)
