"""What a task's pages may reach, enforced outside the browser.

All connections of a profile go through a small proxy on the loopback address. It resolves each name itself and connects
to the very address that it has judged, so that a name which points elsewhere the second time gains nothing. Private
networks are closed unless the task names the host and port; documents of a tab stay at the task's origins.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from browser_env.places import is_allowed
from browser_env.reading import SAFE_METHODS, only_reads
from browser_env.snapshot.wire import DEAD, Wire, request_of, socket_of
from browser_env.task import Task

MAX_HEAD = 1 << 18  # bytes of a request's head
CHUNK = 1 << 16
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
HOP_HEADERS = (b"proxy-connection", b"connection", b"keep-alive", b"proxy-authorization")
PATIENCE_S = 10.0  # to reach a server
CLOSE_S = 1.0  # connections that stay longer end by themselves


EMBEDDING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))  # their last 32 bits are IPv4's

Place = tuple[str, int]  # host or address, and port
Resolve = Callable[[Place], Awaitable[list[str]]]  # gives a host's addresses, or raises OSError


async def resolve(place: Place) -> list[str]:
    """Return the addresses of a host; raise :class:`OSError` where there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(*place, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class RefusedError(Exception):
    """The task does not name this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where a request wants to go."""

    host: str
    port: int
    head: bytes = b""  # what the server is sent first; empty for a tunnel
    request: str = ""  # METHOD URL where that may change something


class Tab(Wire, Protocol):
    """A page as DevTools shows it, with the id of its main frame."""

    id: str


class Guard:
    """The proxy of one profile, and the watch over where its tabs go."""

    def __init__(self, task: Task, *, host_map: Mapping[str, str] | None = None, resolve: Resolve = resolve):
        self.task = task  # whose places and rights hold
        self._host_map = dict(host_map or {})  # host -> address:port on this machine
        self._resolve = resolve
        self._named: dict[Place, asyncio.Task[bool]] = {}  # the task's places: whether each was private at first
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._refused: list[str] = []
        self._allowed: Counter[str] = Counter()  # METHOD URL of what only reads by a changing method: how many may pass

    @property
    def address(self) -> str:
        """The proxy's address, for Chromium."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> Self:
        """Begin to listen."""
        self.hold_to(self.task)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_HEAD)
        return self

    async def close(self) -> None:
        """Drop all connections; safe to call twice."""
        for asking in self._named.values():
            asking.cancel()
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=CLOSE_S)

    def hold_to(self, task: Task) -> None:
        """Keep to a task's places and rights from now on; what is known of a place already stays so."""
        places = {_place(url) for url in (task.url, *task.allowed_origins)}
        for place in self._named.keys() - places:
            self._named.pop(place).cancel()
        for place in places - self._named.keys():
            self._named[place] = asyncio.ensure_future(self._is_private(place))
        self.task = task

    def take_refused(self) -> tuple[str, ...]:
        """Return what was refused since the last time, as addresses or ``host:port``."""
        refused, self._refused = tuple(dict.fromkeys(self._refused)), []
        return refused

    def watch(self, tab: Tab) -> None:
        """Hold a tab's own documents to the task's origins, and all of it to reading where the task only reads."""

        def on_paused(event: dict[str, Any]) -> None:
            if not self.refuse(tab, event):
                tab.post("Fetch.continueRequest", {"requestId": event["requestId"]})

        tab.on("Fetch.requestPaused", on_paused)
        if self.task.read_only:
            tab.on("Network.webSocketCreated", lambda event: self._refused.append(f"unjudged {event['url'][:200]}"))
        kinds = {} if self.task.read_only else {"resourceType": "Document"}
        tab.post("Fetch.enable", {"patterns": [{"urlPattern": "*", **kinds}]})

    def watch_sockets(self, tab: Tab) -> None:
        """Note the WebSockets of a tab whose pages are not given any."""
        tab.on("Network.webSocketCreated", lambda event: self._refused.append(f"WebSocket {socket_of(event)[:200]}"))

    def refuse(self, tab: Tab, event: dict[str, Any]) -> bool:
        """Fail a request that is not to be sent, by its ``Fetch.requestPaused``; say whether it was failed."""
        request, reason = request_of(event), "BlockedByClient"
        if event["frameId"] == tab.id and request.kind == "document" and not is_allowed(request.url, self.task):
            self._refused.append(request.url[:200])
        elif self.task.read_only and not only_reads(request):
            self._refused.append(f"{request.method} {request.url[:200]}")
            reason = "Aborted"  # the page stays where it is
        else:
            if request.method not in SAFE_METHODS:
                self._allowed[f"{request.method} {request.url}"] += 1
            return False
        tab.post("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": reason})
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections[connection] = writer
        try:
            await self._connect(reader, writer)
        except RefusedError as error:
            self._refused.append(str(error))
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the browser sees a connection that ends, as it would without the proxy
        finally:
            del self._connections[connection]
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted = parse_head(await reader.readuntil(b"\r\n\r\n"))
        if self.task.read_only and wanted.request:
            if not self._allowed[wanted.request]:  # a worker's, which no tab tells of
                raise RefusedError(wanted.request)
            self._allowed[wanted.request] -= 1
        async with asyncio.timeout(PATIENCE_S):
            server_reader, server_writer = await _connect_to(await self._admit((wanted.host, wanted.port)))
        try:
            if wanted.head:
                server_writer.write(wanted.head)
            else:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await asyncio.gather(_pass_on(reader, server_writer), _pass_on(server_reader, writer))
        finally:
            server_writer.transport.abort()

    async def _admit(self, place: Place) -> list[Place]:
        """Return where to connect to, the best first; raise :class:`RefusedError` where there is no such place.

        Private addresses are for places that the task names and that were private when it began: one that turns
        private later was led there.
        """
        host, port = place
        if host == DEAD:
            raise ConnectionRefusedError(host)
        if host in self._host_map:
            address, _, mapped = self._host_map[host].rpartition(":")
            return [(address, int(mapped))]
        found = await self._resolve(place)
        if not all(map(_is_public, found)) and not (place in self._named and await asyncio.shield(self._named[place])):
            found = [address for address in found if _is_public(address)]
        if not found:
            raise RefusedError(f"{host}:{port}")
        return [(address, port) for address in found]

    async def _is_private(self, place: Place) -> bool:
        try:
            return not all(map(_is_public, await self._resolve(place)))
        except (OSError, ValueError):  # nothing is known of it
            return False


def _is_public(address: str) -> bool:
    """Whether an address is on the internet; one that an IPv4 address is translated or tunnelled to counts as that."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if any(found in network for network in EMBEDDING):
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None and not inner.is_global:
            return False
    return found.is_global and not found.is_multicast


async def _connect_to(places: Sequence[Place]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first place that answers; raise :class:`OSError` where none does."""
    for place in places[:-1]:
        with contextlib.suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(PATIENCE_S / len(places)):
                return await asyncio.open_connection(*place)
    return await asyncio.open_connection(*places[-1])


def parse_head(head: bytes) -> Wanted:
    """Read the head of a proxied request; raise :class:`ValueError` for what is none."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, version = first.decode("latin-1").split(" ")
    if method == "CONNECT":
        host, port = _split_port(target, default=443)
        return Wanted(host=host, port=port)
    parts = urlsplit(target)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{parts.scheme} is not passed on")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in HOP_HEADERS]
    request = f"{method} {path} {version}".encode("latin-1")
    return Wanted(
        host=parts.hostname,
        port=parts.port or PORTS["http"],
        request="" if method in SAFE_METHODS else f"{method} {target}",
        head=b"\r\n".join([request, *kept, b"Connection: close", b"", b""]),
    )


def _place(url: str) -> Place:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


def _split_port(target: str, *, default: int) -> tuple[str, int]:
    parts = urlsplit(f"//{target}")
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or default


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the sender ends, then tell the receiver so."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
