"""Roundup's classic tracker over issues and keywords; everybody may change them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from experiments.benchmarks.applications import projects
from experiments.benchmarks.applications.application import Start
from experiments.benchmarks.applications.samples import tickets
from experiments.benchmarks.applications.serving import run_to_end
from experiments.benchmarks.venvs import make_venv

PINS = ("roundup==2.6.0",)
PROGRAM = Path(projects.__path__[0]) / "roundup_project.py"
NUM_ISSUES = 42


def lay_out(folder: Path, port: int) -> Start:
    """Make the tracker."""
    python = Path(make_venv("roundup", PINS))
    home = folder / "tracker"
    shutil.rmtree(home, ignore_errors=True)
    options = f"tracker_web=http://127.0.0.1:{port}/,mail_domain=house.test,mail_debug=mail.txt"  # so none is sent
    administer = [str(python.with_name("roundup-admin")), "-i", str(home)]
    run_to_end([*administer, "install", "classic", "sqlite", options], log=folder / "installing.log")
    with (home / "schema.py").open("a") as schema:
        schema.write(RIGHTS)
    run_to_end([*administer, "initialise", "keeper"], log=folder / "initialising.log")
    run_to_end(
        [str(python), str(PROGRAM), "fill", str(home), json.dumps(tickets(NUM_ISSUES))], log=folder / "making.log"
    )
    return Start(command=(str(python), str(PROGRAM), "serve", str(home), str(port)), data=home / "db")


RIGHTS = """
for _class in ("issue", "file", "msg", "keyword"):
    for _right in ("View", "Create", "Edit"):
        db.security.addPermissionToRole("Anonymous", _right, _class)
for _class in ("priority", "status", "user"):
    db.security.addPermissionToRole("Anonymous", "View", _class)
"""
