"""Whatever is sent to the studio: a clear refusal, no crash, and no file outside the store."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from browser_env.errors import UsageError
from experiments.studio.gestures import Event
from experiments.studio.messages import COMMANDS, KINDS, Command, read_message
from tests.experiments.studio.running import Running

NASTY = st.sampled_from(["", "..", "../../etc/passwd", "e\x00", "%2e%2e", "a" * 300, "'; DROP TABLE", "\u202e", "NaN"])
WORD = NASTY | st.text(max_size=30)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | WORD
JUNK = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3))


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    fields: tuple[str, ...]


class Client:
    """Asks a studio with its cookie, over one connection."""

    def __init__(self, running: Running):
        self.running = running
        self._connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=20)
        self._headers = {"Origin": running.address, "Content-Type": "application/json"}
        status, headers, _ = self.ask("GET", "/?" + urlsplit(running.entrance).query)
        assert status == 303
        self._headers["Cookie"] = headers["set-cookie"].partition(";")[0]

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any, bytes]:
        self._connection.request(method, path, body=body, headers=self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        self._connection.close()

    def endpoints(self) -> list[Endpoint]:
        schema = json.loads(self.ask("GET", "/openapi.json")[2])
        found = []
        for path, methods in schema["paths"].items():
            for method, said in methods.items():
                content = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                name = content.get("$ref", "").rpartition("/")[2]
                fields = schema["components"]["schemas"].get(name, {}).get("properties", {})
                found.append(Endpoint(method=method.upper(), path=path, fields=tuple(fields)))
        return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    running = Running(tmp_path_factory.mktemp("hostile") / "store")
    client = Client(running)
    yield client
    client.close()
    running.stop()


def files_beside(store: Path) -> set[Path]:
    return {path for path in store.parent.rglob("*") if not path.is_relative_to(store)}


def test_every_endpoint_refuses_what_makes_no_sense(client: Client) -> None:
    endpoints = client.endpoints()
    assert len(endpoints) >= 12

    @settings(max_examples=120)
    @given(data=st.data())
    def attack(data: st.DataObject) -> None:
        endpoint = data.draw(st.sampled_from(endpoints))
        path = endpoint.path
        for place in ("{episode_id}", "{index}", "{format_}"):
            path = path.replace(
                place, quote(data.draw(WORD | st.integers().map(str)).encode("utf-8", "replace"), safe="")
            )
        shaped = st.fixed_dictionaries(dict.fromkeys(endpoint.fields, JUNK)) if endpoint.fields else JUNK
        body = data.draw(st.binary(max_size=50) | (shaped | JUNK).map(lambda junk: json.dumps(junk).encode()))
        status, headers, answer = client.ask(endpoint.method, path, body if endpoint.method == "POST" else None)
        assert status < 500
        if status >= 400 and headers["content-type"] == "application/json":
            assert json.loads(answer)

    attack()
    assert files_beside(client.running.store) == set()
    assert client.ask("GET", "/api/state")[0] == 200


@pytest.mark.parametrize("episode", ["..%2f..%2fetc", "nothing", "a" * 101, "%00"])
def test_an_episode_that_is_none_is_refused_in_words(client: Client, episode: str) -> None:
    status, _, answer = client.ask("GET", f"/api/episodes/{episode}")
    assert status in (404, 422)
    assert answer


def test_rating_needs_a_consent_and_an_episode(client: Client) -> None:
    body = json.dumps({"kind": "thumb", "value": 1}).encode()
    assert b"consent" in client.ask("POST", "/api/episodes/nothing/ratings", body)[2]
    agree = json.dumps({"subject": "Ada", "days": 30, "agree": True}).encode()
    assert client.ask("POST", "/api/consent", agree)[0] == 200
    assert b"no episode" in client.ask("POST", "/api/episodes/nothing/ratings", body)[2]
    client.ask("POST", "/api/revocation", b'{"subject": "Ada"}')


def test_trimming_needs_a_consent(client: Client) -> None:
    status, _, answer = client.ask("POST", "/api/episodes/nothing/trim", b'{"first": 0, "last": 1}')
    assert status == 400
    assert b"agree to the consent first" in answer


FIELDS = ("number", "at_ms", "x", "y", "dx", "dy", "button", "pointer", "text", "modifiers", "action", "target")
KIND = st.sampled_from([*KINDS, *COMMANDS]) | WORD


@given(kind=KIND, more=st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=5))
def test_a_message_is_an_event_or_a_command_or_refused(kind: str, more: dict[str, Any]) -> None:
    try:
        number, message = read_message(json.dumps({"kind": kind, **more}))
    except UsageError:
        return
    assert 0 <= number < 2**32
    assert isinstance(message, Event | Command)


def test_numbers_that_json_lacks_are_refused(client: Client) -> None:
    status, _, answer = client.ask("POST", "/api/episodes/e/trim", b'{"first": NaN, "last": Infinity}')
    assert status == 422
    assert "first" in json.loads(answer)["error"]


@given(
    text=st.text(max_size=100)
    | st.sampled_from(
        ["[" * 30_000, "null", "1e999", '{"kind": []}', '{"kind": "down", "x": 1' + "0" * 400 + "}", "x" * 40_000]
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_message(text)


def test_a_connection_outlives_messages_that_make_no_sense(studio: Any, visit: Any) -> None:
    running = studio()
    page: Page = visit(running)
    page.get_by_role("link", name="Record").click()
    page.get_by_label("Task").fill("../../secret.json")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#news")).to_contain_text("agree to the consent first")
    for junk in (
        "{",
        '{"kind": "begin"}',
        '{"kind": "do", "action": {"verb": "eval"}}',
        '{"kind": "keep"}',
        "x" * 50_000,
    ):
        page.evaluate(
            """([address, junk]) => new Promise((resolve) => {
                const socket = new WebSocket(address.replace("http", "ws") + "/live");
                socket.onopen = () => socket.send(junk);
                socket.onmessage = ({ data }) => data.includes('"error"') && (socket.close(), resolve());
            })""",
            [running.address, junk],
        )
    assert files_beside(running.store) == set()
    assert not list((running.store / "episodes").rglob("*.gz"))
