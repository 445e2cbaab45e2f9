"""What a site asks of programs that visit it, by its robots.txt (RFC 9309)."""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from browser_env.errors import ClosedError
from browser_env.snapshot.normalising import origin
from browser_env.snapshot.robots_txt import Rules

TIMEOUT_S = 10.0
MAX_BYTES = 500 << 10  # as much of the file as has to be read


def is_own(url: str) -> bool:
    """Say whether an address is this machine's, which nobody has to be asked for."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Manners:
    """Keeps visits to what robots.txt allows, and a time between them; this machine's own pages need neither."""

    def __init__(self, *, delay_s: float, user_agent: str):
        self._delay_s = delay_s
        self._user_agent = user_agent
        self._rules: dict[str, Rules] = {}
        self._next_s = float("-inf")

    async def why_not(self, url: str) -> str:
        """Return why an address may not be visited, or nothing."""
        if is_own(url):
            return ""
        rules = await self._of(url)
        if rules.problem:
            return f"is closed, as its site's robots.txt cannot be read: it {rules.problem}"
        return "" if rules.allow(url) else "is closed by robots.txt"

    async def ask(self, url: str) -> None:
        """Return when an address may be visited; raise :class:`ClosedError` where its site does not want it."""
        if reason := await self.why_not(url):
            raise ClosedError(url, reason)
        if is_own(url):
            return
        delay_s = max(self._delay_s, (await self._of(url)).delay_s)
        now = time.monotonic()
        at = max(now, self._next_s)
        self._next_s = at + delay_s
        await asyncio.sleep(at - now)

    async def _of(self, url: str) -> Rules:
        site = origin(url)
        if site not in self._rules:
            self._rules[site] = await fetch_rules(url, user_agent=self._user_agent)
        return self._rules[site]


async def fetch_rules(url: str, *, user_agent: str) -> Rules:
    """Return the rules of an address's site; a site that does not answer, or refuses them, allows nothing."""
    return await asyncio.to_thread(_fetch, f"{origin(url)}/robots.txt", user_agent)


def _fetch(url: str, user_agent: str) -> Rules:
    request = urllib.request.Request(url, headers={"User-Agent": user_agent})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return Rules(answer.read(MAX_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        error.close()
        has_none = 400 <= error.code < 500 and error.code not in (401, 403, 429)
        return Rules("", problem="" if has_none else f"answers {error.code}")
    except (OSError, ValueError, http.client.HTTPException):
        return Rules("", problem="does not answer")
