"""Lets a page come to rest after an action and reads it: a suite's page in one turn, others step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from browser_env.context import Context
from browser_env.drawing import decode_picture
from browser_env.errors import DocumentGoneError
from browser_env.observing import Seen, observe, reading_arguments, see
from browser_env.page import restart_call
from browser_env.settling import NETWORK_S, Settled, Settling, settle
from browser_env.task import Task

MAX_LOOKS = 4
WHOLE_PAGE = ((None, 0),)  # the only frame there is


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Who looks at what."""

    context: Context
    task: Task
    goal: str
    pixels: bool
    error: str | None = None  # of the action before

    @property
    def is_simple(self) -> bool:
        """Whether one document is all there is to read, and nothing but page time to wait for."""
        one_page = len(self.context.pages) == 1 and self.context.page.documents.num_frames == 1
        return self.task.suite == "miniwob" and one_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How an episode of a suite's page is begun; see :meth:`Page.restart`."""

    seed: int
    flush_ms: float  # page time that lets what is pending run out
    drawn: dict[str, Any] = field(default_factory=dict)


async def look_after(view: View, *, ms: float, ends: bool) -> tuple[Settling, Seen]:
    """Let page time pass, and read; with evidence where the episode ``ends`` or may have ended."""
    await view.context.ready()
    page = view.context.page
    status, seen = None, None
    if view.is_simple:
        status, seen = await _turn(view, f"webdual.advance({ms})", told=page.note_elapsed, with_evidence=ends)
    settling = await rest(view, ms=ms) if status is None else Settling(settled=Settled.PAGE_TIME, status=status)
    done = bool((settling.status["page"] or {}).get("done", False))
    judged = ends or done or view.task.suite != "miniwob"
    return settling, seen or await look(view, with_evidence=judged)


async def look_at_start(view: View, start: Start) -> tuple[dict[str, Any], Seen | None]:
    """Begin an episode; return what its page answers and, unless it has to be looked at apart, what is then seen."""
    page = view.context.page
    asked, seen = None, None
    if view.is_simple:
        work = restart_call(seed=start.seed, flush_ms=start.flush_ms, drawn=start.drawn)
        asked, seen = await _turn(view, work, told=lambda _: page.note_restart(start.flush_ms), user_gesture=True)
    if asked is None:
        asked = await page.restart(seed=start.seed, flush_ms=start.flush_ms, drawn=start.drawn)
    return asked, seen


async def rest(view: View, *, ms: float) -> Settling:
    """Let page time pass: a site settles, a suite's page gets the time of a step; one with frames loads them."""
    page = view.context.page
    if view.task.suite == "web":
        return await settle(page, ms=ms)
    if page.documents.num_frames > 1:
        return await settle(page, ms=ms, budget_ms=0.0)
    return Settling(settled=Settled.PAGE_TIME, status=await page.advance(ms))


async def look(view: View, *, with_evidence: bool = False) -> Seen:
    """Read; where a suite page loads a picture meanwhile, which it shows for the first time, look again."""
    page, is_suite = view.context.page, view.task.suite == "miniwob"
    for _ in range(MAX_LOOKS):
        if is_suite:  # a site has been waited for already
            await page.traffic.rest(timeout_s=NETWORK_S)
        before = page.traffic.events
        seen = await observe(
            page,
            goal=view.goal,
            ignore=view.task.ignore,
            pixels=view.pixels,
            error=view.error,
            with_evidence=with_evidence,
        )
        if not is_suite or page.traffic.events == before:
            break
    if view.context.downloads:
        seen = _with_downloads(seen, view.context.downloaded)
    if len(view.context.pages) == 1:
        return seen
    tabs = await view.context.tabs()
    return replace(seen, observation=replace(seen.observation, tabs=tabs, active_tab=view.context.active))


def _with_downloads(seen: Seen, names: tuple[str, ...]) -> Seen:
    evidence = None if seen.evidence is None else replace(seen.evidence, downloads=names)
    return Seen(observation=replace(seen.observation, downloads=names), evidence=evidence)


async def _turn(
    view: View, work: str, *, told: Callable[[Any], None], with_evidence: bool = False, user_gesture: bool = False
) -> tuple[Any, Seen | None]:
    """Do some work and read in one turn; nothing of either, or of the second, where they have to be done apart."""
    page = view.context.page
    try:
        turn = await page.turns.take(
            work,
            arguments=reading_arguments(view.task.ignore, with_evidence=with_evidence),
            pixels=view.pixels,
            network_s=NETWORK_S,
            on_told=told,
            user_gesture=user_gesture,
        )
    except DocumentGoneError:
        return None, None
    if turn.reading is None or turn.stirred or not view.is_simple:
        return turn.told, None
    page.aims = turn.reading["aims"]  # until then page time stands still, and a suite's page with it
    screenshot = None if turn.picture is None else decode_picture(turn.picture)
    return turn.told, see([turn.reading], WHOLE_PAGE, goal=view.goal, screenshot=screenshot, error=view.error)
