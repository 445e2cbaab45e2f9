"""Keeps a browser running for the environments of a process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from browser_env.browser import Browser
from browser_env.miniwob import HOST, pages_folder
from browser_env.options import BrowserOptions
from browser_env.serving import FolderServer


class BrowserHost:
    """Keeps one browser running for several environments, and starts another where it died."""

    def __init__(self, options: BrowserOptions | None = None):
        self._server = FolderServer(pages_folder())
        options = options or BrowserOptions()
        self._options = replace(options, host_map=(*options.host_map, (HOST, self._server.address)))
        self._browser: Browser | None = None
        self._starting = asyncio.Lock()

    @property
    def host_map(self) -> dict[str, str]:
        """The host names that this machine answers, with their ``address:port``."""
        return dict(self._options.host_map)

    async def browser(self) -> Browser:
        """Return the running browser, starting one if need be."""
        async with self._starting:
            if self._browser is not None and not self._browser.alive:
                await self.discard(self._browser)
            if self._browser is None:
                self._browser = await Browser.launch(self._options)
            return self._browser

    async def discard(self, browser: Browser) -> None:
        """Kill a browser that is not to be used again; environments ask for the next one."""
        if browser is self._browser:
            self._browser = None
        browser.kill()
        await browser.close()

    async def close(self) -> None:
        """End the browser and the page server."""
        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.close()
        await asyncio.to_thread(self._server.close)
