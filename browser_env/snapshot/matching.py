"""Which recorded response answers a request; docs/snapshots.md has the rules. Nothing here knows a browser."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from browser_env.snapshot.changes import History, changes_something, clocks_in, distance, histories
from browser_env.snapshot.exchange import Answer, Exchange, Headers, Request, Response, Snapshot, header
from browser_env.snapshot.normalising import are_alike, moments, negotiation, origin, place, query, request_key
from browser_env.snapshot.secrets import without_secrets

ASSETS = ("script", "stylesheet", "image", "font", "media")
COSMETIC = ("image", "font", "media", "ping", "manifest", "prefetch", "texttrack", "cspviolationreport", "eventsource")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
UNMADE = "recorded only after a change that was not made"
NOT_FOUND = 404  # the status of what a page is told in place of a missing answer
UNSENT = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "alt-svc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A request that a snapshot has no answer to."""

    method: str
    url: str
    kind: str  # DevTools' resource type in lower case, or websocket, serviceworker
    nearest: str = ""  # how the nearest recorded request differs, in words
    cosmetic: bool = False  # a page does what it does without the answer

    def __str__(self) -> str:
        differs = f" ({self.nearest})" if self.nearest else ""
        return f"{self.kind} {request_line(self.method, self.url)}{differs}"


def request_line(method: str, url: str) -> str:
    """Return a request in words, as misses tell of it."""
    return f"{method} {url[:300]}"


def read_miss(text: str) -> tuple[str, str]:
    """Return the kind and the :func:`request_line` of a miss that was told of in words."""
    kind, _, line = text.partition(" (")[0].partition(" ")
    return kind, line


class Index:
    """The exchanges of a snapshot, found by what was asked; never changes, so episodes share it."""

    def __init__(self, snapshot: Snapshot):
        self.snapshot = snapshot
        self._by_key: defaultdict[str, list[int]] = defaultdict(list)
        self._by_place: defaultdict[str, list[int]] = defaultdict(list)
        self._clocks = clocks_in(snapshot.exchanges)
        self.keys = [request_key(exchange.request, self._clocks) for exchange in snapshot.exchanges]
        self._moments = [moments(exchange.request, self._clocks) for exchange in snapshot.exchanges]
        for number, exchange in enumerate(snapshot.exchanges):
            self._by_place[place(exchange.request.url)].append(number)
            self._by_key[self.keys[number]].append(number)
        self._changes = [n for n, exchange in enumerate(snapshot.exchanges) if changes_something(exchange)]
        self.changes = frozenset(self._changes)
        self.histories = histories(snapshot.exchanges, self.keys)
        self.has_runs = len({exchange.run for exchange in snapshot.exchanges}) > 1

    def find(self, request: Request) -> list[int]:
        """Return the numbers of the exchanges that answer a request, in recorded order."""
        found = self._exact(request)
        if not found and request.method == "HEAD":
            found = self._exact(replace(request, method="GET"))
        if not found and header(request.headers, "range"):
            whole = tuple(row for row in request.headers if row[0] != "range")
            found = self._exact(replace(request, headers=whole))
        if not found and (bare := without_secrets(request)) != request:
            found = self._exact(bare)
        if not found and request.method == "GET" and request.kind in ASSETS:
            found = self._asset(request)
        return self._negotiated(found, request)

    def at_place(self, url: str) -> list[Exchange]:
        """Return the exchanges with an address, its query aside."""
        return [self.snapshot.exchanges[number] for number in self._by_place.get(place(url), [])]

    def changes_between(self, first: int, last: int) -> list[int]:
        """Return the changing exchanges of the same origin that were recorded between two of one run."""
        here = self._origin_and_run(last)
        return [n for n in self._changes if first < n < last and self._origin_and_run(n) == here]

    def _origin_and_run(self, number: int) -> tuple[str, int]:
        exchange = self.snapshot.exchanges[number]
        return origin(exchange.request.url), exchange.run

    def _exact(self, request: Request) -> list[int]:
        """Return those with the same key, whose moments are as far from their clock."""
        found = self._by_key.get(request_key(request, self._clocks), [])
        asked = moments(request, self._clocks) if found else ()
        return [number for number in found if are_alike(request, self._moments[number], asked)]

    def _asset(self, request: Request) -> list[int]:
        """Return the recordings of a file under other queries, where the query made no difference."""
        numbers = self._by_place.get(place(request.url), [])
        answers = {self.snapshot.exchanges[number].response.body for number in numbers}
        kinds = {self.snapshot.exchanges[number].request.kind for number in numbers}
        return numbers[:1] if len(answers) == 1 and kinds <= set(ASSETS) else []

    def _negotiated(self, numbers: list[int], request: Request) -> list[int]:
        """Return those whose headers fit the request best, of one kind of request only."""
        if len(numbers) < 2:
            return numbers
        wanted = negotiation(request)
        offered = {number: negotiation(self.snapshot.exchanges[number].request) for number in numbers}
        best = min(numbers, key=lambda number: (len(wanted ^ offered[number]), number))
        return [number for number in numbers if offered[number] == offered[best]]


class Playback:
    """Answers the requests of one episode, in their order."""

    def __init__(self, index: Index):
        self._index = index
        self._served: set[int] = set()
        self._at: dict[int, int] = {}  # a sequence's first exchange -> the one it has come to
        self._made: defaultdict[str, History] = defaultdict(tuple)  # the episode's changes so far, by origin

    def answer(self, request: Request) -> Answer | Miss:
        """Return the recorded answer to a request, or that there is none."""
        found = self._index.find(request)
        numbers = self._of_a_run(found, request) if self._index.has_runs else found
        if numbers:
            number = self._next(numbers)
            self._served.add(number)
            if number in self._index.changes:
                self._made[origin(request.url)] += (self._index.keys[number],)
            return self._read(self._index.snapshot.exchanges[number].response, request)
        if found:
            return replace(self._miss(request), nearest=UNMADE)
        return _preflight(self._index.at_place(request.url), request) or self._miss(request)

    def _of_a_run(self, numbers: Sequence[int], request: Request) -> list[int]:
        """Return the answers of the run that had changed most nearly what this episode has, and nothing beyond."""
        if not numbers:
            return []
        histories, exchanges = self._index.histories, self._index.snapshot.exchanges
        made = self._made[origin(request.url)]
        best = min(numbers, key=lambda number: distance(histories[number], made))
        if distance(histories[best], made)[0] and request.kind not in ASSETS:
            return []
        run, history = exchanges[best].run, histories[best]
        return [n for n in numbers if exchanges[n].run == run and histories[n] == history]

    def _next(self, numbers: Sequence[int]) -> int:
        """Return which of several answers is due.

        The next one is, once the one before was given; but one that was recorded after a change of the site, only
        when that change has been made; and then at once.
        """
        last = self._at.get(numbers[0], numbers[0])
        at = position = numbers.index(last) if last in numbers else 0  # else it came to one that is not asked for now
        for there in range(at + 1, len(numbers)):
            changes = self._index.changes_between(numbers[there - 1], numbers[there])
            if not self._served.issuperset(changes):
                break
            if changes or (there == at + 1 and numbers[at] in self._served):
                position = there
        self._at[numbers[0]] = numbers[position]
        return numbers[position]

    def _read(self, response: Response, request: Request) -> Answer:
        body = self._index.snapshot.bodies[response.body] if response.body else b""
        answer = answer_of(response.status, response.headers, body)
        if request.method == "HEAD":
            return replace(answer, body=b"")
        return _cut(answer, header(request.headers, "range"))

    def _miss(self, request: Request) -> Miss:
        events = header(request.headers, "accept") == "text/event-stream"
        kind = "eventsource" if events else request.kind
        return Miss(
            method=request.method,
            url=request.url,
            kind=kind,
            nearest=_difference(self._index.at_place(request.url), request),
            cosmetic=kind in COSMETIC or place(request.url).endswith("/favicon.ico"),
        )


def answer_of(status: int, headers: Headers, body: bytes) -> Answer:
    """Return an answer with a decoded body, without the headers that speak of how it was sent."""
    return Answer(status=status, headers=tuple(row for row in headers if row[0] not in UNSENT), body=body)


def _cut(answer: Answer, wanted: str) -> Answer:
    """Return the part of a whole answer that a Range header names; other answers stay as they are."""
    match = RANGE.fullmatch(wanted)
    if answer.status != 200 or match is None or int(match.group(1)) >= len(answer.body):
        return answer
    first = int(match.group(1))
    last = min(int(match.group(2) or len(answer.body)), len(answer.body) - 1)
    if last < first:
        return answer
    span = ("content-range", f"bytes {first}-{last}/{len(answer.body)}")
    headers = (*(row for row in answer.headers if row[0] != "content-range"), span)
    return Answer(status=206, headers=headers, body=answer.body[first : last + 1])


def _preflight(known: Sequence[Exchange], request: Request) -> Answer | None:
    """Allow what a page asks leave for (CORS) where the request itself was recorded."""
    method = header(request.headers, "access-control-request-method")
    if request.method != "OPTIONS" or not any(exchange.request.method == method for exchange in known):
        return None
    headers = (
        ("access-control-allow-origin", header(request.headers, "origin") or "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", method),
        ("access-control-allow-headers", header(request.headers, "access-control-request-headers")),
    )
    return Answer(status=204, headers=headers, body=b"")


def _difference(known: Sequence[Exchange], request: Request) -> str:
    """Say how the nearest recorded request to the same address differs."""
    if not known:
        return ""
    nearest = min(known, key=lambda exchange: len(_features(exchange.request) ^ _features(request)))
    if nearest.request.method != request.method:
        return f"recorded is {nearest.request.method}"
    changed = {name for name, _ in set(query(nearest.request.url)) ^ set(query(request.url))}
    return f"recorded with another {', '.join(sorted(changed))[:120]}" if changed else "recorded with another body"


def _features(request: Request) -> set[tuple[str, str]]:
    return {("", request.method), *query(request.url)}
