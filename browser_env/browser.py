"""The one module that speaks to Playwright: a Chromium process and its pages.

Where the browser allows it, frames are drawn only when asked for (``HeadlessExperimental.beginFrame``), so
that a screenshot costs milliseconds and belongs to a known moment; elsewhere plain screenshots are taken.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from PIL import Image
from playwright.async_api import Browser as ChromiumBrowser
from playwright.async_api import BrowserContext, CDPSession, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page as ChromiumPage

from browser_env.errors import ActionError, BrowserCrashedError, BrowserMissingError, DocumentGoneError, InfraError
from browser_env.keys import press_events
from browser_env.locate import BrowserBinary, find_browser
from browser_env.observation import Screenshot
from browser_env.options import BrowserOptions
from browser_env.traffic import Traffic

T = TypeVar("T")

ISOLATED_WORLD = "webdual"
CLOSE_TIMEOUT_S = 10.0  # then the driver is stopped, which kills the browser
NAVIGATION_RETRIES = 50
ANIMATION_RATE = 10_000  # CSS transitions and animations follow the wall clock, so they are over within a frame
PICKER_PATIENCE_S = 2.0  # no frame takes so long, unless a list, a date or a colour is being picked
PICTURE_RETRIES = 5
NOWHERE = "http://127.0.0.1:1"  # a proxy that refuses every connection
FRAME_PAUSE_S = 0.002  # between frames drawn while something is awaited


def read_script(name: str) -> str:
    """Return the source of one of the page scripts beside this module."""
    return (Path(__file__).parent / "js" / name).read_text(encoding="utf-8")


class Browser:
    """A Chromium process; open pages with :meth:`new_page`, and close it."""

    def __init__(
        self,
        *,
        playwright: Playwright,
        chromium: ChromiumBrowser,
        cdp: CDPSession,
        frame_control: bool,
        call_timeout_s: float,
    ):
        self._playwright = playwright
        self._chromium = chromium
        self._cdp = cdp
        self._opening = asyncio.Lock()
        self._frame_lock = asyncio.Lock()  # two frames in flight crash Chromium's GPU process
        self.frame_control = frame_control
        self.call_timeout_s = call_timeout_s

    @property
    def version(self) -> str:
        """Chromium's version, e.g. ``156.0.8078.73``."""
        return self._chromium.version

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._chromium.is_connected()

    @classmethod
    async def launch(cls, options: BrowserOptions | None = None, *, binary: BrowserBinary | None = None) -> Self:
        """Start a browser; raise :class:`BrowserMissingError` or :class:`InfraError` where that fails."""
        options = options or BrowserOptions()
        binary = binary or find_browser()
        frame_control = options.frame_control and binary.kind == "headless-shell"
        playwright = await async_playwright().start()
        try:
            chromium = await playwright.chromium.launch(
                executable_path=str(binary.path),
                args=options.flags(frame_control=frame_control),
                chromium_sandbox=options.sandbox,
                headless=True,
            )
        except PlaywrightError as error:
            await playwright.stop()
            reason = str(error).strip().splitlines()[0]
            raise BrowserMissingError(
                f"{binary.path} does not start ({reason}); run `webdual doctor` to see what is wrong"
            ) from error
        cdp = await chromium.new_browser_cdp_session()
        return cls(
            playwright=playwright,
            chromium=chromium,
            cdp=cdp,
            frame_control=frame_control,
            call_timeout_s=options.call_timeout_s,
        )

    async def new_page(self, *, viewport: tuple[int, int], scripts: Sequence[str] = (), offline: bool = False) -> Page:
        """Open a page in a fresh profile; ``scripts`` run in its own world before the page's.

        Nothing of an ``offline`` profile reaches a network, this machine's own servers included.
        """
        try:
            async with self._opening:  # the new profile is told by comparing lists of profiles
                context, page = await asyncio.wait_for(self._open(viewport, offline=offline), self.call_timeout_s)
            cdp = await asyncio.wait_for(context.new_cdp_session(page), self.call_timeout_s)
        except (PlaywrightError, TimeoutError) as error:
            raise BrowserCrashedError("the browser opened no page; it has to be restarted") from error
        return await Page.attach(context=context, page=page, cdp=cdp, browser=self, scripts=scripts)

    async def _open(self, viewport: tuple[int, int], *, offline: bool) -> tuple[BrowserContext, ChromiumPage]:
        known = set((await self._cdp.send("Target.getBrowserContexts"))["browserContextIds"])
        width, height = viewport
        context = await self._chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=1,
            locale="en-US",
            timezone_id="UTC",
            proxy={"server": NOWHERE, "bypass": "<-loopback>"} if offline else None,
        )
        if not self.frame_control:
            return context, await context.new_page()
        ids = set((await self._cdp.send("Target.getBrowserContexts"))["browserContextIds"])
        target = {
            "url": "about:blank",
            "browserContextId": (ids - known).pop(),
            "enableBeginFrameControl": True,
            "width": width,
            "height": height,
        }
        async with context.expect_page() as opening:
            await self._cdp.send("Target.createTarget", target)
        return context, await opening.value

    async def close(self) -> None:
        """End the process; safe to call twice and on a crashed browser."""
        with contextlib.suppress(PlaywrightError, TimeoutError):  # where it hangs, stopping the driver kills it
            await asyncio.wait_for(self._chromium.close(), CLOSE_TIMEOUT_S)
        await self._playwright.stop()

    @property
    def frame_lock(self) -> asyncio.Lock:
        """Held while a frame is drawn."""
        return self._frame_lock


class Page:
    """A tab: navigation, evaluation in the page's world and in an isolated one, frames and raw input."""

    def __init__(self, *, context: BrowserContext, page: ChromiumPage, cdp: CDPSession, browser: Browser):
        self._context = context
        self._page = page
        self._cdp = cdp
        self._browser = browser
        self._worlds: dict[str, int] = {}  # "" (the page's own) or the isolated world's name -> execution context
        self._main_frame = ""
        self.traffic = Traffic()  # told by the session that reads the page, so never later than it
        self._in_flight: set[asyncio.Future[Any]] = set()  # commands that wait for an answer
        self.crashed = False  # its renderer died
        self.unresponsive = False  # a command timed out: only ending the browser is sure to help

    @classmethod
    async def attach(
        cls,
        *,
        context: BrowserContext,
        page: ChromiumPage,
        cdp: CDPSession,
        browser: Browser,
        scripts: Sequence[str] = (),
    ) -> Self:
        """Wire a Playwright page up."""
        self = cls(context=context, page=page, cdp=cdp, browser=browser)
        page.on("crash", lambda _: self._on_crash())
        cdp.on("Network.requestWillBeSent", self.traffic.began)
        cdp.on("Network.loadingFinished", self.traffic.ended)
        cdp.on("Network.loadingFailed", self.traffic.ended)
        cdp.on("Page.frameNavigated", self._on_frame)
        cdp.on("Runtime.executionContextCreated", self._on_context)
        cdp.on("Runtime.executionContextDestroyed", self._on_context_gone)
        cdp.on("Runtime.executionContextsCleared", self._on_context_gone)
        tree = await self.send("Page.getFrameTree")
        self._main_frame = tree["frameTree"]["frame"]["id"]
        await self.send("Page.enable")
        await self.send("Network.enable")
        for script in scripts:
            await self.send("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        isolated = {"source": read_script("observe.js"), "worldName": ISOLATED_WORLD}
        await self.send("Page.addScriptToEvaluateOnNewDocument", isolated)
        await self.send("Runtime.enable")
        await self.send("Animation.enable")
        await self.send("Animation.setPlaybackRate", {"playbackRate": ANIMATION_RATE})
        return self

    @property
    def url(self) -> str:
        """The address in the address bar."""
        return self._page.url

    async def unreachable_url(self) -> str:
        """Return the address that failed to load where the browser shows its own error page, else nothing."""
        frame = (await self.send("Page.getFrameTree"))["frameTree"]["frame"]
        return str(frame.get("unreachableUrl", ""))

    @property
    def viewport(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        size = self._page.viewport_size
        return (size["width"], size["height"]) if size else (0, 0)

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one DevTools command; raise :class:`BrowserCrashedError` where the browser does not answer."""
        if self.crashed:
            raise BrowserCrashedError("the page has crashed")
        result: dict[str, Any] = await self._bounded(self._cdp.send(method, params or {}), what=method)
        return result

    def on(self, method: str, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with the parameters of each DevTools event of this name."""
        self._cdp.on(method, callback)

    async def evaluate(self, expression: str, *, isolated: bool = False) -> Any:
        """Return the JSON value of an expression; raise :class:`InfraError` where it throws."""
        world = ISOLATED_WORLD if isolated else ""
        for _ in range(NAVIGATION_RETRIES):
            request = {"expression": expression, "returnByValue": True, "awaitPromise": True}
            try:
                result = await self.send("Runtime.evaluate", request | {"contextId": await self._find_world(world)})
                break
            except DocumentGoneError:
                await self.frame()  # the page is moving on to another document
        else:
            raise BrowserCrashedError("the page kept navigating away and could not be read")
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            reason = details.get("exception", {}).get("description", details.get("text", ""))
            raise InfraError(f"the page script failed: {reason[:300]}")
        return result["result"].get("value")

    async def navigate(self, url: str) -> None:
        """Open a URL and wait for its load event, drawing frames meanwhile."""
        await self._pumped(self._page.goto(url, wait_until="load", timeout=self._browser.call_timeout_s * 1000))

    async def go(self, direction: str) -> None:
        """Go ``back`` or ``forward`` in the history."""
        move = self._page.go_back if direction == "back" else self._page.go_forward
        await self._pumped(move(wait_until="load", timeout=self._browser.call_timeout_s * 1000))

    async def frame(self) -> None:
        """Draw a frame without taking a picture, where frames are under control."""
        if self._browser.frame_control:
            await self._begin_frame({})

    async def screenshot(self) -> Screenshot:
        """Draw a frame and return its pixels, (height, width, 3) uint8."""
        data = await (self._frame_picture() if self._browser.frame_control else self._plain_picture())
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)

    async def dispatch(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Send trusted input events in order, without waiting for one before the next, drawing frames meanwhile."""
        await self._pumped(asyncio.gather(*(self.send(method, params) for method, params in events)))

    async def close(self) -> None:
        """Close the tab and its profile."""
        with contextlib.suppress(PlaywrightError, TimeoutError):  # then it ends with its browser
            await asyncio.wait_for(self._context.close(), CLOSE_TIMEOUT_S)

    async def _frame_picture(self) -> str:
        request = {"screenshot": {"format": "png", "optimizeForSpeed": True}}
        for _ in range(PICTURE_RETRIES):  # the first frame of a new document may come without its picture
            data: str | None = (await self._begin_frame(request)).get("screenshotData")
            if data:
                return data
        raise BrowserCrashedError("the browser draws frames but returns no picture; it has to be restarted")

    async def _plain_picture(self) -> str:
        shot = await self.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
        return str(shot["data"])

    async def _begin_frame(self, request: dict[str, Any]) -> dict[str, Any]:
        """Draw a frame; where none comes, close the picker that may be open: frames wait as long as it is."""
        async with self._browser.frame_lock:
            drawing = asyncio.ensure_future(self.send("HeadlessExperimental.beginFrame", request))
            done, _ = await asyncio.wait({drawing}, timeout=PICKER_PATIENCE_S)
            if not done:
                escape = [self.send(method, params) for method, params in press_events("Escape")]
                await asyncio.gather(drawing, *escape)
            return drawing.result()

    async def _pumped(self, waiting: Awaitable[Any]) -> None:
        """Draw frames until something is done: pointer moves and loads wait for frames."""
        task = asyncio.ensure_future(waiting)
        try:
            while not task.done():
                await self.frame()
                await asyncio.wait({task}, timeout=FRAME_PAUSE_S)
            task.result()
        except PlaywrightError as error:
            if "net::ERR_ABORTED" in str(error):
                raise ActionError("the address opens no page: it is a download, or its answer is empty") from error
            raise InfraError(f"the page did not load: {str(error).splitlines()[0]}") from error
        finally:
            task.cancel()

    async def _bounded(self, call: Awaitable[T], *, what: str) -> T:
        limit_s = self._browser.call_timeout_s
        task = asyncio.ensure_future(call)
        self._in_flight.add(task)
        try:
            return await asyncio.wait_for(task, limit_s)
        except asyncio.CancelledError:
            if not self.crashed:
                raise
            raise BrowserCrashedError(f"the page crashed during {what}") from None
        except TimeoutError as error:
            self.unresponsive = True
            raise BrowserCrashedError(f"the browser did not answer {what} within {limit_s:.0f} s") from error
        except PlaywrightError as error:
            if "context" in str(error) and what.startswith("Runtime."):
                raise DocumentGoneError(f"the document went away during {what}") from error
            raise BrowserCrashedError(f"the browser failed at {what}: {str(error).splitlines()[0]}") from error
        finally:
            self._in_flight.discard(task)

    async def _find_world(self, world: str) -> int:
        if world not in self._worlds:  # a document older than `Runtime.enable` has announced none
            await self.send("Runtime.disable")
            await self.send("Runtime.enable")
        if world not in self._worlds:
            made = await self.send("Page.createIsolatedWorld", {"frameId": self._main_frame, "worldName": world})
            self._worlds[world] = made["executionContextId"]
            await self.send(
                "Runtime.evaluate",
                {"expression": read_script("observe.js"), "contextId": self._worlds[world]},
            )
        return self._worlds[world]

    def _on_context(self, event: dict[str, Any]) -> None:
        context = event["context"]
        data = context.get("auxData", {})
        if data.get("frameId") == self._main_frame:
            self._worlds["" if data.get("isDefault") else context["name"]] = context["id"]

    def _on_context_gone(self, event: dict[str, Any]) -> None:
        gone = event.get("executionContextId")  # none: all are gone
        self._worlds = {} if gone is None else {name: id_ for name, id_ in self._worlds.items() if id_ != gone}

    def _on_frame(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        if frame["id"] == self._main_frame:
            self.traffic.document_changed(frame["loaderId"])

    def _on_crash(self) -> None:
        self.crashed = True
        for task in self._in_flight:  # nobody is left to answer
            task.cancel()


async def probe_frame_control(binary: BrowserBinary | None = None) -> bool:
    """Start the browser, draw one frame, and say whether frames are under control."""
    browser = await Browser.launch(binary=binary)
    try:
        page = await browser.new_page(viewport=(64, 48))
        picture = await page.screenshot()
        return browser.frame_control and picture.shape == (48, 64, 3)
    finally:
        await browser.close()
