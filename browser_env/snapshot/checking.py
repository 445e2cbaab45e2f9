"""Opens the pages of a snapshot as tasks would, to see whether it answers all they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from browser_env.environment import Environment
from browser_env.host import BrowserHost
from browser_env.snapshot.har import open_snapshot
from browser_env.snapshot.matching import Miss
from browser_env.task import NEVER, Task


async def check_pages(path: Path, *, on_page: Callable[[str], None] = lambda url: None) -> list[tuple[str, Miss]]:
    """Return what the pages of a snapshot asked for in vain when they were opened, each with its page."""
    host = BrowserHost()
    environment = Environment(host, pixels=False)
    found: list[tuple[str, Miss]] = []
    try:
        for url in open_snapshot(str(path)).pages:
            await environment.reset(Task(name="check", url=url, verifier=NEVER, snapshot=str(path)), seed=0)
            found += [(url, miss) for miss in environment.misses]
            on_page(url)
    finally:
        await environment.close()
        await host.close()
    return found
