"""Requests to a server: patient while it is busy or away, plain about refusals, silent about the key."""

from __future__ import annotations

import email.utils
import ipaddress
import json
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from browser_env.errors import InfraError, UsageError

KEY = "WEBDUAL_API_KEY"  # the environment variable that holds the server's key; of no other service, so none leaks
BUSY = (408, 409, 425, 429, 500, 502, 503, 504, 529)  # answers after which it is worth to ask again
MOST_BYTES = 32 << 20  # of an answer
CHUNK = 1 << 16
QUOTED = 300  # characters of what a server says that an error repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where a server is, and how patient one is with it."""

    url: str  # up to and with /v1
    model: str
    timeout_s: float = 120.0  # for one answer
    retries: int = 5
    backoff_s: float = 0.5  # before the first retry; doubles with each, with chance mixed in
    longest_wait_s: float = 60.0  # before a retry; a server that wants more is given up
    parallel: int = 16  # requests at once

    def __post_init__(self) -> None:
        parts = _split(self.url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("a server's address is like http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UsageError(f"a server's address holds no names, keys or parameters; a key goes into {KEY}")
        if not self.model:
            raise UsageError("name the model that the server is asked for")
        if min(self.timeout_s, self.parallel) <= 0 or min(self.retries, self.backoff_s, self.longest_wait_s) < 0:
            raise UsageError("a server needs a timeout and requests at once above 0, and retries and waits from 0")

    @property
    def is_here(self) -> bool:
        """Whether the server is on this machine."""
        host = urllib.parse.urlsplit(self.url).hostname or ""
        with suppress(ValueError):
            return ipaddress.ip_address(host).is_loopback
        return host == "localhost"


class RefusedError(InfraError):
    """The server does not want this request, and will not the next time."""

    def __init__(self, message: str, *, status: int, said: str, again: bool) -> None:
        super().__init__(message)
        self.status, self.said, self.again = status, said, again  # again: it was not the first try


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for an answer, as the key would follow it anywhere."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class Poster:
    """Asks a server; threads may share one."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.retried = 0
        self._lock = threading.Lock()
        direct = [urllib.request.ProxyHandler({})] if config.is_here else []  # no proxy sees what stays here
        self._open = urllib.request.build_opener(_NoRedirects, *direct).open

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        """Send a body to a path, or read what is there, until it is answered.

        Raise :class:`RefusedError` where the server does not want it, and :class:`InfraError` where it stays away.
        """
        url, why, wait_s = f"{self.config.url.rstrip('/')}/{path}", "", 0.0
        for attempt in range(self.config.retries + 1):
            if attempt:
                self._wait(url, attempt, at_least_s=wait_s, why=why)
            try:
                return self._send(url, body)
            except urllib.error.HTTPError as error:
                said, wait_s = _said(error), _retry_after(error.headers.get("Retry-After"))
                why = f"HTTP {error.code}: {said[:QUOTED]}"
                if error.code not in BUSY:
                    raise RefusedError(
                        f"{url} refused: {why}", status=error.code, said=said, again=attempt > 0
                    ) from error
            except (OSError, HTTPException) as error:  # it is away, too slow, or speaks no HTTP
                why, wait_s = masked(str(error) or type(error).__name__)[:QUOTED], 0.0
        raise InfraError(f"{url} did not answer, {self.config.retries + 1} times: {why}")

    def _wait(self, url: str, attempt: int, *, at_least_s: float, why: str) -> None:
        longest = self.config.longest_wait_s
        if at_least_s > longest:
            raise InfraError(f"{url} wants to be asked again in {at_least_s:.0f} s; come back then. It said {why}")
        backoff_s = min(self.config.backoff_s * 2 ** (attempt - 1), longest) * random.uniform(0.5, 1.5)
        time.sleep(at_least_s + backoff_s)
        with self._lock:
            self.retried += 1

    def _send(self, url: str, body: Mapping[str, Any] | None) -> bytes:
        key = api_key()
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        data = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + self.config.timeout_s
        request = urllib.request.Request(url, data=data, headers=headers)
        with self._open(request, timeout=self.config.timeout_s) as response:
            read = bytearray()
            while chunk := response.read1(CHUNK):
                read += chunk
                if len(read) > MOST_BYTES:
                    raise InfraError(f"{url} answered more than {MOST_BYTES >> 20} MiB; see what runs there")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the answer took more than {self.config.timeout_s:g} s")
            if response.length:
                raise ConnectionError("the answer was cut short")
        return bytes(read)


def api_key() -> str | None:
    """Return the key for servers that want one; raise :class:`UsageError` where it can be none."""
    key = os.environ.get(KEY, "").strip()
    if not all("!" <= letter <= "~" for letter in key):
        raise UsageError(f"{KEY} holds more than a key: there are blanks or letters beyond ASCII in it")
    return key or None


def _split(url: str) -> urllib.parse.SplitResult | None:
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts


def _said(error: urllib.error.HTTPError) -> str:
    """Return what a server says of an error, in one line, without the key."""
    said = b""
    with suppress(OSError, HTTPException), error:
        said = error.read(CHUNK)
    return masked(" ".join(said.decode(errors="replace").split()))


def masked(text: str) -> str:
    """Return a text without the key."""
    key = os.environ.get(KEY, "").strip()
    return text.replace(key, "***") if key else text


def _retry_after(header: str | None) -> float:
    """Return how many seconds a server wants to be left alone: it says so in seconds, or as a date."""
    if header is None:
        return 0.0
    try:
        return max(0.0, float(int(header)))
    except ValueError:
        with suppress(ValueError, TypeError):
            at = email.utils.parsedate_to_datetime(header)
            return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return 0.0
