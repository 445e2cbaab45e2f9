"""Django's admin over a shop of beans, roasters and orders; whoever comes is its keeper."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.benchmarks.applications import projects
from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import COUNTRIES, ROASTERS, beans
from experiments.benchmarks.applications.serving import run_to_end
from experiments.benchmarks.venvs import make_venv

PINS = ("Django==5.2.19",)
PROGRAM = Path(projects.__path__[0]) / "django_project.py"


def lay_out(folder: Path, port: int) -> Start:
    """Make the database."""
    python = make_venv("django", PINS)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    (data / "shop.db").unlink(missing_ok=True)
    roasters = [(name, COUNTRIES[n], 1962 + n * 11) for n, name in enumerate(ROASTERS)]
    rows = json.dumps({"roasters": roasters, "beans": beans(56)})
    run_to_end([python, str(PROGRAM), "make", str(data), rows], log=folder / "making.log")
    command = (python, str(PROGRAM), "serve", str(data), str(port))
    return Start(command=command, data=data, page="/admin/", ready="/admin/")
