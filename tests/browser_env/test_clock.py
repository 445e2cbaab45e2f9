"""The page's clock, ``browser_env/js/clock.js``."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

OpenTab = Callable[..., Any]


@pytest.fixture
def tab(open_tab: OpenTab) -> Any:
    tab = open_tab("blank")
    tab.evaluate("(() => { window.log = [] })()")
    return tab


def test_time_stands_still_until_it_is_advanced(tab: Any) -> None:
    now = "[Date.now(), new Date().getTime(), Date.parse(Date()), performance.now(), new Date() instanceof Date]"
    before = tab.evaluate(now)
    time.sleep(0.05)
    assert tab.evaluate(now) == before
    tab.advance(250)
    moved = tab.evaluate(now)
    assert moved[0] - before[0] == moved[1] - before[1] == moved[3] - before[3] == 250


def test_dates_of_given_times_are_real_dates(tab: Any) -> None:
    assert tab.evaluate("new Date(2020, 1, 29).getDate()") == 29
    assert tab.evaluate("Date.UTC(1970, 0, 2)") == 86_400_000
    assert tab.evaluate("new (class extends Date { twice() { return 2 * this } })(5).twice()") == 10


def test_no_caret_blinks_whatever_styles_a_page_adopts(tab: Any) -> None:
    tab.evaluate("document.body.append(document.createElement('input'))")
    colour = "getComputedStyle(document.querySelector('input')).caretColor"
    for sheets in ("[]", "document.adoptedStyleSheets", "[new CSSStyleSheet()]"):
        tab.evaluate(f"(() => {{ document.adoptedStyleSheets = {sheets} }})()")
        assert tab.evaluate(colour) == "rgba(0, 0, 0, 0)"
    assert tab.evaluate("document.adoptedStyleSheets.length") == 2
    refused = "(() => { try { document.adoptedStyleSheets = 3 } catch (error) { return error.name } })()"
    assert tab.evaluate(refused) == "TypeError"


NOW = (
    "Temporal.Now.instant().epochMilliseconds",
    "Temporal.Now.zonedDateTimeISO('Asia/Tokyo').epochMilliseconds",
    "Temporal.Now.plainDateTimeISO('UTC').toZonedDateTime('UTC').epochMilliseconds",
    "Performance.prototype.now.call(performance) + performance.timeOrigin",
    "performance.mark('a').startTime + performance.timing.navigationStart",
    "performance.measure('b').duration + performance.timeOrigin",
    "new Event('a').timeStamp + performance.timing.loadEventEnd",
    "new File([], 'a').lastModified",
    "new File([], 'a', {type: 'text/plain'}).lastModified",
    "new (class extends File {})(['a'], 'a', null).lastModified",
)


def test_files_are_files(tab: Any) -> None:
    assert tab.evaluate("new File(['ab'], 'a', {type: 'text/plain'}).text()") == "ab"
    assert tab.evaluate("new File(['ab'], 'a', {type: 'text/plain', lastModified: 7}).lastModified") == 7
    assert tab.evaluate("[new File([], 'a') instanceof Blob, File.name, new File([], 'a', {type: 'A/B'}).type]") == [
        True,
        "File",
        "a/b",
    ]
    for broken in ("new File()", "new File([])", "new File([], 'a', 3)", "File([], 'a')"):
        assert tab.evaluate(f"(() => {{ try {{ {broken} }} catch (error) {{ return error.name }} }})()") == "TypeError"


@pytest.mark.parametrize("now", NOW)
def test_every_clock_of_a_page_shows_page_time(tab: Any, now: str) -> None:
    assert tab.evaluate(now) == tab.evaluate("Date.now()")
    tab.advance(1500)
    assert tab.evaluate(now) == tab.evaluate("Date.now()")


@pytest.mark.parametrize(
    ("undated", "dated"),
    [
        (
            "new Intl.DateTimeFormat('en', {timeStyle: 'long'}).format()",
            "new Date().toLocaleTimeString('en', {timeStyle: 'long'})",
        ),
        ("[undefined].map(new Intl.DateTimeFormat('en').format)[0]", "new Date().toLocaleDateString('en')"),
        ("new Intl.DateTimeFormat('en').formatToParts().at(-1).value", "String(new Date().getFullYear())"),
        ("Temporal.Now.plainDateISO().toString()", "new Date().toISOString().slice(0, 10)"),
        ("Temporal.Now.plainTimeISO().hour", "new Date().getHours()"),
        (
            "document.implementation.createHTMLDocument().lastModified.split(' ')[0]",
            "new Date().toLocaleDateString('en', {year: 'numeric', month: '2-digit', day: '2-digit'})",
        ),
    ],
)
def test_what_is_given_no_date_takes_the_pages(tab: Any, undated: str, dated: str) -> None:
    assert tab.evaluate(undated) == tab.evaluate(dated)


def test_formats_of_given_dates_are_as_they_were(tab: Any) -> None:
    assert tab.evaluate("new Intl.DateTimeFormat('en').format(new Date(2020, 1, 29))") == "2/29/2020"
    assert tab.evaluate("new Intl.DateTimeFormat('en').formatToParts(0).length") == 5
    assert tab.evaluate("performance.measure('a', {start: 10, duration: 5}).duration") == 5
    assert tab.evaluate("(performance.mark('x', {startTime: 7}), performance.measure('b', 'x')).startTime") == 7


def test_what_waits_without_a_timer_waits_in_page_time(tab: Any) -> None:
    tab.evaluate("""(() => {
        AbortSignal.timeout(40).onabort = (event) => log.push(event.target.reason.name);
        scheduler.postTask(() => log.push("task"), {delay: 60});
        scheduler.postTask(() => log.push("at once"));
    })()""")
    time.sleep(0.1)
    assert tab.evaluate("log") == ["at once"]
    tab.advance(50)
    assert tab.evaluate("log") == ["at once", "TimeoutError"]
    tab.advance(20)
    assert tab.evaluate("log") == ["at once", "TimeoutError", "task"]


def test_a_page_learns_nothing_of_the_machine(tab: Any) -> None:
    assert tab.evaluate("[navigator.hardwareConcurrency, navigator.deviceMemory, typeof performance.memory]") == [
        4,
        8,
        "undefined",
    ]
    tab.evaluate("new PerformanceObserver((list) => log.push(list)).observe({entryTypes: ['mark', 'measure']})")
    tab.evaluate("performance.mark('seen')")
    tab.advance(50)
    assert tab.evaluate("log") == []


def test_timers_run_in_the_order_they_fall_due(tab: Any) -> None:
    tab.evaluate("""(() => {
        setTimeout((word) => log.push(word + performance.now()), 30, "late ");
        setTimeout(() => { log.push("early"); Promise.resolve().then(() => log.push("microtask")); }, 10);
        setTimeout(() => log.push("same time, later"), 10);
        clearTimeout(setTimeout(() => log.push("cleared"), 10));
        setTimeout("log.push('text')", 20);
    })()""")
    assert tab.evaluate("log") == []
    tab.advance(9)
    assert tab.evaluate("log") == []
    tab.advance(21)
    assert tab.evaluate("log") == ["early", "microtask", "same time, later", "text", "late 30"]


def test_a_timer_that_throws_stops_no_other(tab: Any) -> None:
    tab.evaluate("setTimeout(() => { throw new Error('page') }, 1), setTimeout(() => log.push('next'), 2)")
    tab.advance(5)
    assert tab.evaluate("log") == ["next"]


def test_intervals_repeat_until_cleared(tab: Any) -> None:
    tab.evaluate("(() => { const id = setInterval(() => { if (log.push(1) === 3) clearInterval(id) }, 10) })()")
    tab.advance(25)
    assert tab.evaluate("log.length") == 2
    tab.advance(1000)
    assert tab.evaluate("log.length") == 3


def test_animation_frames_come_sixty_times_a_second(tab: Any) -> None:
    tab.evaluate("(() => { const step = (t) => { log.push(t); requestAnimationFrame(step) }; step(0) })()")
    for _ in range(10):
        tab.advance(100)
    times = tab.evaluate("log")
    assert len(times) == 60  # the one due at 1000 ms comes a rounding error later
    assert {round(b - a, 3) for a, b in itertools.pairwise(times)} == {16.667}
    tab.evaluate("cancelAnimationFrame(requestAnimationFrame(() => log.push('never')))")
    tab.advance(20)
    assert "never" not in tab.evaluate("log")


def test_chance_is_seeded(tab: Any) -> None:
    draw = "[Math.random(), crypto.randomUUID(), ...crypto.getRandomValues(new Uint8Array(4))]"

    def drawn(seed: int) -> Any:
        tab.loop.run(tab.page.begin(seed=seed))
        return tab.evaluate(draw)

    first, second, other = drawn(5), drawn(5), drawn(6)
    assert first == second
    assert other != first
    assert 0 <= first[0] < 1


@pytest.mark.parametrize(
    "endless",
    [
        "setInterval(() => { log.push(1) }, 0)",
        "(function again() { log.push(1); setTimeout(again, 0) })()",
        "(function again() { log.push(1); requestAnimationFrame(again) })()",
        "(function again() { log.push(1); requestIdleCallback(again) })()",
        "(function again() { log.push(1); setTimeout(again, 0); setTimeout(again, 0) })()",
    ],
)
def test_endless_timers_do_not_stall(tab: Any, endless: str) -> None:
    tab.evaluate(f"{endless}, 0")
    started = time.monotonic()
    tab.advance(100)
    assert time.monotonic() - started < 10
    assert tab.evaluate("performance.now()") == 100
    assert tab.evaluate("log.length") >= 6


def test_nested_timers_are_held_back_as_the_standard_asks(tab: Any) -> None:
    tab.evaluate("(function again() { log.push(performance.now()); setTimeout(again, 0) })()")
    tab.advance(20)
    assert tab.evaluate("log") == [0, 0, 0, 0, 0, 0, 4, 8, 12, 16, 20]
