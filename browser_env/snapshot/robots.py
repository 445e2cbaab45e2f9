"""What a site asks of programs that visit it, by its robots.txt (RFC 9309)."""

from __future__ import annotations

import asyncio
import ipaddress
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from browser_env.errors import UsageError
from browser_env.snapshot.normalising import origin

NAME = "webdual"  # what robots.txt may call this program
TIMEOUT_S = 10.0
MAX_BYTES = 500 << 10  # as much of the file as has to be read
NOBODY = "User-agent: *\nDisallow: /"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one site."""

    text: str

    def allow(self, url: str) -> bool:
        """Say whether an address may be opened."""
        return self._parser().can_fetch(NAME, url)

    @property
    def delay_s(self) -> float:
        """Seconds that the site wants between two visits."""
        return float(self._parser().crawl_delay(NAME) or 0)

    def _parser(self) -> RobotFileParser:
        parser = RobotFileParser()
        parser.modified()  # else it allows nothing
        parser.parse(self.text.splitlines())
        return parser


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

    async def ask(self, url: str) -> None:
        """Return when an address may be visited; raise :class:`UsageError` where robots.txt closes it."""
        if is_own(url):
            return
        site = origin(url)
        if site not in self._rules:
            self._rules[site] = await fetch_rules(url, user_agent=self._user_agent)
        if not self._rules[site].allow(url):
            raise UsageError(f"the robots.txt of {site} does not let programs open {url[:200]}")
        now = time.monotonic()
        at = max(now, self._next_s)
        self._next_s = at + max(self._delay_s, self._rules[site].delay_s)
        await asyncio.sleep(at - now)


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
        return Rules("" if has_none else NOBODY)
    except (OSError, ValueError):
        return Rules(NOBODY)
