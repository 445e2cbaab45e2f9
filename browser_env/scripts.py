"""The scripts that run in every document before the page's own."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

ISOLATED_WORLD = "webdual"  # its scripts share the page's document and nothing else
OBSERVER = (
    "nodes",
    "roles",
    "names",
    "states",
    "walk",
    "tables",
    "evidence",
    "frames",
    "acting",
    "find",
    "observe",
)  # share a scope


@dataclass(frozen=True, slots=True, kw_only=True)
class InitScript:
    """A script, and the world in which it runs."""

    source: str
    isolated: bool = False


def read_script(name: str) -> str:
    """Return the source of one of the page scripts beside this module."""
    return (Path(__file__).parent / "js" / name).read_text(encoding="utf-8")


@functools.cache
def observer_script(*, ending: str = "") -> str:
    """Return the source of what reads a page; ``ending`` is JavaScript that ends it, in the same scope."""
    parts = [read_script(f"{name}.js") for name in OBSERVER]
    return "\n".join(['(() => {\n"use strict";', *parts, ending, "})();"])


def reading_scripts() -> tuple[InitScript, ...]:
    """Return what reads a page from the isolated world; needed by every page, and before all others."""
    return (
        InitScript(source=read_script("channel.js"), isolated=True),
        InitScript(source=observer_script(), isolated=True),
        InitScript(source=read_script("shadow.js")),  # the observer listens for what it says
    )


def clock_script() -> InitScript:
    """Return what puts page time and chance under control."""
    return InitScript(source=read_script("clock.js"))


def miniwob_script() -> InitScript:
    """Return what starts and reads MiniWoB++ pages; it has to come before the clock, which opens the channel."""
    return InitScript(source=read_script("miniwob.js"))
