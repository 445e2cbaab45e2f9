"""One environment: a page, a task, and what a step is. Asynchronous; see :mod:`browser_env.env` for Gymnasium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from browser_env.action import Action, Answer, GiveUp, Wait
from browser_env.branching import digest
from browser_env.browser import Browser
from browser_env.context import Context
from browser_env.errors import (
    ActionError,
    BlockedError,
    DialogOpenError,
    DivergedError,
    InfraError,
    UsageError,
)
from browser_env.executor import execute
from browser_env.finding import Found, Query, find
from browser_env.host import BrowserHost
from browser_env.judgement import StepResult, completed, judge, unanswered_of, unread
from browser_env.looking import Start, View, look, look_after, look_at_start, rest
from browser_env.miniwob import data_mode, goal_fields
from browser_env.observation import Observation, black_picture
from browser_env.observing import Seen
from browser_env.page import Page
from browser_env.places import check_action, check_page, check_stays
from browser_env.scripts import clock_script, miniwob_script
from browser_env.settling import Settled
from browser_env.snapshot.matching import Miss
from browser_env.snapshot.recording import Recorder
from browser_env.task import Task
from browser_env.ways import Ways, check_start, open_ways
from rewards.evidence import Evidence, Sent
from rewards.outcome import Outcome

FLUSH_MS = 3000  # page time that lets what an old episode left pending run out
MAX_WAIT_MS = 10_000


@asynccontextmanager
async def within(limit_s: float) -> AsyncIterator[None]:
    """Raise :class:`InfraError` where what is done takes longer."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise InfraError(f"this took more than {limit_s:g} s; see to the site, or raise time_limit_s") from error


class Environment:
    """Runs one episode after the other in a profile of its own; a ``recorder`` keeps what sites serve."""

    def __init__(self, host: BrowserHost, *, pixels: bool = True, recorder: Recorder | None = None):
        self._host = host
        self._recorder = recorder
        self._pixels = pixels
        self._browser: Browser | None = None
        self._context: Context | None = None
        self._ways: Ways | None = None  # of a site's episode: what its pages' requests go through
        self._task: Task | None = None
        self._seed = 0
        self._goal = ""
        self.fields: dict[str, str] = {}  # the goal's parts by name, where the suite knows them
        self._steps = 0
        self._last: Observation | None = None
        self.evidence = Evidence()  # of the episode as last read; on a suite's page, only once it is over

    @property
    def context(self) -> Context:
        """The profile of the episode under way."""
        if self._context is None:
            raise UsageError("no page is open; call reset() first")
        return self._context

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Requests of the episode so far that its snapshot had no answer to."""
        return () if self._ways is None else self._ways.misses

    async def reset(
        self,
        task: Task,
        *,
        seed: int,
        prefix: Sequence[Action] = (),
        expected: str | None = None,
        recorded: bool = True,
    ) -> Observation:
        """Begin an episode, in its middle where a prefix of actions is given; they do not count as its steps.

        Unless ``recorded``, a recorder is given nothing of it; see :meth:`go_on`.
        Raise :class:`InfraError` where browser or site fail, :class:`DivergedError` where the state reached is not the
        ``expected`` one (see :meth:`state_hash`) or, with none, an action of the prefix fails, and :class:`UsageError`
        where the prefix ends the episode.
        """
        observation = await self._reset(task, seed=seed, recorded=recorded)
        try:
            observation = await self._follow(prefix, observation, expected)
        except BaseException:
            self._task = None  # the episode would go on in another state than was asked for
            raise
        self._steps = 0
        return observation

    async def _follow(self, prefix: Sequence[Action], observation: Observation, expected: str | None) -> Observation:
        for index, action in enumerate(prefix):
            self._steps = -1  # none of the episode's
            result = await self.step(action)
            if result.outcome is Outcome.INFRA_ERROR:
                raise InfraError(f"action {index} of the prefix: {result.reason}")
            if result.outcome is not None:
                raise UsageError(f"action {index} of the prefix ends the episode ({result.outcome}); leave it out")
            observation = result.observation
            if observation.error is not None and expected is None:  # else the state that it leads to decides
                raise DivergedError(f"action {index} of the prefix cannot be made: {observation.error}")
        if expected is not None and await self.state_hash() != expected:
            raise DivergedError("the prefix leads to another state than it did before; the site or its server changed")
        return observation

    async def go_on(self, task: Task) -> Observation:
        """Open a task's page in the profile as it is, e.g. logged in, and begin its episode there.

        What was sent before is forgotten, and what is served from now on is recorded. Raise :class:`InfraError` where
        the page cannot be opened.
        """
        if self._task is None or task.suite != "web" or self._ways is None or not self._ways.live:
            raise UsageError("only an episode of a live site goes on with another; call reset() first")
        self._ways.go_on(task, self.context.pages)
        self._task = None
        try:
            await self._start_web(task, self._seed)
            seen = await look(self._view(task), with_evidence=True)
            self._last = replace(seen.observation, goal=self._goal)
            self.evidence = replace(seen.evidence or Evidence(), sent=self._sent(task))
        except InfraError:
            await self.discard_page()
            raise
        except DialogOpenError:
            self._last, self.evidence = self._with_dialog(self._last, None), Evidence()
        self._task, self._steps = task, 0
        return self._last

    async def state_hash(self) -> str:
        """Return a digest of what can be seen of the episode's state: observation, document and page time."""
        if self._last is None or self._task is None:
            raise UsageError("the episode is over or has not begun; call reset() first")
        page = self.context.page
        markup = await page.evaluate("document.documentElement?.outerHTML ?? ''", isolated=True)
        return digest(self._last, str(markup), page.elapsed_ms)

    async def _reset(self, task: Task, *, seed: int, recorded: bool) -> Observation:
        if task.suite not in ("miniwob", "web"):
            raise UsageError(f"unknown suite {task.suite!r}; known are miniwob and web")
        self._task = None
        try:
            await self._prepare(task, recorded=recorded)
            async with within(task.time_limit_s):
                seen = await (self._start_miniwob if task.suite == "miniwob" else self._start_web)(task, seed)
                check_start(task, self.misses)
                seen = seen or await look(self._view(task), with_evidence=task.suite == "web")
            self._last = replace(seen.observation, goal=self._goal)
            self.evidence = replace(seen.evidence or Evidence(), sent=self._sent(task))
        except InfraError:
            await self.discard_page()
            raise
        except DialogOpenError:
            picture = black_picture(task.viewport) if self._pixels else None
            unseen = Observation(goal=self._goal, url=task.url, screenshot=picture, viewport=task.viewport)
            self._last = self._with_dialog(unseen, None)
            self.evidence = Evidence()
        self._task, self._seed, self._steps = task, seed, 0
        return self._last

    async def step(self, action: Action) -> StepResult:
        """Act, let the page settle, observe and judge. Infrastructure failures are an outcome, never raised."""
        if self._task is None or self._context is None or self._last is None:
            raise UsageError("the episode is over or has not begun; call reset() first")
        self._steps += 1
        context, ways, refused = self._context, self._ways, ""
        try:
            async with within(self._task.time_limit_s):
                result = await self._step(self._task, action)
        except InfraError as error:
            result = self._ended(Outcome.INFRA_ERROR, str(error))
            await self.discard_page()
        except BlockedError as error:
            result, refused = self._ended(Outcome.BLOCKED, str(error)), error.address[:200]
        blocked = (*(ways.take_refused() if ways is not None else ()), *context.take_refused(), refused)
        result = replace(result, blocked=tuple(filter(None, dict.fromkeys(blocked))), misses=self.misses)
        if result.outcome is not None:
            self._task = None
        self._last = result.observation
        return result

    async def find(self, chain: Sequence[Query], *, frame: Sequence[int] = ()) -> Found | None:
        """Return the element of the page that selectors lead to, None where there is none."""
        return await find(self.context.page, chain, frame=frame)

    async def close(self) -> None:
        """Close the profile; the browser belongs to its host, which is rid of one that does not close it."""
        context, browser, ways = self._context, self._browser, self._ways
        self._context = self._browser = self._ways = self._task = None
        if ways is not None:
            await ways.close()
        if browser is not None and context is not None and not await context.close():
            await self._host.discard(browser)

    async def discard_page(self) -> None:
        """Give the profile up: break its scripts off, close it, and end the browser where that does not help."""
        context, browser, ways = self._context, self._browser, self._ways
        self._context = self._browser = self._task = None
        if ways is not None:
            await ways.close()
        if browser is None:
            return
        for page in () if context is None else context.pages:
            if page.unresponsive:
                await page.stop_scripts()
        if context is None or not browser.alive or not await context.close():  # without one, it gave no profile
            await self._host.discard(browser)

    async def _step(self, task: Task, action: Action) -> StepResult:
        error: str | None = None
        try:
            error = await self._act(task, action)
            ms = min(action.ms, MAX_WAIT_MS) if isinstance(action, Wait) else task.step_ms
            ends = self._steps >= task.max_steps or isinstance(action, Answer | GiveUp)
            settling, seen = await look_after(self._view(task, error=error), ms=ms, ends=ends)
        except DialogOpenError as dialog:
            return self._at_dialog(task, action, error=error, dialog=dialog)
        if task.suite == "web":
            await check_page(self.context.page, task)
            self._stamp()
        if seen.evidence is None:
            return StepResult(observation=seen.observation, settled=settling.settled)
        evidence = replace(seen.evidence, sent=self._sent(task), unanswered=unanswered_of(self.misses))
        self.evidence = evidence = completed(evidence, settling, action)
        result = judge(task, seen.observation, evidence, limit_reached=self._steps >= task.max_steps)
        return replace(result, settled=settling.settled)

    async def _act(self, task: Task, action: Action) -> str | None:
        if isinstance(action, Answer | GiveUp | Wait):
            return None
        try:
            check_stays(action, task)
            check_action(action, task)
            await execute(self.context, action, upload_folder=task.upload_folder)
        except ActionError as error:
            return str(error)
        return None

    def _sent(self, task: Task) -> tuple[Sent, ...]:
        """Return what the site was sent; a suite's pages have no server."""
        return self._ways.sent if task.suite == "web" and self._ways is not None else ()

    def _view(self, task: Task, *, error: str | None = None) -> View:
        return View(context=self.context, task=task, goal=self._goal, pixels=self._pixels, error=error)

    async def _prepare(self, task: Task, *, recorded: bool) -> None:
        """Have a profile for the task: a suite's page is used again, a site gets a fresh one."""
        browser = await self._host.browser()
        context = self._context
        reusable = self._ways is None and browser is self._browser and task.suite == "miniwob"
        if context is not None and reusable and context.is_reusable(task.viewport):
            return
        await self.close()
        if task.suite == "miniwob":
            scripts = [miniwob_script(), clock_script()]
            self._browser = browser = await self._host.browser()
            self._context = await browser.new_context(viewport=task.viewport, scripts=scripts)
            return
        self._ways = await open_ways(task, recorder=self._recorder, recorded=recorded, host_map=self._host.host_map)
        scripts, proxy = [clock_script(), *self._ways.scripts], self._ways.proxy
        self._browser = browser = await self._host.browser()
        self._context = await browser.new_context(
            viewport=task.viewport, scripts=scripts, proxy=proxy, on_page=self._ways.adopt
        )

    async def _start_miniwob(self, task: Task, seed: int) -> Seen | None:
        page = self.context.page
        if page.url != task.url or task.reload:
            await page.navigate(task.url)
        await page.dispatch([("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 0, "y": 0})])
        start = Start(seed=seed, flush_ms=FLUSH_MS, drawn={"seed": str(seed), "mode": data_mode(seed)})
        asked, seen = await look_at_start(self._view(task), start)
        if "error" in asked:
            raise InfraError(f"the page began no episode: {asked['error'][:200]}")
        self._goal, self.fields = asked["goal"], goal_fields(task.name, asked["goal"], asked["fields"])
        return seen

    async def _start_web(self, task: Task, seed: int) -> Seen | None:
        self._goal, self.fields, self._seed = task.goal or "", {}, seed
        self._stamp()
        page = self.context.page
        await page.evaluate("webdual.clearClipboard()", isolated=True, user_gesture=True)
        await self._open(page, task)
        await self.context.ready()
        await rest(self._view(task), ms=task.step_ms)
        try:
            await check_page(page, task)
        except BlockedError as error:
            raise self._led_away(task) from error
        self._stamp()
        return None

    async def _open(self, page: Page, task: Task) -> None:
        """Open the task's own page, which nothing may lead elsewhere."""
        try:
            await page.navigate(task.url)
        except BlockedError as error:
            raise self._led_away(task) from error

    def _led_away(self, task: Task) -> InfraError:
        """Return what is wrong with a task whose own page leads elsewhere."""
        refused = self._ways.take_refused() if self._ways is not None else ()
        where = f"{task.url} leads to {', '.join(refused) or 'another place'}, which the task does not allow"
        return InfraError(f"{where}; add its origin to allowed_origins, or start there")

    def _stamp(self) -> None:
        """Have documents that open from now on begin at this page time of the episode."""
        self.context.begin_at(seed=self._seed, elapsed_ms=self.context.page.elapsed_ms)

    def _at_dialog(self, task: Task, action: Action, *, error: str | None, dialog: DialogOpenError) -> StepResult:
        """Return what is known while a dialog is open: the page stands still, and shows what it last showed."""
        refused = self._last is not None and self._last.dialog is not None
        observation = self._with_dialog(self._last, f"{dialog}; answer it first" if refused else error)
        ends = isinstance(action, Answer | GiveUp)
        if not ends and self._steps < task.max_steps:
            return StepResult(observation=observation, settled=Settled.DIALOG)
        if self.evidence == Evidence():
            return replace(unread(observation, action), settled=Settled.DIALOG)
        evidence = replace(
            self.evidence,
            answer=action.text if isinstance(action, Answer) else None,
            gave_up=isinstance(action, GiveUp),
            unanswered=unanswered_of(self.misses),
            sent=self._sent(task),
        )
        return replace(judge(task, observation, evidence, limit_reached=True), settled=Settled.DIALOG)

    def _with_dialog(self, observation: Observation | None, error: str | None) -> Observation:
        assert observation is not None
        return replace(observation, dialog=self.context.dialog, error=error)

    def _ended(self, outcome: Outcome, reason: str) -> StepResult:
        assert self._last is not None
        evidence = Evidence(url=self._last.url, unanswered=unanswered_of(self.misses))
        return StepResult(
            observation=self._last, outcome=outcome, reason=reason, evidence=evidence, settled=Settled.ENDED
        )
