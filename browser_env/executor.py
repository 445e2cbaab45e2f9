"""Carries actions out: the only way that anybody, agent, person or script, acts on a page."""

from __future__ import annotations

from browser_env.action import (
    Action,
    Back,
    Check,
    Click,
    CloseTab,
    Dialog,
    DoubleClick,
    Drag,
    Forward,
    Hover,
    MiddleClick,
    Navigate,
    NewTab,
    Point,
    Press,
    RightClick,
    Scroll,
    Select,
    SwitchTab,
    Target,
    Type,
    Upload,
)
from browser_env.aiming import aim, locate, on_screen, reach
from browser_env.context import Context
from browser_env.dragging import drag
from browser_env.errors import ActionError
from browser_env.filling import check, select, send_keys, type_text
from browser_env.input import click_events, hover_events, wheel_events
from browser_env.keys import key_down, press_events
from browser_env.page import Page
from browser_env.targets import frame_of
from browser_env.uploads import upload


async def execute(context: Context, action: Action, *, upload_folder: str | None = None) -> None:
    """Carry an action out in the tab in front; raise :class:`ActionError` where that cannot be done."""
    page = context.page
    if page.dialog is not None and not isinstance(
        action, Dialog
    ):  # other tabs may share its renderer, which stands still
        page.check_usable()
    match action:
        case NewTab(url):
            await context.open(url)
        case SwitchTab(index):
            await context.activate(index)
        case CloseTab(index):
            await context.close_page(index)
        case Dialog(accept, text):
            await _answer(context, accept=accept, text=text)
        case Navigate(url):
            await page.navigate(url)
        case Back():
            await page.go("back")
        case Forward():
            await page.go("forward")
        case Upload(target, names):
            await upload(page, target, names, folder=upload_folder)
        case Type(target, text, clear):
            await type_text(page, target, text, clear=clear)
        case Select(target, options):
            await select(page, target, options)
        case Check(target, checked):
            await check(page, target, checked=checked)
        case Press(key, times):
            await send_keys(page, press_events(key) * times)
        case _:
            await _point(page, action)


async def _point(page: Page, action: Action) -> None:
    """Carry out what the pointer alone does."""
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
        case _:
            raise ActionError(f"{action.verb} is nothing that can be done to a page")


async def _click(page: Page, target: Target, modifiers: tuple[str, ...], *, clicks: int = 1) -> None:
    """Click; a closed list that it opens is closed again: it is drawn outside the page, and `select` chooses."""
    known = page.aims.get(target) if isinstance(target, str) else None
    if known is not None:
        await page.dispatch(click_events(known, clicks=clicks, modifiers=modifiers))
        return
    found = await locate(page, target)
    if found.kind == "option":
        raise ActionError(f"element {target} is an option: use select(list, [label])")
    if found.kind == "menu" and not found.disabled:
        await page.dispatch([*click_events(found.place, modifiers=modifiers), key_down("Escape")])
    else:
        await page.dispatch(click_events(found.place, clicks=clicks, modifiers=modifiers))


async def _scroll(page: Page, target: Target, dx: float, dy: float) -> None:
    if isinstance(target, Point):
        place = on_screen(page, (target.x, target.y))
    else:
        place, _ = await reach(page, await frame_of(page, target), "locateWheel", target, dx, dy)
    await page.dispatch(wheel_events(place, dx=dx, dy=dy))


async def _answer(context: Context, *, accept: bool, text: str | None) -> None:
    """Answer the open dialog; a prompt that is accepted without a text keeps the one it shows."""
    dialog = context.dialog
    if dialog is None:
        raise ActionError("no dialog is open")
    await context.answer(accept=accept, text=dialog.default if text is None else text)
