"""What robots.txt allows, whatever it holds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.snapshot.robots_txt import MAX_DELAY_S, Rules


def allows(rules: str, path: str) -> bool:
    return Rules(f"User-agent: *\n{rules}").allow(f"http://a.test{path}")


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /private", "/private/x", False),
        ("Disallow: /private", "/privateer", False),
        ("Disallow: /private/", "/private", True),
        ("Disallow:", "/x", True),
        ("Disallow: /", "/robots.txt", True),
        ("Disallow: /", "", False),
        ("Allow: /a/b\nDisallow: /a", "/a/b", True),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Disallow: /a/b\nAllow: /a", "/a/b", False),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: /*.gif$", "/x/y.gif", False),
        ("Disallow: /*.gif$", "/x/y.gif?z", True),
        ("Disallow: /*?", "/x?y=1", False),
        ("Disallow: /*/end$", "/x/end/end", False),
        ("Disallow: /x*x$", "/x", True),
        ("Disallow: *", "/x", False),
        ("Disallow: /$", "/", False),
        ("Disallow: /$", "/x", True),
        ("Disallow: /a$b", "/a$b", False),
        ("Disallow: /a%2Ab", "/a*b", False),
        ("Disallow: /a%2Ab", "/axb", True),
        ("Disallow: /%7Ejoe", "/~joe", False),
        ("Disallow: /~joe", "/%7ejoe", False),
        ("Disallow: /a%2fb", "/a%2Fb", False),
        ("Disallow: /a%2Fb", "/a/b", True),
        ("Disallow: /\u30c4", "/%E3%83%84", False),
        ("Disallow: /x # because", "/x", False),
        ("DISALLOW : /x", "/x", False),
        ("Sitemap: http://a.test/map\nDisallow: /x", "/x", False),
        ("nonsense\nDisallow /x\n:::", "/x", True),
    ],
)
def test_the_longest_rule_holds(rules: str, path: str, allowed: bool) -> None:
    assert allows(rules, path) is allowed


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n"])
def test_groups_are_for_the_programs_that_they_name(break_: str) -> None:
    lines = [
        *("\ufeffUser-agent: *", "Disallow: /all", "Crawl-delay: 2", ""),
        *("User-agent: other", "User-agent: WebDual/9.1", "Disallow: /mine", "Crawl-delay: 3", ""),
        *("User-agent: webdual", "Disallow: /too", "", "User-agent: webdualist", "Disallow: /not"),
    ]
    rules = Rules(break_.join(lines))
    assert [rules.allow(f"http://a.test/{path}") for path in ("all", "mine", "too", "not")] == [
        True,
        False,
        False,
        True,
    ]
    assert rules.delay_s == 3


def test_a_group_without_rules_frees_this_program() -> None:
    assert Rules("User-agent: *\nDisallow: /\n\nUser-agent: webdual\nDisallow:").allow("http://a.test/x")
    assert Rules("Disallow: /").allow("http://a.test/x")
    assert Rules("").allow("http://a.test/x")


@pytest.mark.parametrize(
    ("said", "delay_s"),
    [("3", 3), ("0.5", 0.5), ("-1", 0), ("nan", 0), ("x", 0), ("", 0), ("1e99", MAX_DELAY_S), ("inf", MAX_DELAY_S)],
)
def test_delays_are_bounded(said: str, delay_s: float) -> None:
    assert Rules(f"User-agent: *\nCrawl-delay: {said}").delay_s == delay_s


def test_what_cannot_be_read_allows_nothing() -> None:
    assert not Rules("", problem="does not answer").allow("http://a.test/")


@pytest.mark.parametrize(
    "line", ["Disallow: /" + "*a" * 250_000, "Disallow: /" + "a" * 500_000, "Disallow: /%\n" * 40_000, "\0" * 500_000]
)
def test_huge_files_are_soon_read(line: str) -> None:
    rules, began = Rules(f"User-agent: *\n{line}\nDisallow: /x"), time.process_time()
    assert not rules.allow("http://a.test/x")
    assert rules.allow("http://a.test/" + "a" * 2000 + "b")
    assert time.process_time() - began < 5


def test_many_rules_are_soon_tried() -> None:
    rules = Rules("User-agent: *\n" + "\n".join(f"Disallow: /*{n}*{n}$" for n in range(20_000)))
    began = time.process_time()
    assert all(rules.allow(f"http://a.test/{n}") for n in "abc")
    assert time.process_time() - began < 5


@given(st.text(), st.text())
def test_any_text_is_read(text: str, path: str) -> None:
    rules = Rules(f"User-agent: *\nDisallow: {text}\n{text}")
    rules.allow("http://a.test/" + path.replace("[", "").replace("]", ""))
    assert 0 <= rules.delay_s <= MAX_DELAY_S


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    assert Rules(data.decode("utf-8", "replace")).allow("http://a.test/robots.txt")
