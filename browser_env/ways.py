"""What the requests of an episode's pages go through: a snapshot, or the guard to the live site and a recorder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from browser_env.errors import InfraError
from browser_env.guard import Guard
from browser_env.outbox import Outbox
from browser_env.page import Page
from browser_env.scripts import InitScript
from browser_env.snapshot.har import open_snapshot
from browser_env.snapshot.matching import Miss
from browser_env.snapshot.normalising import place
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.replaying import Replayer
from browser_env.snapshot.wire import REFUSE_SOCKETS, REFUSE_WORKERS
from browser_env.task import Task
from rewards.evidence import Sent

NOWHERE = "http://127.0.0.1:1"  # a proxy that refuses every connection


class Tap:
    """A page as those see it who are handed it; once others are, they hear nothing more of it."""

    def __init__(self, page: Page):
        self.id = page.id
        self._page = page
        self._open = True

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a command and return its result."""
        return await self._page.send(method, params)

    def post(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a command and do not wait for its answer."""
        self._page.post(method, params)

    def on(self, method: str, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with each event of this name, until it is closed."""
        self._page.on(method, lambda event: callback(event) if self._open else None)

    def close(self) -> None:
        """Have nobody called back any more."""
        self._open = False


Attach = Callable[[Tap], None]


@dataclass(slots=True, kw_only=True)
class Ways:
    """The ways of one profile's requests, from its first page on."""

    scripts: tuple[InitScript, ...]  # for every document
    attach: Attach  # what a tab is handed to before it loads anything
    guard: Guard | None = None  # None: there is a snapshot
    replayer: Replayer | None = None
    recorder: Recorder | None = None
    outbox: Outbox = field(default_factory=Outbox)
    _taps: dict[str, Tap] = field(default_factory=dict)  # by page

    @property
    def live(self) -> bool:
        """Whether requests go to the site itself."""
        return self.guard is not None

    @property
    def proxy(self) -> str:
        """What the profile's connections go through."""
        return NOWHERE if self.guard is None else self.guard.address

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Requests so far that the snapshot had no answer to."""
        return () if self.replayer is None else tuple(self.replayer.misses)

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What the pages sent that may change their site."""
        return self.outbox.sent

    def adopt(self, page: Page) -> None:
        """Take a tab in, or hand one that is known to whom it belongs now."""
        page.outbox = self.outbox
        if page.id in self._taps:
            self._taps[page.id].close()
        self._taps[page.id] = Tap(page)
        self.attach(self._taps[page.id])

    def go_on(self, task: Task, pages: Iterable[Page]) -> None:
        """Hold the pages to another task of the live site from now on, and record it."""
        assert self.guard is not None
        self.guard.hold_to(task)
        self.attach = _to_site(task, self.guard, self.recorder)
        for page in pages:
            self.adopt(page)
        self.outbox.forget()

    def take_refused(self) -> tuple[str, ...]:
        """Return what was refused since the last time, as addresses or ``host:port``."""
        return () if self.guard is None else self.guard.take_refused()

    async def close(self) -> None:
        """Drop all connections; safe to call twice."""
        if self.guard is not None:
            await self.guard.close()


async def open_ways(
    task: Task, *, recorder: Recorder | None, recorded: bool, host_map: Mapping[str, str] | None
) -> Ways:
    """Return the ways of a site's task; unless ``recorded``, the recorder is given nothing yet."""
    workers, sockets = InitScript(source=REFUSE_WORKERS), InitScript(source=REFUSE_SOCKETS)
    if task.snapshot is not None:
        replayer = Replayer(await asyncio.to_thread(open_snapshot, task.snapshot), read_only=task.read_only)
        refused = (workers, sockets) if task.read_only else (workers,)
        return Ways(scripts=refused, attach=replayer.attach, replayer=replayer)
    guard = await Guard(task, host_map=host_map).start()
    attach = _to_site(task, guard, recorder if recorded else None)
    scripts: tuple[InitScript, ...] = ()
    if recorder is not None or task.read_only:
        scripts = (workers, sockets) if recorder is not None and task.read_only else (workers,)
    return Ways(scripts=scripts, attach=attach, guard=guard, recorder=recorder)


def _to_site(task: Task, guard: Guard, recorder: Recorder | None) -> Attach:
    """Return what a tab of a live site is handed to."""
    if recorder is None:
        return guard.watch
    attach = recorder.begin_run(task.url)

    def record(tap: Tap) -> None:
        if task.read_only:
            guard.watch_sockets(tap)
        attach(tap, refuse=lambda event: guard.refuse(tap, event))

    return record


def check_start(task: Task, misses: Iterable[Miss]) -> None:
    """Raise :class:`InfraError` where a snapshot does not hold the page that the task starts on."""
    if any(miss.kind == "document" and place(miss.url) == place(task.url) for miss in misses):
        raise InfraError(f"the snapshot {task.snapshot} does not hold {task.url}; record it, or start on another page")
