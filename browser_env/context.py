"""A fresh browser profile: its tabs, dialogs and downloads. Nothing of it outlives it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from browser_env.devtools import DevTools, DevToolsError
from browser_env.drawing import FrameControl
from browser_env.errors import ActionError, BrowserCrashedError
from browser_env.observation import Dialog, Tab
from browser_env.page import Page
from browser_env.scripts import InitScript

CLOSE_S = 2.0  # a profile that takes longer to close goes with its browser
MAX_TABS = 20
MAX_TITLE, MAX_URL = 300, 4000  # characters that are observed of a tab
DOWNLOAD_QUOTA = 50_000_000  # bytes of all downloads of a profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that a page handed out."""

    name: str  # as the site suggests it
    url: str
    state: str = "inProgress"  # "inProgress", "completed" or "canceled"
    size: int = 0  # bytes received so far
    path: Path | None = None  # None where downloads are refused


class Surroundings(Protocol):
    """What a context needs of its browser."""

    @property
    def frame_control(self) -> bool:
        """Whether frames are drawn only when asked for."""
        ...

    @property
    def frame_lock(self) -> asyncio.Lock:
        """Held while a frame is drawn."""
        ...

    @property
    def call_timeout_s(self) -> float:
        """How long a command may take."""
        ...

    @property
    def downloads_folder(self) -> Path:
        """Where contexts may keep files."""
        ...


class Context:
    """A profile with at least one tab."""

    def __init__(
        self,
        *,
        id_: str,
        devtools: DevTools,
        browser: Surroundings,
        viewport: tuple[int, int],
        scripts: tuple[InitScript, ...],
        on_page: Callable[[Page], None] | None,
        on_close: Callable[[str], Any],
    ):
        self.id = id_
        self.pages: list[Page] = []  # the open tabs, in the order in which they opened
        self.active = 0  # index of the tab in front
        self.downloads: dict[str, Download] = {}  # by their id
        self._devtools = devtools
        self._control = FrameControl(
            frame_control=browser.frame_control, lock=browser.frame_lock, call_timeout_s=browser.call_timeout_s
        )
        self._folder = browser.downloads_folder / id_
        self._viewport = viewport
        self._scripts = scripts
        self._beginning: InitScript | None = None
        self._on_page = on_page
        self._on_close = on_close
        self._quota = DOWNLOAD_QUOTA
        self._untold: set[str] = set()  # files there that the browser has not told of
        self._refused: list[str] = []

    @property
    def page(self) -> Page:
        """The tab in front."""
        return self.pages[self.active]

    @property
    def downloaded(self) -> tuple[str, ...]:
        """The names of the files that arrived whole, in the order in which they began."""
        return tuple(download.name for download in self.downloads.values() if download.state == "completed")

    @property
    def dialog(self) -> Dialog | None:
        """The dialog that the tab in front shows."""
        return self.page.dialog

    def take_refused(self) -> tuple[str, ...]:
        """Return what was one too many since the last time: tabs and downloads, with their addresses."""
        self._end_untold()
        refused, self._refused = tuple(dict.fromkeys(self._refused)), []
        return refused

    def is_reusable(self, viewport: tuple[int, int]) -> bool:
        """Say whether another episode may begin in this profile as it is."""
        usable = all(not page.crashed and page.dialog is None for page in self.pages)
        return usable and len(self.pages) == 1 and self.page.viewport == viewport

    async def start(self) -> None:
        """Open the first tab."""
        behavior = {"behavior": "allowAndName", "downloadPath": str(self._folder), "eventsEnabled": True}
        self._devtools.send("Browser.setDownloadBehavior", {"browserContextId": self.id, **behavior})
        await self.open()

    async def open(self, url: str = "about:blank") -> Page:
        """Open a tab and bring it to the front."""
        if len(self.pages) >= MAX_TABS:
            raise ActionError(f"{MAX_TABS} tabs are open already; close one with close_tab(0)")
        width, height = self._viewport
        target = {"url": "about:blank", "browserContextId": self.id, "width": width, "height": height}
        control = {"enableBeginFrameControl": True} if self._control.frame_control else {}
        made = await self._ask("Target.createTarget", target | control)
        page = next((page for page in self.pages if page.id == made["targetId"]), None)
        if page is None:
            raise BrowserCrashedError("the browser opened no page; it has to be restarted")
        await page.ready()
        await self.activate(self.pages.index(page))
        if url != "about:blank":
            await page.navigate(url)
        return page

    async def activate(self, index: int) -> None:
        """Bring a tab to the front; raise :class:`ActionError` where there is none of this index."""
        if not 0 <= index < len(self.pages):
            raise ActionError(f"there is no tab {index}; there are tabs 0 to {len(self.pages) - 1}")
        self.active = index
        if len(self.pages) > 1:
            await self.page.send("Page.bringToFront")

    async def close_page(self, index: int) -> None:
        """Close a tab; the last one stays."""
        if not 0 <= index < len(self.pages):
            raise ActionError(f"there is no tab {index}; there are tabs 0 to {len(self.pages) - 1}")
        if len(self.pages) == 1:
            raise ActionError("the only tab cannot be closed")
        page = self.pages[index]
        await self._ask("Target.closeTarget", {"targetId": page.id})
        self._remove(page)
        await self.activate(self.active)

    async def tabs(self) -> tuple[Tab, ...]:
        """Return the open tabs' addresses and titles."""
        pages = tuple(self.pages)
        infos = await asyncio.gather(*(self._ask("Target.getTargetInfo", {"targetId": page.id}) for page in pages))
        titles = [info["targetInfo"]["title"][:MAX_TITLE] for info in infos]
        return tuple(Tab(url=page.url[:MAX_URL], title=title) for page, title in zip(pages, titles, strict=True))

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a command to the browser itself; raise :class:`BrowserCrashedError` where it does not answer."""
        try:
            async with asyncio.timeout(self._control.call_timeout_s):
                result: dict[str, Any] = await self._devtools.send(method, params)
                return result
        except (DevToolsError, TimeoutError) as error:
            raise BrowserCrashedError(f"the browser did not answer {method}: {error or 'time is up'}") from error

    async def answer(self, *, accept: bool, text: str = "") -> None:
        """Answer the dialog of the tab in front."""
        await self.page.answer(accept=accept, text=text)

    def _on_dialog(self, page: Page) -> None:
        """Bring a tab to the front that shows a dialog; those that it shares a process with stand still as well."""
        assert page.dialog is not None
        if page in self.pages and page is not self.page:
            for other in self.pages:
                if other is not page:
                    other.stand_still(page.dialog)
            self.active = self.pages.index(page)
            page.post("Page.bringToFront")

    async def ready(self) -> None:
        """Wait until tabs that pages have opened are set up; one that is gone meanwhile needs none of that."""
        for page in list(self.pages):
            try:
                await page.ready()
            except BrowserCrashedError:
                if not page.closed:
                    raise
        if not self.pages:  # the page closed itself
            await self.open()

    async def close(self) -> bool:
        """Close the tabs and forget the profile; return whether the browser did so in time."""
        for page in self.pages:
            page.lost()
        self._on_close(self.id)
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._devtools.send("Target.disposeBrowserContext", {"browserContextId": self.id})
        except (DevToolsError, TimeoutError):
            return False
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)  # a few files: no thread may start while Python ends
        return True

    def begin_at(self, *, seed: int, elapsed_ms: float) -> None:
        """Have documents that open from now on begin at a page time, each with a chance of its own."""
        self._beginning = InitScript(source=f"webdual.begin({seed}, {elapsed_ms})", isolated=True)
        for page in self.pages:
            page.replace_last_script(self._beginning)

    def adopt(self, info: dict[str, Any], *, session: str) -> None:
        """Take in a tab that has opened, by us or by a page; it comes to the front."""
        page = Page(
            target_id=info["targetId"],
            session=session,
            devtools=self._devtools,
            control=self._control,
            viewport=self._viewport,
        )
        page.on_dialog = self._on_dialog
        page.start(self._scripts)
        if self._beginning is not None:
            page.replace_last_script(self._beginning)
        if self._on_page is not None:
            self._on_page(page)
        page.run()
        self.pages.append(page)
        self.active = len(self.pages) - 1
        if len(self.pages) > MAX_TABS:  # a page that opens tabs without end
            self._refused.append(f"tab {info['url'][:200]}")
            self._devtools.post("Target.closeTarget", {"targetId": page.id})
            self._remove(page)

    def lose(self, session: str) -> None:
        """Take note that a tab has closed."""
        for page in [page for page in self.pages if page.session == session]:
            self._remove(page)

    def owns(self, frame_id: str) -> bool:
        """Whether a frame is part of one of the tabs."""
        return any(frame_id == frame.id for page in self.pages for frame in page.frames)

    def on_download(self, event: dict[str, Any]) -> None:
        """Take a ``Browser.downloadWillBegin``; a tab that was opened for the file alone goes."""
        guid = event["guid"]
        name = Path(event["suggestedFilename"]).name
        self.downloads[guid] = Download(name=name, url=event["url"], path=self._folder / guid)
        page = next((page for page in self.pages if page.id == event["frameId"]), None)
        if page is not None and page.url in ("", "about:blank") and len(self.pages) > 1:
            self._devtools.post("Target.closeTarget", {"targetId": page.id})
            self._remove(page)

    def on_progress(self, event: dict[str, Any]) -> None:
        """Take a ``Browser.downloadProgress``; cancel what goes over the quota."""
        guid = event["guid"]
        known = self.downloads[guid]
        size = int(event["receivedBytes"])
        self.downloads[guid] = replace(known, state=event["state"], size=size)
        if sum(download.size for download in self.downloads.values()) > self._quota and event["state"] == "inProgress":
            self._refused.append(f"download {known.url[:200]}")
            self._cancel(guid)

    def _cancel(self, guid: str) -> None:
        self._devtools.post("Browser.cancelDownload", {"guid": guid, "browserContextId": self.id})

    def _end_untold(self) -> None:
        """Break off downloads that the browser has not told of by the second look: nobody counts them.

        Their frames were gone when they began.
        """
        files = tuple(self._folder.iterdir()) if self._folder.is_dir() else ()
        untold = {file.stem for file in files} - self.downloads.keys()
        for file in files:
            if file.stem in untold & self._untold:
                self._refused.append("download of a frame that is gone")
                self._cancel(file.stem)
                file.unlink(missing_ok=True)
        self._untold = untold

    def _remove(self, page: Page) -> None:
        if page not in self.pages:
            return
        index = self.pages.index(page)
        page.lost()
        del self.pages[index]
        if index < self.active or self.active >= len(self.pages):
            self.active = max(0, self.active - 1)
