"""One environment: a page, a task, and what a step is. Asynchronous; see :mod:`browser_env.env` for Gymnasium."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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
from browser_env.guard import Guard
from browser_env.host import BrowserHost
from browser_env.looking import Start, View, look, look_after, look_at_start, rest
from browser_env.miniwob import data_mode, goal_fields
from browser_env.observation import Observation
from browser_env.observing import Seen
from browser_env.outbox import Outbox
from browser_env.page import Page
from browser_env.places import check_action, check_page
from browser_env.scripts import InitScript, clock_script, miniwob_script
from browser_env.settling import Settled, Settling
from browser_env.snapshot.har import open_snapshot
from browser_env.snapshot.matching import Miss
from browser_env.snapshot.normalising import place
from browser_env.snapshot.recording import Recorder
from browser_env.snapshot.replaying import Replayer
from browser_env.snapshot.wire import REFUSE_WORKERS
from browser_env.task import Task
from rewards.evidence import Evidence, Sent
from rewards.outcome import Outcome
from rewards.verifier import VerifierError, verify

FLUSH_MS = 3000  # page time that lets what an old episode left pending run out
MAX_WAIT_MS = 10_000
NOWHERE = "http://127.0.0.1:1"  # a proxy that refuses every connection


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepResult:
    """What a step led to; ``outcome`` is set when the episode is over."""

    observation: Observation
    outcome: Outcome | None = None
    reward: float = 0.0
    reason: str = ""
    evidence: Evidence | None = None  # set when the episode is over
    settled: Settled = Settled.QUIET  # why the step ended when it did
    blocked: tuple[str, ...] = ()  # what the page or the action wanted and was refused: addresses, or host:port
    fields: dict[str, str] = field(default_factory=dict)  # of a reset: the goal's parts by name, where known
    misses: tuple[Miss, ...] = ()  # requests of the episode so far that its snapshot had no answer to


class Environment:
    """Runs one episode after the other in a profile of its own; a ``recorder`` keeps what sites serve."""

    def __init__(self, host: BrowserHost, *, pixels: bool = True, recorder: Recorder | None = None):
        self._host = host
        self._recorder = recorder
        self._replayer: Replayer | None = None  # of a task that starts from a snapshot
        self._pixels = pixels
        self._browser: Browser | None = None
        self._context: Context | None = None
        self._guard: Guard | None = None
        self._outbox = Outbox()
        self._attach: Callable[[Page], None] = lambda page: None  # what a tab is handed to
        self._task: Task | None = None
        self._seed = 0
        self._goal = ""
        self.fields: dict[str, str] = {}  # the goal's parts by name, where the suite knows them
        self._steps = 0
        self._last: Observation | None = None
        self.evidence = Evidence()  # of the episode as it stands; on a suite's page, only once it is over

    @property
    def context(self) -> Context:
        """The profile of the episode under way."""
        if self._context is None:
            raise UsageError("no page is open; call reset() first")
        return self._context

    @property
    def misses(self) -> tuple[Miss, ...]:
        """Requests of the episode so far that its snapshot had no answer to."""
        return () if self._replayer is None else tuple(self._replayer.misses)

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
        ``expected`` one (see :meth:`state_hash`), and :class:`UsageError` where the prefix ends the episode.
        """
        observation = await self._reset(task, seed=seed, recorded=recorded)
        for index, action in enumerate(prefix):
            result = await self.step(action)
            if result.outcome is not None:
                raise UsageError(f"action {index} of the prefix ends the episode ({result.outcome}); leave it out")
            observation = result.observation
        if expected is not None and await self.state_hash() != expected:
            raise DivergedError("the prefix leads to another state than it did before; the site or its server changed")
        self._steps = 0
        return observation

    async def go_on(self, task: Task) -> Observation:
        """Open a task's page in the profile as it is, e.g. logged in, and begin its episode there.

        What was sent before is forgotten, and what is served from now on is recorded. Raise :class:`InfraError` where
        the page cannot be opened.
        """
        if self._task is None or task.suite != "web" or task.snapshot is not None or self._guard is None:
            raise UsageError("only an episode of a live site goes on with another; call reset() first")
        self._guard.task = task
        self._attach = self._attaching(task, recorded=True)
        for page in self.context.pages:
            self._attach(page)
        self._outbox.forget()
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
            self._last = self._with_dialog(self._last, None)
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
            seen = await (self._start_miniwob if task.suite == "miniwob" else self._start_web)(task, seed)
            _check_start(task, self.misses)
            seen = seen or await look(self._view(task), with_evidence=task.suite == "web")
            self._last = replace(seen.observation, goal=self._goal)
            self.evidence = replace(seen.evidence or Evidence(), sent=self._sent(task))
        except InfraError:
            await self.discard_page()
            raise
        except DialogOpenError:
            self._last = self._with_dialog(Observation(goal=self._goal, url=task.url, viewport=task.viewport), None)
            self.evidence = Evidence(url=task.url, sent=self._sent(task))
        self._task, self._seed, self._steps = task, seed, 0
        return self._last

    async def step(self, action: Action) -> StepResult:
        """Act, let the page settle, observe and judge. Infrastructure failures are an outcome, never raised."""
        if self._task is None or self._context is None or self._last is None:
            raise UsageError("the episode is over or has not begun; call reset() first")
        self._steps += 1
        guard = self._guard
        try:
            result = await self._step(self._task, action)
        except InfraError as error:
            result = self._ended(Outcome.INFRA_ERROR, str(error))
            await self.discard_page()
        except BlockedError as error:
            result = self._ended(Outcome.BLOCKED, str(error))
        if guard is not None:
            result = replace(result, blocked=guard.take_refused())
        result = replace(result, misses=self.misses)
        if result.outcome is not None:
            self._task = None
        self._last = result.observation
        return result

    async def find(self, chain: Sequence[Query], *, frame: Sequence[int] = ()) -> Found | None:
        """Return the element of the page that selectors lead to, None where there is none."""
        return await find(self.context.page, chain, frame=frame)

    async def close(self) -> None:
        """Close the profile; the browser belongs to its host."""
        context, guard = self._context, self._guard
        self._context = self._guard = self._task = None
        if context is not None:
            await context.close()
        if guard is not None:
            await guard.close()

    async def discard_page(self) -> None:
        """Give the profile up: break its scripts off, close it, and end the browser where that does not help."""
        context, browser, guard = self._context, self._browser, self._guard
        self._context = self._guard = self._task = None
        if guard is not None:
            await guard.close()
        if browser is None or context is None:
            return
        for page in context.pages:
            if page.unresponsive:
                await page.stop_scripts()
        if not browser.alive or not await context.close():
            await self._host.discard(browser)

    async def _step(self, task: Task, action: Action) -> StepResult:
        check_action(action, task)
        error: str | None = None
        try:
            error = await self._act(action)
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
        evidence = replace(seen.evidence, sent=self._sent(task), unanswered=_unanswered(self.misses))
        self.evidence = evidence = _complete(evidence, settling, action)
        result = judge(task, seen.observation, evidence, limit_reached=self._steps >= task.max_steps)
        return replace(result, settled=settling.settled)

    async def _act(self, action: Action) -> str | None:
        if isinstance(action, Answer | GiveUp | Wait):
            return None
        try:
            await execute(self.context, action, upload_folder=self._task.upload_folder if self._task else None)
        except ActionError as error:
            return str(error)
        return None

    def _sent(self, task: Task) -> tuple[Sent, ...]:
        """Return what the site was sent; a suite's pages have no server."""
        return self._outbox.sent if task.suite == "web" else ()

    def _view(self, task: Task, *, error: str | None = None) -> View:
        return View(context=self.context, task=task, goal=self._goal, pixels=self._pixels, error=error)

    async def _prepare(self, task: Task, *, recorded: bool) -> None:
        """Have a profile for the task: a suite's page is used again, a site gets a fresh one."""
        browser = await self._host.browser()
        context = self._context
        reusable = self._replayer is None and browser is self._browser and task.suite == "miniwob"
        if context is not None and reusable and _is_reusable(context, task):
            return
        await self.close()
        self._browser, self._replayer = browser, None
        if task.suite == "miniwob":
            scripts = [miniwob_script(), clock_script()]
            self._context = await browser.new_context(viewport=task.viewport, scripts=scripts)
            return
        scripts, proxy = [clock_script()], NOWHERE
        if task.snapshot is not None:
            self._replayer = Replayer(await asyncio.to_thread(open_snapshot, task.snapshot), read_only=task.read_only)
        else:
            self._guard = await Guard(task, host_map=self._host.host_map).start()
            proxy = self._guard.address
        if self._recorder is not None or self._replayer is not None or task.read_only:
            scripts.append(InitScript(source=REFUSE_WORKERS))
        self._outbox, self._attach = Outbox(), self._attaching(task, recorded=recorded)

        def adopt(page: Page) -> None:
            page.outbox = self._outbox
            self._attach(page)

        self._context = await browser.new_context(viewport=task.viewport, scripts=scripts, proxy=proxy, on_page=adopt)

    def _attaching(self, task: Task, *, recorded: bool) -> Callable[[Page], None]:
        """Return what a tab's requests are handed to before it loads anything."""
        recorder, guard = self._recorder, self._guard
        if self._replayer is not None:
            return self._replayer.attach
        assert guard is not None
        if recorder is None or not recorded:
            return guard.watch
        attach = recorder.begin_run(task.url)
        if not task.read_only:
            return attach
        return lambda page: attach(page, refuse=lambda event: guard.refuse(page, event))

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
        await page.navigate(task.url)
        await self.context.ready()
        await rest(self._view(task), ms=task.step_ms)
        return None

    def _stamp(self) -> None:
        """Have documents that open from now on begin at this page time of the episode."""
        self.context.begin_at(seed=self._seed, elapsed_ms=self.context.page.elapsed_ms)

    def _at_dialog(self, task: Task, action: Action, *, error: str | None, dialog: DialogOpenError) -> StepResult:
        """Return what is known while a dialog is open: the page stands still, and shows what it last showed."""
        refused = self._last is not None and self._last.dialog is not None
        observation = self._with_dialog(self._last, f"{dialog}; answer it first" if refused else error)
        ends = isinstance(action, Answer | GiveUp)
        if not ends and self._steps < task.max_steps:
            return StepResult(observation=observation)
        evidence = Evidence(
            url=observation.url,
            answer=action.text if isinstance(action, Answer) else None,
            gave_up=isinstance(action, GiveUp),
            unanswered=_unanswered(self.misses),
            sent=self._sent(task),
        )
        return judge(task, observation, evidence, limit_reached=True)

    def _with_dialog(self, observation: Observation | None, error: str | None) -> Observation:
        assert observation is not None
        return replace(observation, dialog=self.context.dialog, error=error)

    def _ended(self, outcome: Outcome, reason: str) -> StepResult:
        assert self._last is not None
        evidence = Evidence(url=self._last.url, unanswered=_unanswered(self.misses))
        return StepResult(observation=self._last, outcome=outcome, reason=reason, evidence=evidence)


def _is_reusable(context: Context, task: Task) -> bool:
    usable = all(not page.crashed and page.dialog is None for page in context.pages)
    return usable and len(context.pages) == 1 and context.page.viewport == task.viewport


def _unanswered(misses: tuple[Miss, ...]) -> tuple[str, ...]:
    return tuple(str(miss) for miss in misses if not miss.cosmetic)


def _check_start(task: Task, misses: tuple[Miss, ...]) -> None:
    """Raise :class:`InfraError` where a snapshot does not hold the page that the task starts on."""
    if any(miss.kind == "document" and place(miss.url) == place(task.url) for miss in misses):
        raise InfraError(f"the snapshot {task.snapshot} does not hold {task.url}; record it, or start on another page")


def _complete(evidence: Evidence, settling: Settling, action: Action) -> Evidence:
    """Add what the page's status and the last action say."""
    status: dict[str, Any] = settling.status["page"] or {}
    done = status.get("done", False)
    return replace(
        evidence,
        answer=action.text if isinstance(action, Answer) else None,
        gave_up=isinstance(action, GiveUp),
        page_done=done,
        page_reward=status["reward"] if done else None,
        page_checks=status["checks"] if done else {},
        page_elapsed_ms=settling.status["elapsed"],
        page_limit_ms=status.get("limit"),
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
