import pytest

from browser_env.places import is_allowed
from browser_env.task import Task, VerifierSpec


def task(url: str, *allowed: str) -> Task:
    return Task(name="t", url=url, verifier=VerifierSpec(name="url"), allowed_origins=allowed)


@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("http://x.test/", "http://x.test/a?b#c"),
        ("http://x.test:80", "http://x.test/"),
        ("https://x.test", "https://x.test:443/"),
        ("http://X.Test", "http://x.test/"),
        ("HTTP://x.test/path", "http://x.test/other"),
        ("http://[::1]:8000", "http://[::1]:8000/"),
        ("http://x.test", "blob:http://x.test/3f0c"),
        ("http://x.test", "about:blank"),
        ("http://x.test", ""),
    ],
)
def test_origins_are_compared_as_browsers_do(named: str, url: str) -> None:
    assert is_allowed(url, task(named))
    assert is_allowed(url, task("http://elsewhere.test", named))


@pytest.mark.parametrize(
    "url",
    [
        "http://x.test:81/",
        "https://x.test/",
        "http://y.test/",
        "http://x.test.evil.test/",
        "http://x.test@evil.test/",
        "http://evil.test\\@x.test/",
        "blob:http://evil.test/3f0c",
        "blob:null/3f0c",
        "blob:blob:http://x.test/3f0c",
        "filesystem:http://x.test/a",
        "file://x.test/etc/passwd",
        "javascript:1",
        "http://",
        "http://[",
        "http://x.test:99999/",
        "http://x.test:0/",
        "http://x.test:port/",
    ],
)
def test_other_places_are_not_allowed(url: str) -> None:
    assert not is_allowed(url, task("http://x.test"))


def test_an_address_of_version_6_is_not_taken_for_one_with_a_port() -> None:
    assert not is_allowed("http://[::1:8000]/", task("http://[::1]:8000"))
