"""Trac over tickets, milestones and a few pages; everybody may change them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from experiments.benchmarks.applications import projects
from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import tickets
from experiments.benchmarks.applications.serving import run_to_end
from experiments.benchmarks.venvs import make_venv

PINS = ("Trac==1.6", "setuptools<81", "Babel<3")
PROGRAM = Path(projects.__path__[0]) / "trac_project.py"
NUM_TICKETS = 42


def lay_out(folder: Path, port: int) -> Start:
    """Make the environment."""
    python = make_venv("trac", PINS)
    project = folder / "tracker"
    shutil.rmtree(project, ignore_errors=True)
    made = [python, str(PROGRAM), str(project), json.dumps(tickets(NUM_TICKETS))]
    run_to_end(made, log=folder / "making.log")
    server = str(Path(python).with_name("tracd"))
    options = ("--hostname", "127.0.0.1", "--port", str(port), "--single-env", "--protocol", "http")
    return Start(command=(server, *options, str(project)), data=project / "db", page="/wiki", ready="/wiki")
