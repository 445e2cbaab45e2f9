import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from browser_env.action import Click, Wait
from browser_env.guard import Guard, Place, RefusedError, parse_head
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome

MakeTask = Callable[..., Task]
LOOKS = 20
WORKERS = ("Worker", "Shared worker", "Service worker")  # a step does not wait for one to begin
WAYS = ("Fetch", "Image", "Socket", "Event source", "Fetch redirect", *WORKERS)


class Private:
    """A server on this machine that no task names; it counts who comes."""

    def __init__(self) -> None:
        visits: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                visits.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Keep the terminal clean."""

        self.visits = visits
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.place = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.place}/secret"


@pytest.fixture
def private() -> Iterator[Private]:
    private = Private()
    yield private
    private.server.shutdown()
    private.server.server_close()


def click(episodes: Any, task: Task, private: Private, name: str) -> Any:
    observation = episodes.reset(replace(task, url=f"{task.url}?target={private.url}"))
    result = episodes.step(Click(next(e.id for e in observation.elements if e.name == name)))
    blocked = result.blocked
    for _ in range(LOOKS if name in WORKERS else 0):
        if word(result) != "-":
            break
        result = episodes.step(Wait(500))
        blocked += result.blocked
    return replace(result, blocked=blocked)


def word(result: Any) -> str:
    return str(next(e.name for e in result.observation.elements if e.role == "paragraph"))


@pytest.mark.parametrize("way", WAYS)
def test_private_networks_are_closed(episodes: Any, page_task: MakeTask, private: Private, way: str) -> None:
    result = click(episodes, page_task("reach"), private, way)
    assert (word(result), result.outcome) == ("refused", None)
    assert private.visits == []
    assert private.place in result.blocked


def test_beacons_do_not_reach_private_networks(episodes: Any, page_task: MakeTask, private: Private) -> None:
    result, blocked = click(episodes, page_task("reach"), private, "Beacon"), ()
    for _ in range(LOOKS):
        blocked += result.blocked
        if blocked:
            break
        result = episodes.step(Wait(100))
    assert private.visits == []
    assert private.place in blocked


@pytest.mark.parametrize("way", ["Fetch", "Fetch redirect", *WORKERS])
def test_private_networks_are_open_where_the_task_names_them(
    episodes: Any, page_task: MakeTask, private: Private, way: str
) -> None:
    result = click(episodes, page_task("reach", allowed_origins=(f"http://{private.place}",)), private, way)
    assert (word(result), result.blocked) == ("reached", ())
    assert private.visits == ["/secret"]


@pytest.mark.parametrize("way", ["Leave", "Redirect", "Open"])
def test_a_document_elsewhere_is_blocked_before_it_is_asked_for(
    episodes: Any, page_task: MakeTask, private: Private, way: str
) -> None:
    result = click(episodes, page_task("reach"), private, way)
    assert (result.outcome, result.reward) == (Outcome.BLOCKED, 0.0)
    assert private.visits == []
    assert private.url in result.blocked


def test_a_frame_of_a_private_network_stays_empty(episodes: Any, page_task: MakeTask, private: Private) -> None:
    result = click(episodes, page_task("reach"), private, "Frame")
    assert result.outcome is None
    assert private.visits == []


def test_files_are_not_opened(episodes: Any, page_task: MakeTask, private: Private) -> None:
    result = click(episodes, page_task("reach"), private, "File")
    assert result.outcome in (None, Outcome.BLOCKED)
    assert "root:" not in str(result.observation.elements)


@pytest.mark.parametrize(
    ("head", "host", "port"),
    [
        (b"CONNECT a.test:8443 HTTP/1.1\r\nHost: a.test:8443\r\n\r\n", "a.test", 8443),
        (b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "::1", 443),
        (b"GET http://a.test/x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n", "a.test", 80),
    ],
)
def test_heads_are_read(head: bytes, host: str, port: int) -> None:
    wanted = parse_head(head)
    assert (wanted.host, wanted.port) == (host, port)


def test_a_request_is_passed_on_as_a_server_expects_it() -> None:
    head = b"GET http://a.test:81/x?y=1 HTTP/1.1\r\nHost: a.test:81\r\nProxy-Connection: keep-alive\r\nA: b\r\n\r\n"
    expected = b"GET /x?y=1 HTTP/1.1\r\nHost: a.test:81\r\nA: b\r\nConnection: close\r\n\r\n"
    assert parse_head(head).head == expected


@pytest.mark.parametrize(
    "head", [b"\r\n\r\n", b"GET /\r\n\r\n", b"GET file:///etc HTTP/1.1\r\n\r\n", b"\xff\xfe\r\n\r\n"]
)
def test_other_heads_are_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_head(head)


TRANSLATED = ("64:ff9b::10.0.0.1", "2002:a00:1::1", "::127.0.0.1", "::ffff:10.0.0.1")  # ways to private addresses
PUBLIC, HERE = "93.184.216.34", "127.0.0.1"


def admitted(*answers: list[str], named: str = "http://a.test", then: str = "") -> list[Place]:
    """Where a guard connects to for a.test, after answers of its resolver one after the other; the last one stays."""
    asked = list(answers)

    async def resolve(place: Place) -> list[str]:
        return asked.pop(0) if len(asked) > 1 else asked[0]

    def task(url: str) -> Task:
        return Task(name="t", url=url, verifier=VerifierSpec(name="url"))

    async def ask() -> list[Place]:
        guard = await Guard(task(named), resolve=resolve).start()
        try:
            await asyncio.sleep(0)
            if then:
                guard.hold_to(task(then))
            return await guard._admit(("a.test", 80))
        finally:
            await guard.close()

    return asyncio.run(ask())


def test_a_name_that_turns_private_gains_nothing() -> None:
    assert admitted([HERE], [HERE]) == [(HERE, 80)]
    with pytest.raises(RefusedError, match=r"a\.test:80"):
        admitted([PUBLIC], [HERE])


def test_each_address_of_a_name_is_judged() -> None:
    assert admitted([HERE, PUBLIC, "::1"], named="http://b.test") == [(PUBLIC, 80)]
    assert admitted([HERE, PUBLIC, "::1"]) == [(HERE, 80), (PUBLIC, 80), ("::1", 80)]
    for private in (HERE, "10.0.0.1", "169.254.169.254", "fe80::1%eth0", "0.0.0.0", "224.0.0.1", *TRANSLATED):
        with pytest.raises(RefusedError):
            admitted([private], named="http://b.test")


def test_public_addresses_of_version_6_are_public() -> None:
    public = ["2606:2800:220:1::1", "64:ff9b::93.184.216.34"]
    assert admitted(public, named="http://b.test") == [(address, 80) for address in public]


def test_another_task_has_places_of_its_own() -> None:
    assert admitted([HERE], named="http://b.test", then="http://a.test/") == [(HERE, 80)]
    with pytest.raises(RefusedError):
        admitted([HERE], named="http://a.test", then="http://b.test")


def test_an_address_that_does_not_answer_is_passed_over(private: Private) -> None:
    async def resolve(place: Place) -> list[str]:
        return ["::1", "127.0.0.2", HERE]

    async def ask() -> bytes:
        host = private.place.replace(HERE, "a.test")
        guard = await Guard(
            Task(name="t", url=f"http://{host}", verifier=VerifierSpec(name="url")), resolve=resolve
        ).start()
        reader, writer = await asyncio.open_connection(*guard.address.removeprefix("http://").split(":"))
        writer.write(f"GET http://{host}/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await guard.close()
        return answer

    assert b" 200 " in asyncio.run(ask())
    assert private.visits == ["/x"]


def test_the_proxy_answers_nothing_but_browsers(episodes: Any, page_task: MakeTask) -> None:
    episodes.reset(page_task("blank"))
    address = episodes.environment._ways.proxy.removeprefix("http://")

    async def say(words: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(words)
        answer = await reader.read()
        writer.close()
        return answer

    for words in (
        b"nonsense\r\n\r\n",
        b"CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n",
        b"GET http:/// HTTP/1.1\r\n\r\n",
    ):
        assert episodes.loop.run(say(words)) == b""
