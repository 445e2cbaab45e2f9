"""sqlite-web over the same database as Datasette's; it may be changed in it."""

from __future__ import annotations

from pathlib import Path

from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import write_database
from experiments.benchmarks.venvs import make_venv

PINS = ("sqlite-web==0.8.2",)


def lay_out(folder: Path, port: int) -> Start:
    """Write the database."""
    program = Path(make_venv("sqlite-web", PINS)).with_name("sqlite_web")
    data = folder / "data"
    data.mkdir(exist_ok=True)
    write_database(data / "library.db")
    command = (str(program), "--no-browser", "--port", str(port), "--rows-per-page", "20", str(data / "library.db"))
    return Start(command=command, data=data)
