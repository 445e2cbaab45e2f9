"""Answers a page's requests from a snapshot, through DevTools' Fetch domain."""

from __future__ import annotations

import functools
import html
from typing import Any

from browser_env.errors import DataError
from browser_env.reading import only_reads
from browser_env.snapshot.exchange import Answer, Request, Snapshot
from browser_env.snapshot.matching import NOT_FOUND, Index, Miss, Playback, request_line
from browser_env.snapshot.wire import Wire, fulfil, refused_of, request_of, socket_of

MISSING_PAGE = "<!DOCTYPE html><title>Not in the snapshot</title><p>The snapshot has no answer to {}."


class Replayer:
    """Answers the pages of one episode; what it could not answer is in :attr:`misses`.

    Nothing is ever let through to a network, and the profile is to be offline besides. With ``read_only``, what may
    change the site and was not recorded fails as it would on the live site, and is no miss.
    """

    def __init__(self, snapshot: Snapshot, *, read_only: bool = False):
        self._snapshot = snapshot
        self._read_only = read_only
        self._playback = Playback(_index(snapshot))
        self.misses: list[Miss] = []

    def attach(self, wire: Wire) -> None:
        """Answer a page's requests from now on."""
        wire.on("Fetch.requestPaused", lambda event: self._on_request(wire, event))
        wire.on("Network.webSocketCreated", lambda event: self._refuse("websocket", socket_of(event)))
        wire.on("Runtime.consoleAPICalled", self._on_console)
        if self._snapshot.user_agent:
            wire.post("Network.setUserAgentOverride", {"userAgent": self._snapshot.user_agent})
        wire.post("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": "Request"}]})

    def _on_request(self, wire: Wire, event: dict[str, Any]) -> None:
        """Choose the answer at once, so that the order of requests decides and not the order of answers."""
        request = request_of(event)
        answer = self._find(request)
        if isinstance(answer, Miss) and self._read_only and not only_reads(request):
            wire.post("Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "Aborted"})
            return
        if isinstance(answer, Miss):
            self.misses.append(answer)
            answer = _no_answer(answer)
        fulfil(wire, event["requestId"], answer)

    def _find(self, request: Request) -> Answer | Miss:
        try:
            return self._playback.answer(request)
        except DataError as error:  # a body is damaged, which is found only when it is read
            return Miss(method=request.method, url=request.url, kind=request.kind, nearest=str(error))

    def _on_console(self, event: dict[str, Any]) -> None:
        if url := refused_of(event):
            self._refuse("serviceworker", url)

    def _refuse(self, kind: str, url: str) -> None:
        self.misses.append(Miss(method="GET", url=url, kind=kind, cosmetic=True))


@functools.lru_cache(maxsize=8)
def _index(snapshot: Snapshot) -> Index:
    """Return a snapshot's index, the same one for all its episodes."""
    return Index(snapshot)


def _no_answer(miss: Miss) -> Answer:
    """Return what a page is told instead: 404, and to an event source that there is nothing to come."""
    if miss.kind == "eventsource":
        return Answer(status=204, headers=(), body=b"")
    text = MISSING_PAGE.format(html.escape(request_line(miss.method, miss.url)))
    headers = (("content-type", "text/html; charset=utf-8"), ("access-control-allow-origin", "*"))
    return Answer(status=NOT_FOUND, headers=headers, body=text.encode())
