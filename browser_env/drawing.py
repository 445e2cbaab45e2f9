"""Draws the frames of a tab at page time, and takes pictures of it."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from browser_env.errors import BrowserCrashedError
from browser_env.keys import press_events
from browser_env.observation import Screenshot

if TYPE_CHECKING:
    from browser_env.page import Page

PICKER_PATIENCE_S = 2.0  # no frame takes so long, unless a list, a date or a colour is being picked
PICTURE_S = 5.0  # a page that has no picture for so long is broken
PICTURE_PAUSE_S = 0.001
FRAMES_OF_SCROLL = 4  # have to be shown: one that is hidden too soon would have the page scroll once more
LEAVING_S = 1.0  # a frame that nobody wants any more is waited for so long
FRAME_INTERVAL_MS = 1000 / 60
US = 1000  # to a ms: the compositor's clock counts whole ones
TIME_SCALE = 500.0  # ms of page time to a ms of the compositor's clock: page time passes faster than the machine's
AT_ONCE = 10_000.0  # without frame control animations follow the wall clock, and are over within a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameControl:
    """How the pages of a browser draw their frames."""

    frame_control: bool  # frames are drawn only when asked for
    lock: asyncio.Lock  # held while a frame is drawn
    call_timeout_s: float


class Drawing:
    """The frames of one tab, one after the other."""

    def __init__(self, page: Page, control: FrameControl):
        self.shown_ms = 0.0  # page time of the tab, at which frames are drawn
        self._page = page
        self._control = control
        self._first_us = time.monotonic_ns() // 1_000_000 * US  # of the compositor's clock, at page time zero
        self._last_us = self._first_us
        self._is_shown = True  # what the last frame drew
        self._to_show = 0  # frames that have to be shown
        self._frame: asyncio.Future[Any] | None = None  # the last that was begun
        self._held: asyncio.Future[Any] | None = None  # one that a dialog holds up

    @property
    def time_scale(self) -> float:
        """How much faster than the machine's clock animations run."""
        return TIME_SCALE if self._control.frame_control else AT_ONCE

    async def frame(self) -> None:
        """Draw a frame without taking a picture, where frames are under control."""
        if self._control.frame_control:
            await self._begin({})

    async def hidden_frame(self) -> None:
        """Have the page do all that a frame asks of it and show nothing, which costs less.

        What scrolls for a wheel is the compositor, by what it last showed, so that has to be up to date then.
        """
        if self._control.frame_control:
            await self._begin({} if self._to_show else {"noDisplayUpdates": True})

    async def screenshot(self) -> Screenshot:
        """Draw a frame and return its pixels, (height, width, 3) uint8."""
        return decode_picture(await self.picture())

    async def picture(self) -> bytes:
        """Draw a frame and return it as PNG in base64."""
        return await self._take({"format": "png", "optimizeForSpeed": True})

    async def view(self, *, quality: int = 70) -> bytes:
        """Draw a frame and return it as JPEG, for people who look on; no page time passes."""
        return base64.b64decode(await self._take({"format": "jpeg", "quality": quality, "optimizeForSpeed": True}))

    async def show_scrolling(self) -> None:
        """Show the page as it is, and have the frames of a scroll shown, before a wheel is turned."""
        if not self._is_shown:
            await self.frame()
        self._to_show = FRAMES_OF_SCROLL

    def hold(self) -> None:
        """Take note that a dialog has opened, which holds up the frame under way."""
        if self._frame is not None and not self._frame.done():
            self._held = self._page.await_anew(self._frame)

    async def _take(self, shot: dict[str, Any]) -> bytes:
        if not self._control.frame_control:
            return str((await self._page.send("Page.captureScreenshot", shot))["data"]).encode()
        deadline = time.monotonic() + PICTURE_S
        while time.monotonic() < deadline:  # the first frames of a new document may come without their picture
            data: bytes | None = (await self._begin({"screenshot": shot})).get("screenshotData")
            if data:
                return data
            await asyncio.sleep(PICTURE_PAUSE_S)
        raise BrowserCrashedError("the browser draws frames but returns no picture; it has to be restarted")

    async def _begin(self, request: dict[str, Any]) -> dict[str, Any]:
        """Draw a frame; where none comes, close the picker that may be open: frames wait as long as it is."""
        page = self._page
        async with self._control.lock:
            page.check_usable()
            if self._held is not None:
                await page.bounded(self._held, what="a frame")
                self._held = None
            at = {"frameTimeTicks": self._next_ms(), "interval": FRAME_INTERVAL_MS}
            self._is_shown = "noDisplayUpdates" not in request
            self._to_show -= self._is_shown and self._to_show > 0
            self._frame = page.command("HeadlessExperimental.beginFrame", at | request)
            picker = asyncio.get_running_loop().call_later(PICKER_PATIENCE_S, self._press_escape)
            try:
                result: dict[str, Any] = await page.bounded(self._frame, what="a frame")
            except asyncio.CancelledError:  # whoever wanted it has left; the browser draws one at a time all the same
                held = page.await_anew(self._frame)
                await asyncio.wait({held}, timeout=LEAVING_S)
                self._held = None if held.done() else held
                raise
            finally:
                picker.cancel()
            return result

    def _press_escape(self) -> None:
        for method, params in press_events("Escape"):
            self._page.post(method, params)

    def _next_ms(self) -> float:
        """Return the compositor's time of the next frame: page time's, within what the compositor takes.

        It waits for ever where a frame is no later than the last, or ahead of the machine's clock.
        """
        at_us = min(self._first_us + int(self.shown_ms / TIME_SCALE * US), time.monotonic_ns() // US)
        self._last_us = max(at_us, self._last_us + 1)
        return ticks_ms(self._last_us)


def ticks_ms(us: int) -> float:
    """Return microseconds of the compositor's clock as the protocol's milliseconds.

    The browser cuts off what is less than a microsecond: the half that is added here, however a fraction is rounded.
    """
    return (us + 0.5) / US


def decode_picture(data: bytes) -> Screenshot:
    """Return the pixels of a PNG in base64, (height, width, 3) uint8."""
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)
