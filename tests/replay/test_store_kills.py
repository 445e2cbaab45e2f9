"""Nothing that was sealed or noted is lost by kills; WEBDUAL_KILLS says how many, e.g. 200."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KILLS = int(os.environ.get("WEBDUAL_KILLS", "30"))


def test_random_kills_lose_nothing(tmp_path: Path) -> None:
    search = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    result = subprocess.run(
        [sys.executable, str(HERE / "killing.py"), str(tmp_path / "store"), str(KILLS), "0"],
        env={**os.environ, "PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(result.stdout)
    print(figures)  # noqa: T201 - shown by pytest -s
    assert figures["kills"] == KILLS
    assert figures["sealed"] > 0
    for fault in ("lost", "wrong", "noted_and_lost", "recovered_wrong", "quarantined", "dropped", "faults"):
        assert figures[fault] == [], fault
