"""Opens pages of a site as an episode would, does on them what is asked, and records what they are served."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import urldefrag, urlsplit

from browser_env.action import Action, parse_action
from browser_env.environment import Environment
from browser_env.errors import ActionError, InfraError, WebdualError
from browser_env.host import BrowserHost
from browser_env.options import BrowserOptions
from browser_env.snapshot.exchange import Snapshot
from browser_env.snapshot.normalising import origin
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.robots import Manners, is_own
from browser_env.snapshot.robots_txt import NAME
from browser_env.task import NEVER, Task

SIGNATURE = f"{NAME}/{version(NAME)}"  # what the browser calls itself on sites that are not this machine's
LINKS = "[...document.links].filter((a) => !a.hasAttribute('download')).map((a) => a.href)"
CALL_TIMEOUT_S = 60.0  # a live server may be slow; what it serves is kept all the same
LEAVING = re.compile(r"log-?_?out|sign-?_?out|delete|remove|unsubscribe", re.IGNORECASE)  # links with consequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A page, and what is done on it."""

    url: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be recorded."""

    scripts: tuple[Script, ...]  # the pages opened first, in order
    max_pages: int = 1  # with those that links lead to; scripts are always done
    max_depth: int = 1  # links followed from the first pages on
    delay_s: float = 1.0  # between two pages of a site that is not this machine's
    user_agent: str = ""  # in place of the browser's own, signed name
    viewport: tuple[int, int] = (1280, 720)
    keep_secrets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How far a recording has come."""

    url: str
    pages: int
    exchanges: int


def parse_scripts(text: str, urls: Sequence[str]) -> tuple[Script, ...]:
    """Read actions, one a line: a line with an address opens that page, those before it are for the first of ``urls``.

    Empty lines and lines that begin with ``#`` are passed over; raise :class:`ActionError` for what is no action.
    """
    found: dict[str, list[Action]] = {url: [] for url in urls}
    here = urls[0]
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        if words.startswith(("http://", "https://")):
            here = words
            found.setdefault(here, [])
        elif words and not words.startswith("#"):
            try:
                found[here].append(parse_action(words))
            except ActionError as error:
                raise ActionError(f"line {number} of the actions: {error}") from error
    return tuple(Script(url=url, actions=tuple(actions)) for url, actions in found.items())


async def record_site(
    plan: Plan, *, on_visit: Callable[[Visit], None] = lambda visit: None, options: BrowserOptions | None = None
) -> Snapshot:
    """Record pages and, within the plan's limits, those of the same sites that they link to."""
    abroad = not all(is_own(script.url) for script in plan.scripts)
    user_agent = plan.user_agent or (f"Mozilla/5.0 (compatible; {SIGNATURE})" if abroad else "")
    recorder = Recorder(user_agent=user_agent, keep_secrets=plan.keep_secrets, one_run=True)
    host = BrowserHost(options or BrowserOptions(call_timeout_s=CALL_TIMEOUT_S))
    crawl = Crawl(plan, Environment(host, pixels=False, recorder=recorder), recorder)
    try:
        await crawl.run(on_visit)
        return await recorder.snapshot()
    finally:
        await crawl.environment.close()
        await host.close()


class Crawl:
    """Visits pages, breadth first."""

    def __init__(self, plan: Plan, environment: Environment, recorder: Recorder):
        self.environment = environment
        self._plan = plan
        self._recorder = recorder
        self._manners = Manners(delay_s=plan.delay_s, user_agent=plan.user_agent or SIGNATURE)

    async def run(self, on_visit: Callable[[Visit], None]) -> None:
        """Visit all pages of the plan; raise :class:`ClosedError` for a first page that robots.txt closes."""
        plan, sites = self._plan, {origin(script.url) for script in self._plan.scripts}
        waiting = deque((script, 0) for script in plan.scripts)
        known = {_bare(script.url) for script in plan.scripts}
        pages = 0
        while waiting:
            script, depth = waiting.popleft()
            if depth and pages >= plan.max_pages:
                break
            links = await self._visit(script, first=depth == 0)
            pages += 1
            on_visit(Visit(url=script.url, pages=pages, exchanges=self._recorder.num_exchanges))
            fresh = [url for url in dict.fromkeys(map(_bare, links)) if url not in known and _is_followed(url, sites)]
            if depth < plan.max_depth:
                known.update(fresh)
                waiting.extend((Script(url=url), depth + 1) for url in fresh)

    async def _visit(self, script: Script, *, first: bool) -> list[str]:
        """Open a page, act on it, and return its links; what fails on a page that was only linked to is noted."""
        try:
            await self._manners.ask(script.url)
            await self._play(script)
            return await self._links()
        except WebdualError as error:
            if first:
                raise
            self._recorder.skip(f"page {script.url[:300]}: {error}")
            return []

    async def _play(self, script: Script) -> None:
        task = Task(
            name="snapshot",
            url=script.url,
            verifier=NEVER,
            viewport=self._plan.viewport,
            max_steps=len(script.actions) + 1,
        )
        await self.environment.reset(task, seed=0)
        for action in script.actions:
            result = await self.environment.step(action)
            problem = result.observation.error or (result.reason if result.outcome is not None else "")
            if problem:
                raise InfraError(f"{action.to_text()} on {script.url[:200]} failed: {problem}")

    async def _links(self) -> list[str]:
        assert self._recorder.wire is not None
        asked: dict[str, Any] = {"expression": LINKS, "returnByValue": True}
        found = (await self._recorder.wire.send("Runtime.evaluate", asked))["result"].get("value")
        return [url for url in found if isinstance(url, str)] if isinstance(found, list) else []


def _bare(url: str) -> str:
    return urldefrag(url).url


def _is_followed(url: str, sites: set[str]) -> bool:
    try:
        web = urlsplit(url).scheme in ("http", "https")
        return web and origin(url) in sites and not LEAVING.search(url)
    except ValueError:
        return False
