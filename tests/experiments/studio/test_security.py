"""What the gate lets through, asked over real sockets."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from browser_env.errors import UsageError
from experiments.studio.security import allowed_hosts, is_loopback
from experiments.studio.serving import Bind
from tests.experiments.studio.running import Running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("studio") / "store")
    yield running
    running.stop()


Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture(scope="module")
def ask(running: Running) -> Ask:
    def asked(method: str, path: str, *, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=20)
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, body=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")  # type: ignore[attr-defined]
        connection.close()
        return answer

    return asked


@pytest.fixture(scope="module")
def cookie(running: Running, ask: Ask) -> str:
    entrance = urlsplit(running.entrance)
    assert ask("GET", "/?token=guess").status == 401
    assert ask("HEAD", f"/?{entrance.query}").status == 401  # what only looks spends nothing
    answer = ask("GET", f"/?{entrance.query}")
    assert answer.status == 303
    given = answer.headers["set-cookie"]
    assert given.startswith(f"webdual_studio_{urlsplit(running.address).port}=")
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert "Max-Age=43200" in given  # a browser that is closed does not end the visit
    assert ask("GET", f"/?{entrance.query}").status == 401  # the token is good once
    return given.partition(";")[0]


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("path", ["/", "/static/studio.js", "/api/state", "/api/episodes", "/openapi.json", "/nowhere"])
def test_nothing_is_shown_without_the_cookie(ask: Ask, cookie: str, path: str) -> None:
    assert ask("GET", path).status == 401
    assert ask("GET", path, Cookie=f"{cookie.partition('=')[0]}=guess").status == 401
    assert ask("GET", path, Cookie=cookie).status == (404 if path == "/nowhere" else 200)


def test_another_host_name_is_refused(ask: Ask, cookie: str) -> None:
    assert ask("GET", "/api/state", Cookie=cookie, Host="evil.test").status == 421
    assert ask("GET", "/", Cookie=cookie, Host="").status == 421


def test_another_sites_page_may_ask_for_nothing(ask: Ask, cookie: str, running: Running) -> None:
    body = {"subject": "Mallory", "days": 30, "agree": True}
    json_type = {"Content_Type": "application/json", "Cookie": cookie}
    assert ask("POST", "/api/consent", body=body, **json_type).status == 403
    assert ask("POST", "/api/consent", body=body, Origin="http://evil.test", **json_type).status == 403
    assert ask("POST", "/api/consent", body=body, Origin="null", **json_type).status == 403
    assert ask("GET", "/api/state", Cookie=cookie, Origin="http://evil.test").status == 403
    assert ask("GET", "/api/state", Origin="http://[").status == 403
    assert not list((running.store / "consent").iterdir())


def test_another_sites_page_gets_no_socket(ask: Ask, cookie: str, running: Running) -> None:
    assert ask("GET", "/live", Cookie=cookie, **UPGRADE).status == 403
    assert ask("GET", "/live", Cookie=cookie, Origin="http://evil.test", **UPGRADE).status == 403
    assert ask("GET", "/live", Origin=running.address, **UPGRADE).status == 403


def test_every_answer_says_what_the_page_may_load(ask: Ask, cookie: str) -> None:
    for path in ("/", "/api/state", "/static/live.js"):
        headers = ask("GET", path, Cookie=cookie).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_no_page_has_a_script_or_a_style_inside(ask: Ask, cookie: str) -> None:
    page = ask("GET", "/", Cookie=cookie).text  # type: ignore[attr-defined]
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick=" not in page


def test_a_huge_body_is_refused(ask: Ask, cookie: str, running: Running) -> None:
    headers = {"Content_Type": "application/json", "Cookie": cookie, "Origin": running.address}
    assert ask("POST", "/api/consent", body={"subject": "x" * 100_000}, **headers).status == 413


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_file_outside_the_page_is_served(ask: Ask, cookie: str, path: str) -> None:
    assert ask("GET", f"/static/{path}", Cookie=cookie).status == 404


def test_other_machines_are_let_in_only_when_that_is_meant() -> None:
    with pytest.raises(UsageError, match="--expose"):
        Bind(host="192.0.2.1")
    assert not Bind(host="192.0.2.1", expose=True).is_secret
    assert Bind().is_secret


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_every_address_at_once_is_none_that_a_person_opens(host: str) -> None:
    with pytest.raises(UsageError, match="one address"):
        Bind(host=host, expose=True)


def test_tls_needs_both_its_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="both"):
        Bind(certificate=tmp_path / "c.pem")
    with pytest.raises(UsageError, match="no file"):
        Bind(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")


def test_the_hosts_that_a_studio_answers_to() -> None:
    assert allowed_hosts("127.0.0.1", 81) == {"127.0.0.1:81", "localhost:81", "[::1]:81"}
    assert "127.0.0.2:81" in allowed_hosts("127.0.0.2", 81)
    assert allowed_hosts("192.0.2.1", 80) == {"192.0.2.1:80", "192.0.2.1"}
    assert allowed_hosts("2001:db8::1", 443, secure=True) == {"[2001:db8::1]:443", "[2001:db8::1]"}
    assert is_loopback("::1")
    assert not is_loopback("studio.test")
