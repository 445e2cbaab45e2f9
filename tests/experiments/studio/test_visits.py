"""A visit ends after some hours; then a new address lets the next one in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from browser_env.task import Task
from experiments.studio.security import VISIT_S
from rewards.outcome import Outcome
from tests.experiments.studio.acting import begin, click_named, consent, keep, type_text
from tests.experiments.studio.running import Running


def ask(running: Running, path: str, *, cookie: str = "", accept: str = "*/*") -> tuple[int, str, str]:
    """Status, body and new cookie of an answer."""
    connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=20)
    connection.request("GET", path, headers={"Cookie": cookie, "Accept": accept})
    answer = connection.getresponse()
    body, given = answer.read().decode(), answer.headers.get("set-cookie", "").partition(";")[0]
    connection.close()
    return answer.status, body, given


def entered(running: Running) -> str:
    """The cookie of a new visit."""
    return ask(running, f"/?{urlsplit(running.entrance).query}")[2]


def test_a_cookie_counts_until_its_visit_ends(studio: Callable[..., Running]) -> None:
    running = studio()
    first = running.entrance
    cookie = entered(running)
    running.later_s = VISIT_S - 60
    assert ask(running, "/api/state", cookie=cookie)[0] == 200
    assert running.entrance == first
    running.later_s = VISIT_S
    status, body, _ = ask(running, "/api/state", cookie=cookie)
    assert status == 401
    assert "this visit has ended" in json.loads(body)["error"]

    assert running.entrance != first
    assert ask(running, f"/?{urlsplit(first).query}")[0] == 401  # it was good once, and long ago
    renewed = entered(running)
    assert renewed not in ("", cookie)
    assert ask(running, "/api/state", cookie=renewed)[0] == 200
    assert ask(running, "/api/state", cookie=cookie)[0] == 401


def test_only_the_end_of_a_visit_makes_a_new_address(studio: Callable[..., Running]) -> None:
    running = studio()
    running.later_s = 2 * VISIT_S
    assert ask(running, "/api/state", cookie="webdual_studio_1=; x")[0] == 401
    first = running.entrance
    cookie = entered(running)
    assert ask(running, "/api/state", cookie=cookie)[0] == 200
    assert running.entrance == first
    running.later_s = 4 * VISIT_S
    for _ in range(2):
        assert ask(running, "/", cookie="")[0] == 401
        assert running.entrance != first
        second = running.entrance
        assert ask(running, "/", cookie=cookie)[0] == 401
        assert running.entrance == second


def test_who_comes_late_reads_what_to_do(
    studio: Callable[..., Running], visit: Callable[[Running], Page], shop_task: Task
) -> None:
    running = studio(tasks=[shop_task])
    page = visit(running)
    consent(page)
    begin(page, shop_task.name)
    click_named(page, running, "Note", role="textbox", scale=1)
    type_text(page, "for Ada")
    running.later_s = VISIT_S
    assert keep(page, running).outcome is Outcome.TRUNCATED  # what had begun may be ended
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator("#news")).to_contain_text("this visit has ended")
    page.get_by_role("link", name="Record").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#news")).to_contain_text("open the new address that webdual printed")
    page.reload()
    expect(page.get_by_role("alert")).to_have_text(
        "This visit has ended, as each does after 12 hours: open the new address that webdual printed."
    )
    page.goto(running.entrance)
    expect(page.locator("#who")).to_have_text("Recording as Ada")
    stranger = page.context.browser
    assert stranger is not None
    other = stranger.new_page()
    other.goto(running.address)
    expect(other.get_by_role("alert")).to_contain_text("Open the address that webdual printed when the studio started")
    other.close()
