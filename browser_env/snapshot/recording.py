"""Keeps what a page is served, bodies included, through DevTools' Fetch domain."""

from __future__ import annotations

import asyncio
import base64
import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from browser_env.errors import DialogOpenError, InfraError
from browser_env.snapshot.archive import body_name
from browser_env.snapshot.exchange import CHANGING_METHODS, Exchange, Request, Response, Snapshot, header
from browser_env.snapshot.har import EMPTY_STATUSES
from browser_env.snapshot.matching import answer_of
from browser_env.snapshot.secrets import without_secret_headers, without_secret_values, without_secrets
from browser_env.snapshot.thinning import thinned
from browser_env.snapshot.wire import Wire, fulfil, lower_headers, refused_of, request_of, socket_of

READ_TIMEOUT_S = 30.0  # for some more of a body; an answer that goes on without end is not kept
READ_BYTES = 1 << 20
MAX_READS = 256


@dataclass(slots=True, kw_only=True)
class Run:
    """The pages of one episode."""

    number: int = 0
    page: str = ""  # where it began
    places: dict[str, int] = field(default_factory=dict)  # of requests under way, by DevTools' id


class Recorder:
    """Records pages, one after the other or at once; :meth:`snapshot` returns what it has.

    Every episode is a run that begins with the site's data as they were at the start; with ``one_run`` they go on from
    each other's changes. With ``private``, as behind a login, secrets in bodies and addresses are not kept either.
    """

    def __init__(
        self, *, user_agent: str = "", keep_secrets: bool = False, one_run: bool = False, private: bool = False
    ):
        self._user_agent = user_agent
        self._private = private and not keep_secrets
        self._keep_secrets = keep_secrets
        self._one_run = one_run
        self._num_runs = 0
        self._exchanges: list[Exchange | None] = []  # None: its answer is under way
        self._bodies: dict[str, bytes] = {}
        self._pages: dict[str, None] = {}
        self._skipped: dict[str, None] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self.num_exchanges = 0  # how many answers have come so far
        self.wire: Wire | None = None  # of the page attached last

    def begin_run(self, url: str) -> Callable[..., None]:
        """Begin a run at a page; return what each of its tabs is to be given to: :meth:`attach` for this run."""
        run = Run(number=0 if self._one_run else self._num_runs, page=url)
        self._num_runs += 1
        self._pages[url] = None
        return functools.partial(self.attach, run=run)

    def skip(self, what: str) -> None:
        """Note something that could not be kept."""
        self._skipped[what] = None

    def attach(
        self, wire: Wire, *, run: Run | None = None, refuse: Callable[[dict[str, Any]], bool] | None = None
    ) -> None:
        """Record a page from now on; ``refuse`` sees each request before it is sent and says whether it failed it."""
        run = run or Run()
        self.wire = wire
        wire.on("Network.requestWillBeSent", lambda event: self._on_request(run, event))
        wire.on("Fetch.requestPaused", lambda event: self._on_paused(wire, run, event, refuse))
        wire.on("Network.webSocketCreated", lambda event: self.skip(f"websocket {socket_of(event)[:300]}"))
        wire.on("Runtime.consoleAPICalled", self._on_console)
        if self._user_agent:
            wire.post("Network.setUserAgentOverride", {"userAgent": self._user_agent})
        wire.post("Network.setCacheDisabled", {"cacheDisabled": True})  # a whole answer to each request
        stages = ("Request", "Response") if refuse else ("Response",)
        wire.post("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": stage} for stage in stages]})

    async def snapshot(self) -> Snapshot:
        """Return what was recorded, when all bodies under way are in; what several runs have in common, once."""
        await asyncio.gather(*self._keeping)
        exchanges = thinned([exchange for exchange in self._exchanges if exchange is not None])
        used = {exchange.response.body for exchange in exchanges}
        return Snapshot(
            exchanges=exchanges,
            bodies={name: body for name, body in self._bodies.items() if name in used},
            pages=tuple(self._pages),
            skipped=tuple(self._skipped),
        )

    def _on_request(self, run: Run, event: dict[str, Any]) -> None:
        """Have what only reads stand before the changes that are answered later."""
        if event["request"]["method"] not in CHANGING_METHODS:
            run.places[event["requestId"]] = self._next_place()

    def _on_paused(
        self, wire: Wire, run: Run, event: dict[str, Any], refuse: Callable[[dict[str, Any]], bool] | None
    ) -> None:
        if "responseStatusCode" in event or "responseErrorReason" in event:
            self._on_response(wire, run, event)
        elif refuse is None or not refuse(event):
            wire.post("Fetch.continueRequest", {"requestId": event["requestId"]})

    def _on_response(self, wire: Wire, run: Run, event: dict[str, Any]) -> None:
        place = run.places.pop(event.get("networkId", ""), None)
        place = self._next_place() if place is None else place
        self.num_exchanges += 1
        self._keeping.append(asyncio.ensure_future(self._keep(wire, event, place=place, run=run)))

    def _next_place(self) -> int:
        self._exchanges.append(None)
        return len(self._exchanges) - 1

    def _on_console(self, event: dict[str, Any]) -> None:
        if url := refused_of(event):
            self.skip(f"serviceworker {url[:300]}")

    async def _keep(self, wire: Wire, event: dict[str, Any], *, place: int, run: Run) -> None:
        request, started = request_of(event), datetime.now(UTC).isoformat()
        reason = event.get("responseErrorReason") or _endless(request, event)
        try:
            if reason:
                wire.post("Fetch.continueRequest", {"requestId": event["requestId"]})
            else:
                response = await self._pass_on(wire, event, request)
                request = self._bare(request)
                self._exchanges[place] = Exchange(
                    request=request, response=response, started=started, page=run.page, run=run.number
                )
        except (InfraError, DialogOpenError) as error:  # the page has given the request up, or is gone
            reason = str(error)
        if reason:
            self.skip(f"{request.kind} {request.method} {request.url[:300]}: {reason}")

    async def _pass_on(self, wire: Wire, event: dict[str, Any], request: Request) -> Response:
        """Read an answer and give it to the page as a snapshot will; raise :class:`InfraError` where that fails."""
        status, id_ = event["responseStatusCode"], event["requestId"]
        headers = lower_headers((row["name"], row["value"]) for row in event.get("responseHeaders", ()))
        body = b""
        if request.method == "HEAD" or status in EMPTY_STATUSES or 300 <= status <= 399:
            wire.post("Fetch.continueRequest", {"requestId": id_})
        else:
            try:
                body = await _read_body(wire, id_)
            except TimeoutError as error:
                wire.post("Fetch.failRequest", {"requestId": id_, "errorReason": "TimedOut"})
                raise InfraError(f"its answer paused for more than {READ_TIMEOUT_S:.0f} s") from error
            fulfil(wire, id_, answer_of(status, headers, body))
        kind = header(headers, "content-type")
        body = without_secret_values(body, kind) if self._private else body
        name = body_name(body, kind)
        if name:
            self._bodies[name] = body
        kept = headers if self._keep_secrets else without_secret_headers(headers)
        return Response(status=status, headers=kept, body=name)

    def _bare(self, request: Request) -> Request:
        if not self._keep_secrets:
            request = replace(request, headers=without_secret_headers(request.headers))
        return without_secrets(request) if self._private else request


def _endless(request: Request, event: dict[str, Any]) -> str:
    """Say why an answer's body is not waited for, or nothing."""
    events = header(request.headers, "accept") == "text/event-stream"
    return "a stream of events" if events and event.get("responseStatusCode") == 200 else ""


async def _read_body(wire: Wire, request_id: str) -> bytes:
    """Return a decoded body, part by part; raise TimeoutError where it goes on without end."""
    stream = (await wire.send("Fetch.takeResponseBodyAsStream", {"requestId": request_id}))["stream"]
    parts = []
    for _ in range(MAX_READS):
        asked = wire.send("IO.read", {"handle": stream, "size": READ_BYTES})
        part = await asyncio.wait_for(asked, READ_TIMEOUT_S)
        data: str = part["data"]
        parts.append(base64.b64decode(data) if part.get("base64Encoded") else data.encode("utf-8", "surrogatepass"))
        if part["eof"]:
            return b"".join(parts)
    raise TimeoutError
