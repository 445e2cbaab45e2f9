"""One environment: a page, a task, and what a step is. Asynchronous; see :mod:`browser_env.env` for Gymnasium."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from browser_env.action import Action, Answer, GiveUp, Navigate, Wait
from browser_env.browser import Browser, Page, read_script
from browser_env.errors import ActionError, BlockedError, InfraError, UsageError
from browser_env.executor import execute
from browser_env.miniwob import HOST, pages_folder
from browser_env.observation import Observation
from browser_env.observing import observe
from browser_env.options import BrowserOptions
from browser_env.serving import FolderServer
from browser_env.snapshot.har import open_snapshot
from browser_env.snapshot.matching import Miss
from browser_env.snapshot.normalising import place
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.replaying import Replayer
from browser_env.snapshot.wire import REFUSE_WORKERS
from browser_env.task import Task
from rewards.evidence import Evidence
from rewards.outcome import Outcome
from rewards.verifier import VerifierError, verify

FLUSH_MS = 3000  # page time that lets what an old episode left pending run out
SETTLE_S = 5.0  # wall clock that a step waits at most for the network to come to rest
QUIET_ROUNDS = 2  # frames without a request under way that count as rest
MAX_LOOKS = 4
MAX_WAIT_MS = 10_000
SEED_DOCUMENT = "__webdual_clock.reset(%d + Math.imul(history.length, 0x9e3779b9))"  # each page draws anew
MINIWOB_STATUS = (
    "__webdual_clock.advance(%s).then(() => "
    "JSON.stringify({...__webdual_miniwob.status(), elapsed: __webdual_clock.elapsed()}))"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepResult:
    """What a step led to; ``outcome`` is set when the episode is over."""

    observation: Observation
    outcome: Outcome | None = None
    reward: float = 0.0
    reason: str = ""
    evidence: Evidence | None = None  # set when the episode is over
    misses: tuple[Miss, ...] = ()  # requests of the episode so far that its snapshot had no answer to


class BrowserHost:
    """Keeps one browser running for several environments, and starts another where it died."""

    def __init__(self, options: BrowserOptions | None = None):
        self._options = options or BrowserOptions()
        self._server = FolderServer(pages_folder())
        self._browser: Browser | None = None
        self._starting = asyncio.Lock()

    async def browser(self) -> Browser:
        """Return the running browser, starting one if need be."""
        async with self._starting:
            if self._browser is not None and not self._browser.alive:
                await self.discard(self._browser)
            if self._browser is None:
                host_map = (*self._options.host_map, (HOST, self._server.address))
                self._browser = await Browser.launch(replace(self._options, host_map=host_map))
            return self._browser

    async def discard(self, browser: Browser) -> None:
        """Close a browser that is not to be used again; environments ask for the next one."""
        if browser is self._browser:
            self._browser = None
        await browser.close()

    async def close(self) -> None:
        """End the browser and the page server."""
        if self._browser is not None:
            await self.discard(self._browser)
        await asyncio.to_thread(self._server.close)


class Environment:
    """Runs one episode after the other on a page of its own; a ``recorder`` keeps what sites serve."""

    def __init__(self, host: BrowserHost, *, pixels: bool = True, recorder: Recorder | None = None):
        self._host = host
        self._recorder = recorder
        self._replayer: Replayer | None = None  # of a task that starts from a snapshot
        self._pixels = pixels
        self._browser: Browser | None = None
        self._page: Page | None = None
        self._task: Task | None = None
        self._goal = ""
        self._steps = 0
        self._last: Observation | None = None

    async def reset(self, task: Task, *, seed: int) -> Observation:
        """Begin an episode; raise :class:`InfraError` where browser or site fail."""
        if task.suite not in ("miniwob", "web"):
            raise UsageError(f"unknown suite {task.suite!r}; known are miniwob and web")
        try:
            page = await self._ready_page(task, seed=seed)
            self._goal = await self._start(page, task, seed=seed)
            _check_start(task, self.misses)
            self._task, self._steps = task, 0
            self._last, _ = await self._observe(page, task)
        except InfraError:
            await self.discard_page()
            raise
        return self._last

    async def step(self, action: Action) -> StepResult:
        """Act, let the page settle, observe and judge. Infrastructure failures are an outcome, never raised."""
        if self._task is None or self._page is None or self._last is None:
            raise UsageError("the episode is over or has not begun; call reset() first")
        self._steps += 1
        try:
            result = await self._step(self._page, self._task, action)
        except InfraError as error:
            result = self._ended(Outcome.INFRA_ERROR, str(error))
            await self.discard_page()
        except BlockedError as error:
            result = self._ended(Outcome.BLOCKED, str(error))
        if result.outcome is not None:
            self._task = None
        self._last = result.observation
        return result

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Requests of the episode so far that its snapshot had no answer to."""
        return () if self._replayer is None else tuple(self._replayer.misses)

    async def close(self) -> None:
        """Close the page; the browser belongs to its host."""
        if self._page is not None:
            await self._page.close()
        self._page = self._task = None

    async def discard_page(self) -> None:
        """Give the page up, and the whole browser where closing the page does not help."""
        page, browser = self._page, self._browser
        self._page = self._task = None
        if browser is not None and (page is None or page.unresponsive or not browser.alive):
            await self._host.discard(browser)
        elif page is not None:
            await page.close()

    async def _step(self, page: Page, task: Task, action: Action) -> StepResult:
        _check_allowed(action, task)
        error = await self._act(page, action)
        ms = min(action.ms, MAX_WAIT_MS) if isinstance(action, Wait) else task.step_ms
        status = await self._settle(page, task, ms=ms)
        limit_reached = self._steps >= task.max_steps
        ends = status.get("done", False) or limit_reached or isinstance(action, Answer | GiveUp)
        with_evidence = ends or task.suite != "miniwob"  # a suite page says itself when it is done
        observation, evidence = await self._observe(page, task, error=error, with_evidence=with_evidence)
        await _check_place(page, task, observation.url)
        if evidence is None:
            return StepResult(observation=observation)
        complete = _complete(evidence, status, action, self.misses)
        result = judge(task, observation, complete, limit_reached=limit_reached)
        return replace(result, misses=self.misses)

    async def _observe(
        self, page: Page, task: Task, *, error: str | None = None, with_evidence: bool = False
    ) -> tuple[Observation, Evidence | None]:
        """Observe; where a suite page loads a picture meanwhile, which it shows for the first time, look again."""
        for _ in range(MAX_LOOKS):
            if task.suite == "miniwob":  # a site has been waited for already
                await page.traffic.rest(timeout_s=SETTLE_S)
            before = page.traffic.events
            seen = await observe(
                page,
                goal=self._goal,
                ignore=task.ignore,
                pixels=self._pixels,
                error=error,
                with_evidence=with_evidence,
            )
            if task.suite != "miniwob" or page.traffic.events == before:
                break
        return seen

    async def _act(self, page: Page, action: Action) -> str | None:
        if isinstance(action, Answer | GiveUp | Wait):
            return None
        try:
            await execute(page, action)
        except ActionError as error:
            return str(error)
        return None

    async def _settle(self, page: Page, task: Task, *, ms: float) -> dict[str, Any]:
        """Let page time pass; for a site, also wait until its network has come to rest. Return the page's status."""
        if task.suite == "miniwob":
            status: dict[str, Any] = json.loads(await page.evaluate(MINIWOB_STATUS % ms))
            return status
        await page.evaluate(f"globalThis.__webdual_clock?.advance({ms})")  # the browser's own error page has no clock
        loop = asyncio.get_running_loop()
        deadline, quiet = loop.time() + SETTLE_S, 0
        while quiet <= QUIET_ROUNDS and loop.time() < deadline:
            await page.frame()
            await page.traffic.rest(timeout_s=0.02)
            at_rest = (
                page.traffic.open_requests == 0 and await page.evaluate("webdual.ready()", isolated=True) == "complete"
            )
            quiet = quiet + 1 if at_rest else 0
            if at_rest:  # page time stands still while the network is awaited: a slow server changes nothing
                await page.evaluate("globalThis.__webdual_clock?.advance(16)")
        return {"elapsed": await page.evaluate("globalThis.__webdual_clock?.elapsed() ?? 0")}

    async def _ready_page(self, task: Task, *, seed: int) -> Page:
        browser = await self._host.browser()
        reusable = (
            self._page is not None
            and browser is self._browser
            and not self._page.crashed
            and task.suite == "miniwob"
            and self._page.viewport == task.viewport
            and self._replayer is None  # whose page has no network
        )
        if self._page is not None and reusable:
            return self._page
        if self._page is not None:
            await self._page.close()
            self._page = None
        self._browser = browser
        scripts = [read_script("clock.js"), *([] if task.suite == "miniwob" else [SEED_DOCUMENT % seed])]
        self._replayer = await _replayer(task)
        traffic = self._replayer or self._recorder
        if traffic is None:
            self._page = await browser.new_page(viewport=task.viewport, scripts=scripts)
            return self._page
        scripts.append(REFUSE_WORKERS)
        offline = self._replayer is not None
        self._page = await browser.new_page(viewport=task.viewport, scripts=scripts, offline=offline)
        await traffic.attach(self._page)
        return self._page

    async def _start(self, page: Page, task: Task, *, seed: int) -> str:
        if task.suite == "miniwob":
            return await _start_miniwob(page, task, seed=seed)
        await page.navigate(task.url)
        await self._settle(page, task, ms=task.step_ms)
        return task.goal or ""

    def _ended(self, outcome: Outcome, reason: str) -> StepResult:
        assert self._last is not None
        return StepResult(
            observation=self._last,
            outcome=outcome,
            reason=reason,
            evidence=Evidence(url=self._last.url, unanswered=_unanswered(self.misses)),
            misses=self.misses,
        )


async def _start_miniwob(page: Page, task: Task, *, seed: int) -> str:
    if page.url != task.url:
        await page.navigate(task.url)
        await page.evaluate(read_script("miniwob.js"))
    await page.dispatch([("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 0, "y": 0})])
    await page.evaluate("webdual.reset()", isolated=True)
    start = f"__webdual_miniwob.start({str(seed)!r})"
    goal = await page.evaluate(
        f"__webdual_clock.advance({FLUSH_MS}).then(() => {{ __webdual_clock.reset({seed}); return {start}; }})"
    )
    return str(goal)


async def _replayer(task: Task) -> Replayer | None:
    if task.snapshot is None:
        return None
    return Replayer(await asyncio.to_thread(open_snapshot, task.snapshot))


def _unanswered(misses: tuple[Miss, ...]) -> tuple[str, ...]:
    return tuple(str(miss) for miss in misses if not miss.cosmetic)


def _check_start(task: Task, misses: tuple[Miss, ...]) -> None:
    """Raise :class:`InfraError` where a snapshot does not hold the page that the task starts on."""
    if any(miss.kind == "document" and place(miss.url) == place(task.url) for miss in misses):
        raise InfraError(f"the snapshot {task.snapshot} does not hold {task.url}; record it, or start on another page")


def _complete(evidence: Evidence, status: dict[str, Any], action: Action, misses: tuple[Miss, ...]) -> Evidence:
    """Add what the page's status and the last action say."""
    done = status.get("done", False)
    return replace(
        evidence,
        answer=action.text if isinstance(action, Answer) else None,
        gave_up=isinstance(action, GiveUp),
        page_done=done,
        page_reward=status["reward"] if done else None,
        page_elapsed_ms=status["elapsed"],
        page_limit_ms=status.get("limit"),
        unanswered=_unanswered(misses),
    )


def judge(task: Task, observation: Observation, evidence: Evidence, *, limit_reached: bool) -> StepResult:
    """Decide from recorded evidence whether the episode is over, and how it ended."""
    try:
        verdict = verify(task.verifier.name, task.verifier.params, evidence)
    except VerifierError as error:
        return StepResult(observation=observation, outcome=Outcome.VERIFIER_ERROR, reason=str(error), evidence=evidence)
    outcome = None
    if verdict.success:
        outcome = Outcome.SUCCESS
    elif evidence.page_done or evidence.answer is not None or evidence.gave_up:
        outcome = Outcome.FAILURE
    elif limit_reached:
        outcome = Outcome.TRUNCATED
    if outcome is None:
        return StepResult(observation=observation)
    if outcome is not Outcome.SUCCESS and evidence.unanswered:  # the site would have answered: not the policy's doing
        reason = f"the task's snapshot has no answer to {evidence.unanswered[0]}; record it"
        return StepResult(observation=observation, outcome=Outcome.INFRA_ERROR, reason=reason, evidence=evidence)
    return StepResult(
        observation=observation, outcome=outcome, reward=verdict.reward, reason=verdict.reason, evidence=evidence
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_allowed(url: str, task: Task) -> bool:
    if url == "about:blank":
        return True
    allowed = {_origin(task.url), *task.allowed_origins}
    return urlsplit(url).scheme in ("http", "https") and _origin(url) in allowed


async def _check_place(page: Page, task: Task, url: str) -> None:
    """Raise :class:`BlockedError` where the page may not be, :class:`InfraError` where it could not be loaded."""
    unreachable = await page.unreachable_url() if url.startswith("chrome-error:") else ""
    if not _is_allowed(unreachable or url, task):
        raise BlockedError(f"the page went to {(unreachable or url)[:200]}, which the task does not allow")
    if unreachable:
        raise InfraError(f"{unreachable[:200]} did not load; see whether its server is up")


def _check_allowed(action: Action, task: Task) -> None:
    if isinstance(action, Navigate) and not _is_allowed(action.url, task):
        raise BlockedError(f"the task does not allow {action.url[:200]}; add its origin to allowed_origins")
