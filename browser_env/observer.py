"""The script that reads pages: its parts are files in ``js``, joined into one scope."""

from __future__ import annotations

import functools
from pathlib import Path

PARTS = ("nodes", "roles", "names", "states", "walk", "tables", "evidence", "acting", "observe")


@functools.cache
def observer_script(*, ending: str = "") -> str:
    """Return the source for the isolated world; ``ending`` is JavaScript in the same scope, returned if it says so."""
    folder = Path(__file__).parent / "js"
    parts = [(folder / f"{part}.js").read_text(encoding="utf-8") for part in PARTS]
    return "\n".join(['(() => {\n"use strict";', *parts, ending, "})();"])
