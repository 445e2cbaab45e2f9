import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from browser_env.browser import Browser
from browser_env.chromium import LOCK, PREFIX, ChromiumProcess, reap_leftovers
from browser_env.env import LoopThread
from browser_env.errors import BrowserCrashedError, UsageError
from browser_env.options import BrowserOptions

OWNER = """
import asyncio, sys
from browser_env.browser import Browser
async def main():
    browser = await Browser.launch()
    await browser.new_context(viewport=(100, 100))
    print(browser._process.profile, flush=True)
    {then}
asyncio.run(main())
"""


def processes_of(profile: Path) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(profile).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def eventually(condition: Callable[[], bool], limit_s: float = 20.0) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def is_gone(profile: Path) -> bool:
    return not profile.exists() and not processes_of(profile)


@pytest.mark.parametrize("then", ["await asyncio.sleep(60)", "raise RuntimeError('x')", "await browser.close()"])
def test_a_browser_ends_with_its_owner_however_that_ends(then: str) -> None:
    command = [sys.executable, "-c", OWNER.format(then=then)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as owner:
        assert owner.stdout is not None
        profile = Path(owner.stdout.readline().strip())
        if "sleep" in then:
            assert processes_of(profile)
            owner.send_signal(signal.SIGKILL)
        owner.wait(30)
    assert eventually(lambda: is_gone(profile))


def test_a_browser_that_hangs_is_killed(loop: LoopThread) -> None:
    browser = loop.run(Browser.launch(BrowserOptions(call_timeout_s=1)))
    profile = browser._process.profile
    os.killpg(browser.pid, signal.SIGSTOP)
    with pytest.raises(BrowserCrashedError, match="restarted"):
        loop.run(browser.new_context(viewport=(100, 100)))
    browser.kill()
    loop.run(browser.close())
    assert eventually(lambda: is_gone(profile))


def test_what_a_dead_owner_left_is_cleared_away(tmp_path: Path) -> None:
    left, held, young, other = (tmp_path / f"{PREFIX}{name}" for name in ("1-abc", "2-abc", "3-abc", "notes-1"))
    for folder in (left, held, young, other):
        folder.mkdir()
        if folder != other:
            (folder / LOCK).touch()
        if folder != young:
            os.utime(folder, (0, 0))
    stuck = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", f"--user-data-dir={left}"])
    assert eventually(lambda: bool(processes_of(left)))
    with (held / LOCK).open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert reap_leftovers(tmp_path) == 1
    assert stuck.wait(10) == -signal.SIGKILL
    assert [path.exists() for path in (left, held, young, other)] == [False, True, True, True]


def test_nothing_is_left_open(loop: LoopThread) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    loop.run(loop_once())
    before = descriptors()
    for _ in range(3):
        loop.run(loop_once())
    assert descriptors() <= before


async def loop_once() -> None:
    browser = await Browser.launch()
    context = await browser.new_context(viewport=(100, 100))
    await context.page.drawing.screenshot()
    assert await context.close()
    await browser.close()


def test_a_browser_that_cannot_be_started_leaves_nothing(tmp_path: Path) -> None:
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"{PREFIX}{os.getpid()}-*"))
    process = ChromiumProcess.start(tmp_path / "missing", [])
    process.end()
    process.end()
    assert set(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"{PREFIX}{os.getpid()}-*")) == before


def test_playwright_may_join(loop: LoopThread) -> None:
    browser = loop.run(Browser.launch(BrowserOptions(debug_port=True)))
    context = loop.run(browser.new_context(viewport=(100, 100)))
    with sync_playwright() as playwright:
        guest = playwright.chromium.connect_over_cdp(browser.endpoint)
        pages = [page for joined in guest.contexts for page in joined.pages]
        titles = [page.evaluate("document.title = 'joined'") for page in pages]
        guest.close()
    assert "joined" in titles
    assert loop.run(context.page.evaluate("document.title")) == "joined"
    loop.run(browser.close())


def test_nobody_joins_unless_asked(loop: LoopThread, browser: Browser) -> None:
    with pytest.raises(UsageError, match="debug_port=True"):
        _ = browser.endpoint
