"""Carries actions out: the only way that anybody, agent, person or script, acts on a page."""

from __future__ import annotations

from browser_env.action import (
    Action,
    Back,
    Check,
    Click,
    DoubleClick,
    Drag,
    Forward,
    Hover,
    MiddleClick,
    Navigate,
    Press,
    RightClick,
    Scroll,
    Select,
    Target,
    Type,
    Upload,
)
from browser_env.aiming import aim, ask, locate, place_of, plain
from browser_env.dragging import drag
from browser_env.errors import ActionError
from browser_env.filling import check, select, type_text
from browser_env.input import click_events, hover_events, wheel_events
from browser_env.keys import key_down, press_events
from browser_env.page import Page
from browser_env.uploads import upload


async def execute(page: Page, action: Action, *, upload_folder: str | None = None) -> None:
    """Carry an action out on a page; raise :class:`ActionError` where that cannot be done."""
    match action:
        case Click(target, modifiers):
            await _click(page, target, modifiers)
        case DoubleClick(target, modifiers):
            await _click(page, target, modifiers, clicks=2)
        case RightClick(target, modifiers):
            await page.dispatch(click_events(await aim(page, target), button="right", modifiers=modifiers))
        case MiddleClick(target, modifiers):
            await page.dispatch(click_events(await aim(page, target), button="middle", modifiers=modifiers))
        case Hover(target, modifiers):
            await page.dispatch(hover_events(await aim(page, target), modifiers=modifiers))
        case Drag(path):
            await drag(page, path)
        case Scroll(target, dx, dy):
            await _scroll(page, target, dx, dy)
        case Type(target, text, clear):
            await type_text(page, target, text, clear=clear)
        case Press(key, times):
            await page.dispatch(press_events(key) * times)
        case Select(target, options):
            await select(page, target, options)
        case Check(target, checked):
            await check(page, target, checked=checked)
        case Upload(target, names):
            await upload(page, target, names, folder=upload_folder)
        case Navigate(url):
            await page.navigate(url)
        case Back():
            await page.go("back")
        case Forward():
            await page.go("forward")
        case _:
            raise ActionError(f"{action.verb} cannot be carried out on this page")


async def _click(page: Page, target: Target, modifiers: tuple[str, ...], *, clicks: int = 1) -> None:
    """Click; a closed list that it opens is closed again: it is drawn outside the page, and `select` chooses."""
    found = await locate(page, target)
    if found["kind"] == "option":
        raise ActionError(f"element {target} is an option: use select(list, [label])")
    if found["kind"] == "menu" and not found["disabled"]:
        await page.dispatch([*click_events(place_of(found), modifiers=modifiers), key_down("Escape")])
    else:
        await page.dispatch(click_events(place_of(found), clicks=clicks, modifiers=modifiers))


async def _scroll(page: Page, target: Target, dx: float, dy: float) -> None:
    place = plain(page, target)
    if isinstance(place, str):
        place = place_of(await ask(page, "locateWheel", place, dx, dy))
    await page.dispatch(wheel_events(place, dx=dx, dy=dy))
