import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import Click, Scroll, Type
from browser_env.browser import Browser
from browser_env.context import Context
from browser_env.drawing import ticks_ms
from browser_env.env import LoopThread
from browser_env.errors import BrowserCrashedError, BrowserMissingError, InfraError
from browser_env.locate import BrowserBinary
from browser_env.options import BrowserOptions

OpenTab = Callable[..., Any]


@pytest.mark.parametrize("name", ["elements", "events", "shadow", "chance"])
def test_frame_control_changes_nothing_that_is_seen(open_tab: OpenTab, plain_browser: Browser, name: str) -> None:
    driven, plain = open_tab(name), open_tab(name, browser=plain_browser)
    assert not plain_browser.frame_control
    assert_alike(driven, plain)


def test_plain_browsers_are_acted_on_alike(open_tab: OpenTab, plain_browser: Browser) -> None:
    tabs = [open_tab("events"), open_tab("events", browser=plain_browser)]
    for tab in tabs:
        tab.act(Type(tab.named("Field").id, "ab"))
        tab.act(Click(tab.named("Button").id))
        tab.act(Scroll(tab.named("Long").id, 0, 60))
        tab.observe()
    logs = [  # pointer moves may be merged, and wheels come when they like
        [
            (e["type"], e["id"])
            for e in tab.evaluate("log")
            if e["type"] not in ("pointermove", "mousemove", "mouseover", "wheel")
        ]
        for tab in tabs
    ]
    assert logs[0] == logs[1]
    assert_alike(*tabs)


def assert_alike(driven: Any, plain: Any) -> None:
    for tab in (driven, plain):
        tab.observe(pixels=True)  # what is animated has one frame to end
    first, second = driven.observe(pixels=True), plain.observe(pixels=True)
    assert first.elements == second.elements
    assert (first.screenshot == second.screenshot).all()


def test_a_screenshot_has_the_viewports_size_and_the_pages_colours(open_tab: OpenTab) -> None:
    tab = open_tab("blank", viewport=(123, 77))
    tab.evaluate("document.body.style.background = 'rgb(1, 2, 3)', document.body.textContent = '', 0")
    pixels = tab.loop.run(tab.page.drawing.screenshot())
    assert (pixels.shape, pixels.dtype) == ((77, 123, 3), np.uint8)
    assert (pixels == (1, 2, 3)).all()


def test_a_frame_that_nobody_waits_for_any_more_is_drawn_before_the_next(open_tab: OpenTab) -> None:
    tab = open_tab("elements")

    async def leave_early() -> None:
        for rounds in range(20):
            viewer = asyncio.ensure_future(tab.page.drawing.screenshot())
            for _ in range(rounds % 4):
                await asyncio.sleep(0)
            viewer.cancel()
            await tab.page.drawing.frame()
        assert (await tab.page.drawing.screenshot()).shape == (300, 400, 3)

    tab.loop.run(leave_early())


@given(us=st.integers(min_value=0, max_value=10 * 365 * 86_400 * 1_000_000))
def test_every_microsecond_of_the_compositors_clock_is_told_apart(us: int) -> None:
    told = [json.loads(json.dumps(ticks_ms(moment))) for moment in (us, us + 1)]
    assert [int(ms * 1000) for ms in told] == [us, us + 1]


def test_evaluate_returns_json_or_raises(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    assert tab.evaluate("({ a: [1, null, 'x'] })") == {"a": [1, None, "x"]}
    assert tab.evaluate("Promise.resolve(3)") == 3
    assert tab.evaluate("undefined") is None
    for broken in ("throw_()", "(() => { throw new Error('x') })()", "Promise.reject(new Error('x'))", "syntax error"):
        with pytest.raises(InfraError, match="the page script failed"):
            tab.evaluate(broken)


def test_the_worlds_are_apart(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("window.secret = 1")
    assert tab.loop.run(tab.page.evaluate("typeof secret + typeof webdual", isolated=True)) == "undefinedobject"
    assert tab.evaluate("typeof webdual") == "undefined"


def test_pages_share_nothing(open_tab: OpenTab) -> None:
    first, second = open_tab("blank"), open_tab("blank")
    first.evaluate("(() => { document.cookie = 'a=1'; localStorage.setItem('b', '2') })()")
    assert second.evaluate("document.cookie + localStorage.length") == "0"


def test_a_renderer_that_crashed_says_so(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    started = time.monotonic()
    with pytest.raises(BrowserCrashedError):
        tab.loop.run(tab.page.send("Page.crash"))
    with pytest.raises(BrowserCrashedError):
        tab.observe()
    assert time.monotonic() - started < 5, "a crash is not waited for as if the page hung"
    assert open_tab("blank").observe().elements, "other pages of the browser live on"


def test_a_browser_closes_twice_and_then_opens_nothing(loop: LoopThread) -> None:
    browser = loop.run(Browser.launch())
    assert browser.alive
    assert browser.version
    loop.run(browser.close())
    loop.run(browser.close())
    assert not browser.alive

    async def open_page() -> Context:
        return await browser.new_context(viewport=(100, 100))

    with pytest.raises(BrowserCrashedError, match="restarted"):
        loop.run(open_page())


def test_a_program_that_is_no_browser_is_named(loop: LoopThread) -> None:
    binary = BrowserBinary(path=Path("/bin/false"), kind="chromium", version="1.0", source="system")
    with pytest.raises(BrowserMissingError, match=r"/bin/false does not start.*webdual doctor"):
        loop.run(Browser.launch(BrowserOptions(), binary=binary))


def test_a_worker_that_is_gone_is_forgotten(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    devtools, traffic = tab.page._devtools, tab.page.traffic
    before = dict(devtools._listeners)
    source = f"fetch({(tab.page.url.rpartition('/')[0] + '/hang')!r})"
    tab.evaluate(f"(() => {{ window.worker = new Worker(URL.createObjectURL(new Blob([{json.dumps(source)}]))) }})()")
    wait_for(tab, lambda: traffic.open_requests > 0)
    assert devtools._listeners != before
    tab.evaluate("worker.terminate()")
    wait_for(tab, lambda: traffic.open_requests == 0)
    assert devtools._listeners == before


def wait_for(tab: Any, holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        tab.advance(1)
        time.sleep(0.01)
    pytest.fail("it did not come about in two seconds")
