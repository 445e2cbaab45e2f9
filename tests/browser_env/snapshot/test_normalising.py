import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.snapshot.exchange import Request
from browser_env.snapshot.normalising import PAGE_EPOCH, body_key, is_volatile, origin, place, query, request_key

NAMES = st.text("abcxyz", min_size=1, max_size=4)
PAIRS = st.lists(st.tuples(NAMES, st.text(max_size=8)), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 999) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
PAGE_MS = int(PAGE_EPOCH.timestamp() * 1000)


def get(url: str, **fields: str) -> Request:
    return Request(method="GET", url=url, headers=tuple(fields.items()))


def post(body: bytes, content_type: str) -> Request:
    return Request(method="POST", url="http://a/", headers=(("content-type", content_type),), body=body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_", "1704110400123"),
        ("cb", "0.8732646"),
        ("nonce", "x"),
        ("csrf_token", "short"),
        ("authenticity_token", "a+b/c="),
        ("__RequestVerificationToken", "z"),
        ("anything", "0.123456789012"),
        ("anything", str(PAGE_MS)),
        ("from", str(PAGE_MS // 1000 - 3600)),
        ("since", "2024-01-01T12:00:01.500Z"),
    ],
)
def test_what_differs_by_chance_is_volatile(name: str, value: str) -> None:
    assert is_volatile(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", "12"),
        ("t", "123456"),
        ("when", "2024-01-01T15:00"),
        ("_", "page2"),
        ("page", "2"),
        ("id", "1234567890123"),
        ("from", "1600000000"),
        ("day", "2024-01-01"),
        ("since", "2023-06-01T00:00:00Z"),
        ("price", "0.5"),
        ("run", "322f5971afb1470f85cb345809399e4a"),
        ("time", "99999999999999999999"),
        ("when", "2024-99-99T00:00"),
    ],
)
def test_what_says_something_is_not_volatile(name: str, value: str) -> None:
    assert not is_volatile(name, value)


def test_a_recordings_own_clock_counts_too() -> None:
    recorded = datetime(2026, 5, 1, tzinfo=UTC)
    assert is_volatile("now", str(int(recorded.timestamp())), (PAGE_EPOCH, recorded))


def test_addresses_are_made_uniurlencode() -> None:
    assert origin("HTTP://Example.COM:80/x") == "http://example.com"
    assert origin("https://example.com:8443") == "https://example.com:8443"
    assert place("http://a") == place("http://A:80/#there") == "http://a/"
    assert place("http://a/%7Euser/%c3%a9") == place("http://a/~user/%C3%A9")
    assert query("http://a/?b=2&a=1&a=0&c") == [("a", "1"), ("a", "0"), ("b", "2"), ("c", "")]


@given(PAIRS)
def test_the_order_of_a_query_does_not_matter_between_names(pairs: list[tuple[str, str]]) -> None:
    request = Request(method="GET", url="http://a/p?" + urlencode(pairs))
    by_name = sorted(pairs, key=lambda pair: pair[0], reverse=True)
    assert request_key(request) == request_key(Request(method="GET", url="http://a/p?" + urlencode(by_name)))


@given(PAIRS, PAIRS)
def test_other_queries_are_other_requests(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    one, other = (request_key(get("http://a/p?" + urlencode(pairs))) for pairs in (first, second))
    same = sorted(first, key=lambda pair: pair[0]) == sorted(second, key=lambda pair: pair[0])
    assert (one == other) == same


@given(JSON)
def test_the_order_of_json_keys_does_not_matter(value: object) -> None:
    def turned(item: object) -> object:
        if isinstance(item, dict):
            return {key: turned(item[key]) for key in reversed(item)}
        return [turned(part) for part in item] if isinstance(item, list) else item

    one, other = json.dumps(value).encode(), json.dumps(turned(value), indent=2).encode()
    assert body_key(one, "application/json") == body_key(other, "application/json")


@given(JSON, JSON)
def test_other_json_is_another_body(first: object, second: object) -> None:
    one, other = (body_key(json.dumps(value).encode(), "application/json") for value in (first, second))
    assert (one == other) == (json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True))


@given(st.binary(max_size=200), st.sampled_from(["", "application/json", "multipart/form-data; boundary=x", "text/x"]))
def test_any_body_has_a_key(body: bytes, content_type: str) -> None:
    assert body_key(body, content_type) == body_key(body, content_type)


@given(st.text(max_size=200))
def test_any_address_has_a_key(text: str) -> None:
    assert request_key(get("http://a/" + text))


def multipart(boundary: str, *parts: tuple[str, str]) -> Request:
    text = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n" for head, body in parts)
    return post(f"{text}--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}")


def test_multipart_boundaries_and_order_do_not_matter_but_content_does() -> None:
    one = multipart("----A1", ('name="a"', "1"), ('name="f"; filename="n.txt"', "text"))
    other = multipart("----B2", ('name="f"; filename="n.txt"', "text"), ('name="a"', "1"))
    changed = multipart("----A1", ('name="a"', "1"), ('name="f"; filename="n.txt"', "other"))
    renamed = multipart("----A1", ('name="a"', "1"), ('name="f"; filename="m.txt"', "text"))
    assert request_key(one) == request_key(other)
    assert len({request_key(one), request_key(changed), request_key(renamed)}) == 3


def test_nonces_in_bodies_do_not_matter() -> None:
    form_type, json_type = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
    assert request_key(post(b"csrf_token=1&x=2", form_type)) == request_key(post(b"x=2&csrf_token=9", form_type))
    one, other = (b'{"nonce": "%s", "at": %d, "x": [1]}' % (n, PAGE_MS + i) for i, n in enumerate((b"a", b"b")))
    assert request_key(post(one, json_type)) == request_key(post(other, json_type))
    assert request_key(post(b'{"x": 1}', json_type)) != request_key(post(b'{"x": true}', json_type))


def test_json_nested_without_end_is_compared_as_bytes() -> None:
    deep = b"[" * 100 + b"]" * 100
    assert body_key(deep, "application/json").startswith("bytes ")
