"""A running Chromium, driven over a DevTools pipe.

Where the browser allows it, frames are drawn only when asked for (``HeadlessExperimental.beginFrame``), so
that a screenshot costs a millisecond or two and belongs to a known moment; elsewhere plain screenshots are taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from browser_env.chromium import ChromiumProcess
from browser_env.context import Context
from browser_env.devtools import DevTools, DevToolsError
from browser_env.errors import BrowserCrashedError, BrowserMissingError, UsageError
from browser_env.locate import BrowserBinary, find_browser
from browser_env.options import BrowserOptions
from browser_env.page import Page
from browser_env.scripts import InitScript

CLOSE_S = 2.0  # to be told that it ends
START_S = 30.0  # a browser that has not answered by then will not


class Browser:
    """A Chromium process; open profiles with :meth:`new_context`, and close it."""

    def __init__(self, *, process: ChromiumProcess, devtools: DevTools, options: BrowserOptions, frame_control: bool):
        self._process = process
        self._devtools = devtools
        self._contexts: dict[str, Context] = {}
        self._options = options
        self.frame_lock = asyncio.Lock()  # two frames in flight crash Chromium's GPU process
        self.frame_control = frame_control
        self.version = ""  # Chromium's, e.g. "156.0.8078.73"

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._devtools.connected

    @property
    def downloads_folder(self) -> Path:
        """Where downloads are kept; removed with the browser's profile."""
        return self._process.profile / "downloads"

    @property
    def call_timeout_s(self) -> float:
        """How long a command may take before the browser counts as hung."""
        return self._options.call_timeout_s

    @classmethod
    async def launch(cls, options: BrowserOptions | None = None, *, binary: BrowserBinary | None = None) -> Self:
        """Start a browser; raise :class:`BrowserMissingError` where it does not come up."""
        options = options or BrowserOptions()
        if binary is None:
            binary = await asyncio.to_thread(find_browser)
        frame_control = options.frame_control and binary.kind == "headless-shell"
        flags = options.flags(frame_control=frame_control)
        async with contextlib.AsyncExitStack() as undo:  # of what is there when anything fails, or this is cancelled
            process = await _start(binary.path, flags)
            undo.push_async_callback(asyncio.to_thread, process.end)
            devtools = DevTools(read_fd=process.read_fd, write_fd=process.write_fd)
            undo.callback(devtools.close)
            self = cls(process=process, devtools=devtools, options=options, frame_control=frame_control)
            try:
                await asyncio.wait_for(self._greet(), START_S)
            except (DevToolsError, TimeoutError) as error:
                raise BrowserMissingError(
                    f"{binary.path} does not start ({error or 'no answer'}); run `webdual doctor` to see what is wrong"
                ) from error
            undo.pop_all()
        return self

    async def new_context(
        self,
        *,
        viewport: tuple[int, int],
        scripts: Sequence[InitScript] = (),
        proxy: str = "",
        on_page: Callable[[Page], None] | None = None,
    ) -> Context:
        """Open a fresh profile with one tab; ``scripts`` run in every document before the page's own.

        ``proxy`` is where all its connections go, loopback ones too; ``on_page`` is called with each tab before
        anything happens in it.
        """
        through = {"proxyServer": proxy, "proxyBypassList": "<-loopback>"} if proxy else {}
        try:
            async with asyncio.timeout(self.call_timeout_s):
                made = await self._devtools.send("Target.createBrowserContext", {"disposeOnDetach": True} | through)
                context = Context(
                    id_=made["browserContextId"],
                    devtools=self._devtools,
                    browser=self,
                    viewport=viewport,
                    scripts=tuple(scripts),
                    on_page=on_page,
                    on_close=self._contexts.pop,
                )
                self._contexts[context.id] = context
                await context.start()
                return context
        except (DevToolsError, TimeoutError) as error:
            raise BrowserCrashedError("the browser opened no page; it has to be restarted") from error

    @property
    def endpoint(self) -> str:
        """The address for other DevTools clients, e.g. Playwright's ``connect_over_cdp``."""
        if not self._options.debug_port:
            raise UsageError("the browser answers on its pipe only; start it with BrowserOptions(debug_port=True)")
        port, path = (self._process.profile / "DevToolsActivePort").read_text().splitlines()[:2]
        return f"ws://127.0.0.1:{port}{path}"

    @property
    def pid(self) -> int:
        """The process id of the browser's process group."""
        return self._process.pid

    async def close(self) -> None:
        """End the process; safe to call twice and on a crashed browser."""
        with contextlib.suppress(DevToolsError, TimeoutError):  # where it hangs, it is killed
            async with asyncio.timeout(CLOSE_S):  # a forked copy of this process may hold the pipe open
                await self._devtools.send("Browser.close")
        self._devtools.close()
        await asyncio.to_thread(self._process.end)

    def kill(self) -> None:
        """Kill the process, for a browser that hangs; :meth:`close` has still to be called."""
        self._process.kill()

    async def _greet(self) -> None:
        self._devtools.on("Target.attachedToTarget", self._on_target)
        self._devtools.on("Target.detachedFromTarget", self._on_gone)
        self._devtools.on("Browser.downloadWillBegin", self._on_download)
        self._devtools.on("Browser.downloadProgress", self._on_progress)
        self.version = str((await self._devtools.send("Browser.getVersion"))["product"]).partition("/")[2]
        attach = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        await self._devtools.send("Target.setAutoAttach", attach)

    def _on_target(self, event: dict[str, Any]) -> None:
        info = event["targetInfo"]
        context = self._contexts.get(info.get("browserContextId", ""))
        if context is not None and info["type"] == "page":
            context.adopt(info, session=event["sessionId"])
        else:  # a service worker, or the browser's own first page
            self._devtools.post("Runtime.runIfWaitingForDebugger", session=event["sessionId"])

    def _on_download(self, event: dict[str, Any]) -> None:
        for context in self._contexts.values():
            if context.owns(event["frameId"]):
                context.on_download(event)

    def _on_progress(self, event: dict[str, Any]) -> None:
        for context in self._contexts.values():
            if event["guid"] in context.downloads:
                context.on_progress(event)

    def _on_gone(self, event: dict[str, Any]) -> None:
        for context in self._contexts.values():
            context.lose(event["sessionId"])


async def _start(binary: Path, flags: Sequence[str]) -> ChromiumProcess:
    """Start a process; one that is there only after this was cancelled is ended."""
    starting = asyncio.get_running_loop().run_in_executor(None, ChromiumProcess.start, binary, flags)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.to_thread((await starting).end)
        raise


async def probe_frame_control(binary: BrowserBinary | None = None) -> bool:
    """Start the browser, draw one frame, and say whether frames are under control."""
    browser = await Browser.launch(binary=binary)
    try:
        context = await browser.new_context(viewport=(64, 48))
        picture = await context.page.drawing.screenshot()
        return browser.frame_control and picture.shape == (48, 64, 3)
    finally:
        await browser.close()
