"""A request and the response to it, as a snapshot holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]  # names in lower case, in the order sent

CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")


def header(headers: Headers, name: str) -> str:
    """Return the first value of a header, or nothing; ``name`` is in lower case."""
    return next((value for known, value in headers if known == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a page asked for."""

    method: str  # in upper case
    url: str
    headers: Headers = ()
    body: bytes = b""
    kind: str = "other"  # DevTools' resource type in lower case: document, script, xhr, image, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered; the body is decoded, whatever its headers say."""

    status: int
    headers: Headers = ()
    body: str = ""  # its name among the snapshot's bodies; empty where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a page is told."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request, its response and when it was."""

    request: Request
    response: Response
    started: str = ""  # ISO 8601 with a time zone
    page: str = ""  # the address of the page that was being recorded
    run: int = 0  # each run began with the site's data as they were at the start


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snapshot:
    """What a site served."""

    exchanges: tuple[Exchange, ...]  # in the order of the responses
    bodies: Mapping[str, bytes]  # name -> decoded body
    pages: tuple[str, ...] = ()  # addresses that were opened, in order
    skipped: tuple[str, ...] = ()  # what could not be kept, in words
    source: str = ""  # the file it was read from
    digest: str = ""  # SHA-256 of that file, in hex

    @property
    def user_agent(self) -> str:
        """The recording browser's User-Agent, or nothing where none was recorded."""
        agents = (header(exchange.request.headers, "user-agent") for exchange in self.exchanges)
        return next((agent for agent in agents if agent), "")
