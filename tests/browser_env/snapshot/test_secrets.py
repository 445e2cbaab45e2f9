"""What is called like a secret is redacted, in headers, addresses and bodies; what it stands beside is kept."""

import json

import pytest

from browser_env.snapshot.exchange import Exchange, Request, Response, Snapshot
from browser_env.snapshot.matching import Index
from browser_env.snapshot.secrets import without_secret_headers, without_secret_values, without_secrets


@pytest.mark.parametrize(
    "name", ["authorization", "cookie", "x-auth-token", "x-api-key", "x-csrf-token", "session-id", "x-amz-secret"]
)
def test_headers_called_like_a_secret_are_redacted(name: str) -> None:
    assert without_secret_headers(((name, "abc"),)) == ((name, "redacted"),)


def test_cookies_are_not_set() -> None:
    assert without_secret_headers((("set-cookie", "id=1"), ("accept", "*/*"))) == (("accept", "*/*"),)


def test_other_headers_are_kept() -> None:
    headers = (("content-type", "text/html"), ("location", "/next"), ("access-control-allow-credentials", "true"))
    assert without_secret_headers(headers) == headers


def test_values_under_secret_names_are_redacted_and_others_kept() -> None:
    data = {"user": {"name": "Anna", "accessToken": "abc"}, "rows": [{"api_key": "k"}], "nextPageToken": "2", "n": 1.0}
    bare = json.loads(without_secret_values(json.dumps(data).encode(), "application/json"))
    assert bare["user"] == {"name": "Anna", "accessToken": "redacted"}
    assert bare["rows"] == [{"api_key": "redacted"}]
    assert (bare["nextPageToken"], bare["n"]) == ("2", 1.0)
    form = b"name=Anna&session_id=abc&page=2"
    assert without_secret_values(form, "application/x-www-form-urlencoded") == b"name=Anna&session_id=redacted&page=2"
    assert without_secret_values(b"token=abc", "text/plain") == b"token=abc"
    assert without_secret_values(b"{broken", "application/json") == b"{broken"


def test_a_redacted_request_is_found_by_its_secret_and_without() -> None:
    asked = Request(method="GET", url="http://a.test/rows?page=2&access_token=abc#part")
    kept = without_secrets(asked)
    assert kept.url == "http://a.test/rows?page=2&access_token=redacted#part"
    index = Index(Snapshot(exchanges=(Exchange(request=kept, response=Response(status=200)),), bodies={}, pages=()))
    assert index.find(asked) == index.find(kept) == [0]
    assert index.find(Request(method="GET", url="http://a.test/rows?page=3&access_token=abc")) == []
