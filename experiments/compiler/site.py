"""A site that tasks are made of: where it is, and what may be done there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from browser_env.places import is_allowed
from browser_env.snapshot.robots import is_own
from browser_env.task import NEVER, Task
from experiments.compiler.addresses import place, query
from experiments.compiler.target import Move

ANY_NUMBER = 10_000  # steps; whoever explores or proves decides when to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a fresh profile gets in; nothing of it is recorded."""

    url: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site, live or as it was recorded."""

    url: str  # where exploration begins
    snapshot: str | None = None  # PATH or PATH#sha256=HEX; None: the site itself
    allowed_origins: tuple[str, ...] = ()  # beside the URL's own
    viewport: tuple[int, int] = (1280, 720)
    step_ms: int = 100
    allow_writes: bool = False  # it is a staging site of one's own, and may be changed
    reset_command: tuple[str, ...] = ()  # brings a staging site's data back to how they were; run after writes
    login: Login | None = None
    keep_out: tuple[str, ...] = ()  # regular expressions of addresses that are not opened
    user_agent: str = ""  # in place of the browser's own, signed name
    delay_s: float = 1.0  # between two requests for a page of a site that is not this machine's

    @property
    def is_abroad(self) -> bool:
        """Whether visits go to a site that is not this machine's."""
        return self.snapshot is None and not is_own(self.url)

    def why_not(self, url: str) -> str:
        """Return why nothing of the site is at an address, or nothing is opened there; or nothing."""
        if not is_allowed(url, self.task(self.url)):
            return "leaves the site"
        return "is kept out of" if any(re.search(pattern, url) for pattern in self.keep_out if url) else ""

    def is_login(self, url: str) -> bool:
        """Whether an address is the login's, wherever one goes on from there."""
        if self.login is None:
            return False
        same_place = place(url).rstrip("/") == place(self.login.url).rstrip("/")
        return same_place and query(self.login.url).items() <= query(url).items()

    def task(self, url: str) -> Task:
        """Return a task that begins at a page of the site and never ends by itself."""
        return Task(
            name="compile",
            url=url,
            verifier=NEVER,
            goal="",
            viewport=self.viewport,
            max_steps=ANY_NUMBER,
            step_ms=self.step_ms,
            allowed_origins=self.allowed_origins,
            snapshot=self.snapshot,
            read_only=not self.allow_writes,
        )
