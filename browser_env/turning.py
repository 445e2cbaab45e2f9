"""A turn of a page: some work in it, the frame after that, and what can then be read, in one call to the page.

The page tells when the work is done; the frame is drawn then and not before; then the page reads itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from browser_env.errors import DocumentGoneError

if TYPE_CHECKING:
    from browser_env.page import Page

TELL = "webdualTell"  # a function of the isolated world by which a turn tells what its work came to
PATIENCE_S = 0.1  # a document that cannot draw yet is read in another way


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a turn came to."""

    told: Any  # what its work returned
    reading: dict[str, Any] | None  # None: the document went away, or could not draw a frame at once
    picture: bytes | None  # of the frame, where one was asked for; PNG in base64
    stirred: bool  # the network brought something while the page was drawn and read


class Turns:
    """The turns of a page, one after the other; what one still tells that was given up is not listened to."""

    def __init__(self, page: Page):
        self._page = page
        self._count = 0
        self._told: asyncio.Future[Any] | None = None
        page.on("Runtime.bindingCalled", self._on_told)

    async def take(
        self,
        work: str,
        *,
        arguments: str,
        pixels: bool,
        network_s: float,
        on_told: Callable[[Any], None],
        user_gesture: bool = False,
    ) -> Turn:
        """Do the ``work``, an expression of the isolated world, draw a frame and read the page with ``arguments``.

        Raise :class:`DocumentGoneError` where the document went away before its work was done.
        """
        page = self._page
        self._count += 1
        self._told = told = asyncio.get_running_loop().create_future()
        call = f"webdual.turn({self._count}, () => {work}, {arguments})"
        answer = await page.begin_evaluation(call, user_gesture=user_gesture)
        answer.add_done_callback(lambda _: _give_up(told))
        if await page.bounded(told, what="Runtime.evaluate") is None:
            page.value_of(await page.bounded(answer, what="Runtime.evaluate"))  # says what went wrong
        value = told.result()[0]
        on_told(value)
        await page.traffic.rest(timeout_s=network_s)
        heard = page.traffic.events
        picture = await page.drawing.picture() if pixels else None
        if picture is None:
            await page.drawing.hidden_frame()
        reading = await self._read(answer)
        return Turn(told=value, reading=reading, picture=picture, stirred=page.traffic.events != heard)

    async def _read(self, answer: asyncio.Future[dict[str, Any]]) -> dict[str, Any] | None:
        page = self._page
        try:
            await asyncio.wait({answer}, timeout=PATIENCE_S)
            if not answer.done():
                await page.evaluate("webdual.stopWaiting()", isolated=True)
            text = page.value_of(await page.bounded(answer, what="Runtime.evaluate"))
        except DocumentGoneError:
            return None
        reading: dict[str, Any] | None = json.loads(text)
        return reading

    def _on_told(self, event: dict[str, Any]) -> None:
        if event["name"] != TELL or self._told is None or self._told.done():
            return
        turn, value = json.loads(event["payload"])
        if turn == self._count:
            self._told.set_result([value])


def _give_up(told: asyncio.Future[Any]) -> None:
    if not told.done():
        told.set_result(None)
