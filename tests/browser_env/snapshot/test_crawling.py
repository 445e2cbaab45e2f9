import asyncio
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from browser_env.errors import ActionError, InfraError, UsageError
from browser_env.options import BrowserOptions
from browser_env.snapshot.crawling import Plan, Script, parse_scripts, record_site
from browser_env.snapshot.exchange import Snapshot, header
from browser_env.snapshot.robots import fetch_rules, is_own


def record(plan: Plan, **options: Any) -> Snapshot:
    return asyncio.run(record_site(plan, options=BrowserOptions(**options)))


def paths(snapshot: Snapshot, base: str) -> list[str]:
    return [page.removeprefix(base) for page in snapshot.pages]


def test_links_of_the_same_site_are_followed_within_limits(shop: Any) -> None:
    start = (Script(url=f"{shop.url}/links.html"),)
    everything = record(Plan(scripts=start, max_pages=10))
    assert paths(everything, shop.url) == ["/links.html", "/inner.html", "/working.html", "/nothing-there"]
    assert [e.response.status for e in everything.exchanges if e.request.url.endswith("-there")] == [404]
    assert not any(path == "/logout" for _, path in shop.hits)
    assert paths(record(Plan(scripts=start, max_pages=2)), shop.url) == ["/links.html", "/inner.html"]
    assert paths(record(Plan(scripts=start, max_pages=9, max_depth=0)), shop.url) == ["/links.html"]


def test_actions_are_done_on_their_pages(shop: Any) -> None:
    text = f"""
        # buys milk
        type(e5, 'milk')
        click(e6)
        {shop.url}/requests.html
        wait(200)
    """
    scripts = parse_scripts(text, [f"{shop.url}/"])
    assert [(script.url, len(script.actions)) for script in scripts] == [
        (f"{shop.url}/", 2),
        (f"{shop.url}/requests.html", 1),
    ]
    snapshot = record(Plan(scripts=scripts))
    assert ("POST", "/add") in shop.hits
    assert {(e.request.method, e.page) for e in snapshot.exchanges if e.request.url.endswith("/add")} == {
        ("POST", f"{shop.url}/")
    }


def test_an_action_that_fails_ends_the_recording(shop: Any) -> None:
    scripts = parse_scripts("click(e99)", [f"{shop.url}/"])
    with pytest.raises(InfraError, match=r"click\(e99\) on .* failed"):
        record(Plan(scripts=scripts))


def test_a_line_that_is_no_action_is_named() -> None:
    with pytest.raises(ActionError, match="line 2"):
        parse_scripts("wait(1)\nfly()", ["http://a/"])


def test_a_site_that_is_down_is_told() -> None:
    with pytest.raises(InfraError, match="did not load"):
        record(Plan(scripts=(Script(url="http://127.0.0.1:9/"),)))


def test_the_browser_says_what_it_is_called(shop: Any) -> None:
    snapshot = record(Plan(scripts=(Script(url=f"{shop.url}/inner.html"),), user_agent="Tester/1.0"))
    assert header(snapshot.exchanges[0].request.headers, "user-agent") == "Tester/1.0"
    assert snapshot.user_agent == "Tester/1.0"


def test_a_site_elsewhere_is_asked_first(shop: Any) -> None:
    """Its robots.txt cannot be fetched, since the name is known to the browser only; so nothing may be opened."""
    plan = Plan(scripts=(Script(url="http://elsewhere.invalid/"),))
    with pytest.raises(UsageError, match=r"robots\.txt cannot be read: it does not answer"):
        record(plan, host_map=(("elsewhere.invalid", shop.url.removeprefix("http://")),))
    assert shop.hits == []


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:80/", True),
        ("http://127.0.0.1/", True),
        ("http://[::1]:8/", True),
        ("http://app.localhost/", True),
        ("http://example.org/", False),
        ("http://10.0.0.1/", False),
    ],
)
def test_only_this_machines_pages_need_no_leave(url: str, own: bool) -> None:
    assert is_own(url) is own


@pytest.mark.parametrize(("status", "allowed"), [(200, False), (404, True), (403, False), (429, False), (500, False)])
def test_robots_txt_is_fetched(status: int, allowed: bool) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"User-agent: *\nDisallow: /x")

        def log_message(self, *args: Any) -> None:
            """Keep the terminal clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/x"
        rules = asyncio.run(fetch_rules(url, user_agent="test"))
        assert rules.allow(url) is allowed
        assert rules.problem == (f"answers {status}" if status in (403, 429, 500) else "")
        server.shutdown()
    assert asyncio.run(fetch_rules(url, user_agent="test")).problem == "does not answer"
