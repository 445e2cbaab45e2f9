"""What an application is made of, and how a running one is reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How an application is started whose data have been laid out."""

    command: tuple[str, ...]
    data: Path  # what it may change; brought back by the reset command
    page: str = "/"  # where a visitor begins
    ready: str = "/"  # what it answers once it runs
    environment: Mapping[str, str] = field(default_factory=dict)  # beside this process's own
    fill: Callable[[str], None] = lambda url: None  # gives it its data through its own interface, once it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Somebody else's application."""

    name: str
    make: str  # what it is made of
    lay_out: Callable[[Path, int], Start]  # folder, port; raises InfraError where it cannot be installed
    held_out: bool = False  # nobody looks at it while the compiler is developed


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An application that runs."""

    url: str  # where a visitor begins
    reset_command: tuple[str, ...]  # brings its data back to how they were
    log: Path
