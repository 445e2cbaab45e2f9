"""Writes an episode as a Python script that Playwright runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from browser_env.action import (
    Action,
    Answer,
    Back,
    Check,
    Click,
    CloseTab,
    Dialog,
    DoubleClick,
    Drag,
    Forward,
    GiveUp,
    Hover,
    MiddleClick,
    Navigate,
    NewTab,
    Press,
    RightClick,
    Scroll,
    Select,
    SwitchTab,
    Target,
    Type,
    Upload,
    Wait,
)
from browser_env.episode import Episode
from browser_env.observation import Observation
from experiments.exchange.pointing import aim, is_in_frame
from replay.redaction.placeholders import PLACEHOLDER

HOW: dict[type[Action], str] = {
    Click: "",
    DoubleClick: ", click_count=2",
    RightClick: ', button="right"',
    MiddleClick: ', button="middle"',
}
HEAD = '''"""{title}

Written from an episode. Needs Playwright: pip install playwright && playwright install chromium
Secrets come from the environment: SECRET_1 for {{{{secret:1}}}}, and so on.
"""

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import Dialog, Locator, Page, sync_playwright

UPLOADS = Path(os.environ.get("UPLOADS", "."))


def filled(text: str) -> str:
    """Put secrets in place of their placeholders."""

    def value(match: re.Match) -> str:
        secret = os.environ[f"SECRET_{{match[1]}}"]
        if match[2] is None:
            return secret
        first, last, length = int(match[2]), int(match[3]), int(match[4])
        compact = secret if len(secret) == length else re.sub(r"[\\s.-]", "", secret)
        if len(compact) != length:
            sys.exit(f"SECRET_{{match[1]}} was typed in parts and needs {{length}} characters, not {{len(compact)}}")
        return compact[first - 1 : last]

    return re.sub(r"\\{{\\{{secret:(\\d+)(?::(\\d+)-(\\d+)/(\\d+))?\\}}\\}}", value, text)


def only(page: Page, role: str, name: str) -> Locator | None:
    """Return the element of a role and a name, None where there is none or more than one."""
    found = page.get_by_role(role, name=name, exact=True)
    return found if found.count() == 1 else None


def click(page: Page, role: str, name: str, x: float, y: float, modifiers: list[str], **how: object) -> None:
    """Click an element, or a place where nothing names the element."""
    found = only(page, role, name) if role else None
    if found is not None:
        found.click(modifiers=modifiers, **how)
        return
    for key in modifiers:
        page.keyboard.down(key)
    page.mouse.click(x, y, **how)
    for key in reversed(modifiers):
        page.keyboard.up(key)


def write(page: Page, role: str, name: str, x: float, y: float, text: str, *, clear: bool, focused: bool) -> None:
    """Type a text, in place of what is there or behind it."""
    found = only(page, role, name) if role else None
    if found is not None and clear:
        found.fill(filled(text))
        return
    if clear or not focused:
        click(page, role, name, x, y, [])
        page.keyboard.press("ControlOrMeta+a" if clear else "Control+End")
    page.keyboard.type(filled(text))


def answer(page: Page, accept: bool, text: str | None) -> None:
    """Answer the next dialog."""

    def reply(dialog: Dialog) -> None:
        dialog.accept(*([] if text is None else [filled(text)])) if accept else dialog.dismiss()

    page.once("dialog", reply)


def run(page: Page) -> Page:
    page.goto(filled({url!r}))
'''
TAIL = """    return page


def main() -> int:
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM")  # another browser than Playwright's own
        browser = playwright.chromium.launch(headless="--show" not in sys.argv, executable_path=chromium)
        page = run(browser.new_context(viewport={viewport}).new_page())
        print(page.url)
        print(page.locator("body").inner_text())
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
"""


def to_playwright(episode: Episode) -> str:
    """Return the script; it opens the task's page, does what was done, and prints the last page's address and text."""
    width, height = episode.task.viewport
    title = re.sub(r"[^\w .,:;!?'()/{}-]", " ", episode.task.goal or episode.final.goal or episode.task.name)[:100]
    title = title.replace("{", "{{").replace("}", "}}").strip() or "An episode"
    steps = list(zip(episode.steps, [*(step.action for step in episode.steps[1:]), None], strict=True))
    lines = [line for step, following in steps for line in _lines(step.action, step.observation, following)]
    body = "".join(f"    {line}\n" for line in lines)
    head = HEAD.format(title=title, url=episode.task.url)
    return head + body + TAIL.format(viewport={"width": width, "height": height})


def _lines(action: Action, seen: Observation, following: Action | None) -> Iterator[str]:
    """Yield the lines of one action; a dialog's answer has to be ready before what opens it."""
    if isinstance(following, Dialog):
        yield f"answer(page, {following.accept}, {following.text!r})"
    match action:
        case Click(target, modifiers) | DoubleClick(target, modifiers):
            yield f"click(page, {_where(seen, target)}, {list(modifiers)!r}{HOW[type(action)]})"
        case RightClick(target, modifiers) | MiddleClick(target, modifiers):
            yield f"click(page, {_where(seen, target)}, {list(modifiers)!r}{HOW[type(action)]})"
        case Type(target, text, clear):
            focused = isinstance(target, str) and seen.focus == target
            yield f"write(page, {_where(seen, target)}, {text!r}, clear={clear}, focused={focused})"
        case Press(key, times):
            pressed = f"page.keyboard.press({_key(key)})"
            yield pressed if times == 1 else f"[{pressed} for _ in range({times})]"
        case Select(target, options):
            yield f"{_locator(seen, target)}.select_option(label=[filled(label) for label in {list(options)!r}])"
        case Check(target, checked):
            yield f"{_locator(seen, target)}.set_checked({checked})"
        case Upload(target, names):
            yield f"{_locator(seen, target)}.set_input_files([UPLOADS / name for name in {list(names)!r}])"
        case Hover(target):
            x, y = _place(seen, target)
            yield f"page.mouse.move({x}, {y})"
        case Scroll(target, dx, dy):
            x, y = _place(seen, target)
            yield f"page.mouse.move({x}, {y})"
            yield f"page.mouse.wheel({dx}, {dy})"
            yield "page.wait_for_timeout(200)"
        case Drag(path):
            yield from _drag([_place(seen, target) for target in path])
        case _:
            yield from _page_lines(action)


def _page_lines(action: Action) -> Iterator[str]:
    match action:
        case Navigate(url):
            yield f"page.goto(filled({url!r}))"
        case Back():
            yield "page.go_back()"
        case Forward():
            yield "page.go_forward()"
        case NewTab(url):
            yield "page = page.context.new_page()"
            yield f"page.goto(filled({url!r}))"
        case SwitchTab(index):
            yield f"page = page.context.pages[{index}]"
            yield "page.bring_to_front()"
        case CloseTab(index):
            yield f"page.context.pages[{index}].close()"
            yield "page = page.context.pages[-1]"
        case Wait(ms):
            yield f"page.wait_for_timeout({ms})"
        case Answer(text) | GiveUp(text):
            yield f"print({text!r})"


def _where(seen: Observation, target: Target) -> str:
    there = aim(seen, target)
    return f"{there.role or ''!r}, {there.name!r}, {there.x:g}, {there.y:g}"


def _place(seen: Observation, target: Target) -> tuple[float, float]:
    there = aim(seen, target)
    return round(there.x, 2), round(there.y, 2)


def _locator(seen: Observation, target: Target) -> str:
    there = aim(seen, target)
    if there.role is not None:
        return f"page.get_by_role({there.role!r}, name={there.name!r}, exact=True)"
    role = there.element.role if there.element is not None else "button"
    alike = [e.id for e in seen.elements if e.role == role and not is_in_frame(e)]
    place = alike.index(target) if target in alike else 0
    return f"page.get_by_role({role!r}).nth({place})"


def _key(key: str) -> str:
    return f"filled({key!r})" if PLACEHOLDER.search(key) else repr(key)


def _drag(places: list[tuple[float, float]]) -> Iterator[str]:
    yield f"page.mouse.move({places[0][0]}, {places[0][1]})"
    yield "page.mouse.down()"
    yield from (f"page.mouse.move({x}, {y}, steps=8)" for x, y in places[1:])
    yield "page.mouse.up()"
