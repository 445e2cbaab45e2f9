import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.snapshot.exchange import Answer, Exchange, Headers, Request, Response, Snapshot
from browser_env.snapshot.matching import Index, Miss, Playback
from browser_env.snapshot.thinning import thinned

SITE = "http://shop.test"


def ask(text: str, *, body: bytes = b"", headers: Headers = (), kind: str = "xhr") -> Request:
    """A request from ``GET /path``."""
    method, _, path = text.partition(" ")
    return Request(
        method=method, url=path if path.startswith("http") else SITE + path, headers=headers, body=body, kind=kind
    )


def site(*rows: tuple[Any, ...]) -> Playback:
    """A site of (request, body) or (request, body, status, headers) in recorded order."""
    exchanges, bodies = [], {}
    for row in rows:
        request, body, status, headers = (*row, *(200, ())[len(row) - 2 :])
        name = hashlib.sha1(body).hexdigest() if body else ""
        bodies[name] = body
        response = Response(status=status, headers=headers, body=name)
        exchanges.append(Exchange(request=request if isinstance(request, Request) else ask(request), response=response))
    return Playback(Index(Snapshot(exchanges=tuple(exchanges), bodies=bodies)))


def runs(*rows: tuple[int, str | Request, bytes]) -> Snapshot:
    """A site of (run, request, body) in recorded order."""
    exchanges = tuple(
        Exchange(
            request=ask(request) if isinstance(request, str) else request,
            response=Response(status=200, body=body.decode()),
            run=run,
        )
        for run, request, body in rows
    )
    return Snapshot(exchanges=exchanges, bodies={body.decode(): body for _, _, body in rows})


def said(playback: Playback, *requests: str | Request) -> list[bytes | None]:
    """What each request is answered with; None where it is missed."""
    answers = [playback.answer(ask(request) if isinstance(request, str) else request) for request in requests]
    return [answer.body if isinstance(answer, Answer) else None for answer in answers]


def test_method_address_and_body_decide() -> None:
    playback = site(("GET /a?x=1&y=2", b"a"), (ask("POST /a", body=b"1"), b"p1"), (ask("POST /a", body=b"2"), b"p2"))
    assert said(playback, "GET /a?y=2&x=1", ask("POST /a", body=b"2"), ask("POST /a", body=b"1")) == [
        b"a",
        b"p2",
        b"p1",
    ]
    assert said(playback, "GET /a?x=2&y=2", "GET /b", "PUT /a", ask("POST /a", body=b"3")) == [None] * 4
    assert said(playback, "GET http://other.test/a?x=1&y=2") == [None]


def test_answers_come_in_recorded_order_and_the_last_repeats() -> None:
    playback = site(("GET /n?_=1704110400001", b"1"), ("GET /n?_=1704110400002", b"2"))
    assert said(playback, *["GET /n?_=1704110400009"] * 4) == [b"1", b"2", b"2", b"2"]


def test_what_came_after_a_change_waits_for_it() -> None:
    playback = site(("GET /list", b"old"), ("GET /list", b"still"), (ask("POST /add"), b"ok"), ("GET /list", b"new"))
    assert said(playback, *["GET /list"] * 3, "POST /add", *["GET /list"] * 2) == [
        b"old",
        b"still",
        b"still",
        b"ok",
        b"new",
        b"new",
    ]


def test_a_change_is_seen_at_once() -> None:
    playback = site(("GET /list", b"old"), ("GET /list", b"still"), (ask("POST /add"), b"ok"), ("GET /list", b"new"))
    assert said(playback, "POST /add", "GET /list") == [b"ok", b"new"]


def test_each_of_several_changes_is_waited_for() -> None:
    playback = site(
        ("GET /list", b"0"),
        (ask("POST /add"), b"ok"),
        ("GET /list", b"1"),
        (ask("POST /add"), b"ok"),
        ("GET /list", b"2"),
    )
    assert said(playback, "GET /list", "POST /add", "GET /list", "GET /list", "POST /add", "GET /list") == [
        b"0",
        b"ok",
        b"1",
        b"1",
        b"ok",
        b"2",
    ]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (ask("POST http://elsewhere.test/add"), 200),
        (ask("POST /add", kind="ping"), 200),
        (ask("POST /add"), 500),
        (ask("POST /runs/search"), 200),
        (ask("POST /graphql", body=b'{"query": "{ items }"}'), 200),
    ],
)
def test_what_changes_nothing_is_not_waited_for(request_: Request, status: int) -> None:
    playback = site(("GET /list", b"1"), (request_, b"", status, ()), ("GET /list", b"2"))
    assert said(playback, "GET /list", "GET /list") == [b"1", b"2"]


def test_content_is_negotiated() -> None:
    page, data = (("accept", "text/html"),), (("accept", "application/json"),)
    playback = site((ask("GET /x", headers=page), b"<p>"), (ask("GET /x", headers=data), b"{}"))
    assert said(playback, *[ask("GET /x", headers=data)] * 2, ask("GET /x", headers=page)) == [b"{}", b"{}", b"<p>"]


def test_head_is_answered_without_a_body() -> None:
    answer = site(("GET /x", b"content", 200, (("content-type", "text/plain"),))).answer(ask("HEAD /x"))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.headers) == (200, b"", (("content-type", "text/plain"),))


def test_a_range_is_cut_from_the_whole() -> None:
    playback = site(("GET /x", b"0123456789"))
    for wanted, body in [("bytes=2-4", b"234"), ("bytes=8-", b"89"), ("bytes=5-99", b"56789")]:
        answer = playback.answer(ask("GET /x", headers=(("range", wanted),)))
        assert isinstance(answer, Answer)
        assert (answer.status, answer.body) == (206, body)
    assert ("content-range", "bytes 5-9/10") in answer.headers
    for wanted in ("bytes=20-", "bytes=4-2", "bytes=-3", "lines=1"):
        assert said(playback, ask("GET /x", headers=(("range", wanted),))) == [b"0123456789"]


def test_a_recorded_range_is_another_request() -> None:
    part = (("range", "bytes=0-1"),)
    playback = site(
        (ask("GET /x", headers=part), b"01", 206, (("content-range", "bytes 0-1/9"),)), ("GET /x", b"whole")
    )
    assert said(playback, ask("GET /x", headers=part), "GET /x") == [b"01", b"whole"]


def test_a_file_is_found_under_another_query_where_the_query_made_no_difference() -> None:
    playback = site((ask("GET /a.js?v=1", kind="script"), b"js"), (ask("GET /b.png?n=1", kind="image"), b"1"))
    assert said(playback, ask("GET /a.js?v=2", kind="script"), ask("GET /a.js?v=2", kind="xhr")) == [b"js", None]
    playback = site((ask("GET /b.png?n=1", kind="image"), b"1"), (ask("GET /b.png?n=2", kind="image"), b"2"))
    assert said(playback, ask("GET /b.png?n=3", kind="image")) == [None]


def test_a_file_is_found_under_another_query_when_it_was_asked_for_twice() -> None:
    file = [ask(f"GET /a.js?v={version}", kind="script") for version in (1, 1, 2)]
    playback = site((file[0], b"js"), (file[1], b"js"))
    assert said(playback, *file) == [b"js"] * 3


NOON = 1704110400  # of the page's clock, when an episode begins


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        (NOON + 5 - 3600, [b"hour"]),
        (NOON - 40 - 6 * 3600, [b"six hours"]),
        (NOON - 12 * 3600, [None]),
        (f"{NOON - 3600}123", [b"hour"]),
        ("2024-01-01T11:00:09Z", [b"hour"]),
        ("2024-01-01T11:00", [None]),
    ],
)
def test_moments_are_told_apart_by_how_far_they_are_from_the_clock(asked: object, answers: list[bytes | None]) -> None:
    playback = site((f"GET /rows?from={NOON - 6 * 3600}", b"six hours"), (f"GET /rows?from={NOON - 3600}", b"hour"))
    assert said(playback, f"GET /rows?from={asked}") == answers


@pytest.mark.parametrize("form", ["title=Sync&when={}", '{{"rows": [{{"title": "Sync", "when": "{}"}}]}}'])
def test_a_change_at_another_time_is_another_change(form: str) -> None:
    def change(when: str) -> Request:
        kind = "application/json" if form.startswith("{") else "application/x-www-form-urlencoded"
        return ask("POST /meetings", body=form.format(when).encode(), headers=(("content-type", kind),))

    playback = site((change("2024-01-01T15:00:00"), b"three"), (change("2024-01-01T12:00:01"), b"now"))
    asked = ["2024-01-01T18:00:00", "2024-01-01T15:00:00", "2024-01-01T12:00:07", "2024-01-01T12:30:00"]
    assert said(playback, *map(change, asked)) == [None, b"three", b"now", None]


def test_a_preflight_is_allowed_where_its_request_was_recorded() -> None:
    playback = site((ask("PUT /x"), b"ok"))
    headers = (("access-control-request-method", "PUT"), ("origin", "http://me.test"))
    answer = playback.answer(ask("OPTIONS /x", headers=headers))
    assert isinstance(answer, Answer)
    assert ("access-control-allow-origin", "http://me.test") in answer.headers
    assert isinstance(playback.answer(ask("OPTIONS /y", headers=headers)), Miss)
    assert isinstance(playback.answer(ask("OPTIONS /x")), Miss)


def test_encodings_are_not_passed_on() -> None:
    headers = (("content-encoding", "br"), ("content-length", "3"), ("x-kept", "yes"), ("set-cookie", "a=1"))
    answer = site(("GET /x", b"text", 200, headers)).answer(ask("GET /x"))
    assert isinstance(answer, Answer)
    assert answer.headers == (("x-kept", "yes"), ("set-cookie", "a=1"))


def test_a_miss_names_the_nearest_request() -> None:
    playback = site(("GET /x?a=1&b=2", b"1"), (ask("POST /y", body=b"1"), b"2"))
    for request, nearest in [
        (ask("GET /x?a=1&b=3"), "recorded with another b"),
        (ask("POST /x?a=1&b=2"), "recorded is GET"),
        (ask("POST /y", body=b"2"), "recorded with another body"),
        (ask("GET /z"), ""),
    ]:
        miss = playback.answer(request)
        assert isinstance(miss, Miss)
        assert miss.nearest == nearest
        assert request.url in str(miss)


@pytest.mark.parametrize(
    ("kind", "cosmetic"),
    [("document", False), ("script", False), ("stylesheet", False), ("xhr", False), ("image", True), ("ping", True)],
)
def test_pictures_and_beacons_only_adorn(kind: str, cosmetic: bool) -> None:
    miss = site().answer(ask("GET /x", kind=kind))
    assert isinstance(miss, Miss)
    assert miss.cosmetic is cosmetic


def test_icons_and_streams_of_events_only_adorn() -> None:
    events = ask("GET /events", headers=(("accept", "text/event-stream"),))
    for request in (events, ask("GET /favicon.ico", kind="other")):
        miss = site().answer(request)
        assert isinstance(miss, Miss)
        assert miss.cosmetic


REQUESTS = st.builds(
    lambda method, path, body: ask(f"{method} /{path}", body=body),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(["a", "b", "a?q=1", "a?q=2", "search"]),
    st.sampled_from([b"", b"x=1", b'{"k": 1}']),
)


@given(st.lists(REQUESTS, max_size=12))
def test_a_recording_replays_itself(requests: list[Request]) -> None:
    rows = [(request, str(number).encode()) for number, request in enumerate(requests)]
    assert said(site(*rows), *requests) == [body for _, body in rows]


@given(st.lists(REQUESTS, max_size=8), st.lists(REQUESTS, max_size=12))
def test_replaying_depends_on_the_requests_alone(recorded: list[Request], asked: list[Request]) -> None:
    rows = [(request, str(number).encode()) for number, request in enumerate(recorded)]
    answers = said(site(*rows), *asked)
    assert answers == said(site(*rows), *(replace(request) for request in asked))
    known = {(request.method, request.url, request.body): [] for request in recorded} | {}
    for request, body in rows:
        known[request.method, request.url, request.body].append(body)
    for request, answer in zip(asked, answers, strict=True):
        possible = known.get((request.method, request.url, request.body))
        assert (answer is None) if possible is None else (answer in possible)


THREE_RUNS = (
    (0, "GET /list", b"empty"),
    (0, "POST /add?milk", b"ok"),
    (0, "GET /list", b"milk"),
    (1, "GET /list", b"empty"),
    (1, "POST /add?bread", b"ok"),
    (1, "GET /list", b"bread"),
    (1, "POST /add?milk", b"ok"),
    (1, "GET /list", b"bread, milk"),
    (2, "GET /item?bread", b"none"),
    (2, "POST /add?bread", b"ok"),
    (2, "GET /item?milk", b"none"),
)


@pytest.mark.parametrize(
    ("requests", "last"),
    [
        (["GET /list", "GET /list"], b"empty"),
        (["POST /add?milk", "GET /list"], b"milk"),
        (["POST /add?bread", "GET /list"], b"bread"),
        (["POST /add?bread", "POST /add?milk", "GET /list"], b"bread, milk"),
        (["POST /add?milk", "POST /add?bread", "GET /list"], b"bread, milk"),
        (["POST /add?milk", "POST /add?milk", "GET /list"], b"milk"),
        (["POST /add?milk", "GET /item?bread"], b"none"),
        (["POST /add?bread", "GET /item?milk"], b"none"),
        (["GET /item?milk"], None),
    ],
)
@pytest.mark.parametrize("thin", [False, True])
def test_an_episode_is_answered_by_what_it_has_changed(requests: list[str], last: bytes | None, thin: bool) -> None:
    snapshot = runs(*THREE_RUNS)
    kept = thinned(snapshot.exchanges) if thin else snapshot.exchanges
    assert said(Playback(Index(replace(snapshot, exchanges=kept))), *requests)[-1] == last


def test_what_was_recorded_only_after_a_change_is_a_miss_without_it_unless_it_is_a_file() -> None:
    script = ask("GET /list.js", kind="script")
    rows = ((0, "GET /a", b"a"), (1, "POST /add", b"ok"), (1, "GET /new", b"new"), (1, script, b"js"))
    playback = Playback(Index(runs(*rows)))
    miss = playback.answer(ask("GET /new"))
    assert isinstance(miss, Miss)
    assert miss.nearest == "recorded only after a change that was not made"
    assert said(playback, script, "POST /add", "GET /new") == [b"js", b"ok", b"new"]


def test_what_another_run_answers_for_is_kept_once() -> None:
    rows = [(run, f"GET /page?{page}", b"page") for run in range(40) for page in range(run % 5 + 1)]
    assert len(thinned(runs(*rows).exchanges)) == 5
    changed = [*rows, (40, "POST /add", b"ok"), (40, "GET /page?0", b"new"), (41, "POST /add", b"ok")]
    kept = thinned(runs(*changed, (42, "POST /add", b"ok"), (42, "GET /page?1", b"new")).exchanges)
    assert [(e.run, e.request.method) for e in kept[5:]] == [(40, "POST"), (40, "GET"), (42, "POST"), (42, "GET")]


def test_answers_that_change_while_nothing_was_changed_are_kept_in_order() -> None:
    rows = [(0, "GET /job", b"runs"), (1, "GET /job", b"runs"), (1, "GET /job", b"done"), (1, "GET /job", b"done")]
    kept = thinned(runs(*rows).exchanges)
    assert [(e.run, e.response.body) for e in kept] == [(1, "runs"), (1, "done")]


WORDS = st.sampled_from(["GET /list", "GET /list?long", "POST /add?milk", "POST /add?bread", "DELETE /add?milk"])


@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=5))
def test_every_run_replays_itself_from_what_is_kept(asked: list[list[str]]) -> None:
    rows = []
    for run, requests in enumerate(asked):
        items: list[str] = []  # the server's, which begins anew
        for request in requests:
            items += [] if request.startswith("GET") else [request]
            rows.append((run, request, " then ".join(["start", *items]).encode()))
    snapshot = runs(*rows)
    thin = replace(snapshot, exchanges=thinned(snapshot.exchanges))
    assert {exchange.response.body for exchange in thin.exchanges} == set(snapshot.bodies)
    for run, requests in enumerate(asked):
        assert said(Playback(Index(thin)), *requests) == [body for n, _, body in rows if n == run]
