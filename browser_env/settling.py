"""When a step is over: the page is quiet, or its budget is spent. Nothing sleeps here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from browser_env.page import Page

NETWORK_S = 5.0  # wall clock that a step waits at most for requests under way
SETTLE_MS = 1000.0  # page time that a step adds at most for what is still going on
SOON_MS = 500.0  # a timer due by then is waited for: suggestions, delays, spinners
SLICE_MS = 50.0  # page time between two looks at an animation
QUIET_ROUNDS = 3  # looks without news of the network that count as rest
TICK_MS = 32.0  # page time that what came over the network gets to be drawn: two frames
LOOK_S = 0.02  # wall clock between looks at the network


class Settled(StrEnum):
    """Why a step ended when it did."""

    QUIET = "quiet"  # no request, animation, layout or timer of the page's own was left
    NETWORK = "network"  # requests were still under way when the wait for them ended
    PAGE_TIME = "page_time"  # animations or timers went on when the page time ended
    DIALOG = "dialog"  # a dialog is open, and the page stands still
    ENDED = "ended"  # the episode was broken off: the page was blocked, hung or went away


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """How a page came to rest."""

    settled: Settled
    status: dict[str, Any]  # how it stood then; see channel.js


async def settle(page: Page, *, ms: float, budget_ms: float = SETTLE_MS, network_s: float = NETWORK_S) -> Settling:
    """Let ``ms`` of page time pass and whatever that sets off; page time stands still while the network is awaited."""
    deadline = asyncio.get_running_loop().time() + network_s
    shown, spent_ms = page.traffic.events, 0.0
    status = await page.advance(ms)
    while True:
        status = await _rest(page, deadline) or status
        if page.traffic.open_requests or status["loading"]:
            return Settling(settled=Settled.NETWORK, status=status)
        if page.traffic.events != shown:
            shown, wait_ms = page.traffic.events, TICK_MS
        else:
            wait_ms = _wait_ms(status)
            spent_ms += wait_ms
        if wait_ms == 0:
            return Settling(settled=Settled.QUIET, status=status)
        if spent_ms > budget_ms:
            return Settling(settled=Settled.PAGE_TIME, status=status)
        status = await page.advance(wait_ms)


async def _rest(page: Page, deadline: float) -> dict[str, Any] | None:
    """Wait until the network has been silent for some looks, or time is up; no page time passes."""
    loop, status, quiet, heard = asyncio.get_running_loop(), None, 0, page.traffic.events
    while quiet < QUIET_ROUNDS and loop.time() < deadline:
        await page.drawing.frame()
        if page.traffic.open_requests:
            await page.traffic.rest(timeout_s=LOOK_S)
        status = await page.advance(0)
        is_quiet = not page.traffic.open_requests and not status["loading"] and page.traffic.events == heard
        quiet, heard = quiet + 1 if is_quiet else 0, page.traffic.events
    return status


def _wait_ms(status: dict[str, Any]) -> float:
    """Return the page time until something happens, or 0 where nothing is about to."""
    if status["animations"]:
        return SLICE_MS
    due = status["next"]
    if due is None or due - status["elapsed"] > SOON_MS:
        return 0.0
    return max(1.0, float(due - status["elapsed"]))
