"""Forms filled in as a person does: text, dates, sliders, lists and check boxes."""

from __future__ import annotations

import math
import re
from typing import Any

from browser_env.aiming import Aim, ask, lift, locate, reach
from browser_env.arguments import Target
from browser_env.errors import ActionError, DocumentGoneError
from browser_env.fields import FORMS, moment_events, same_moment
from browser_env.input import Place, click_events
from browser_env.keys import KeyEvent, key_down, press_events, type_events
from browser_env.page import Frame, Page
from browser_env.targets import frame_of

BATCH = 200  # events sent together: frames are drawn between batches
NEAR = 60  # options to the wanted one that are passed by arrow keys; a farther one is looked for by its letters
FAR = 300  # options that are passed so at most: in long lists each takes long
LETTERS = 40  # of an option's label
MAX_STEPS = 1000  # of a slider, by arrow keys
COLOR = re.compile(r"#[0-9a-fA-F]{6}")


async def type_text(page: Page, target: Target, text: str, *, clear: bool) -> None:
    """Focus a target by a click and type; raise :class:`ActionError` where it takes no text, or not this one."""
    found = await locate(page, target)
    takes_text = found.kind in ("text", "range", "color", *FORMS) and not found.disabled and not found.readonly
    if not takes_text and (isinstance(target, str) or found.kind not in ("", "text")):
        raise ActionError(
            f"element {target} takes no text" if isinstance(target, str) else f"a {found.kind} takes no text"
        )
    if found.kind == "range":
        await _slide(page, found, text)
    elif found.kind == "color":
        await _pick_color(found, text)
    else:
        state = await _focus(page, target, found, clear=clear)
        if clear:
            before = [*press_events("Control+a"), *press_events("Delete")] if state["filled"] else []
        else:
            before = [] if found.focused else press_events("Control+End")
        await _type_keys(page, found, text, before, precision=state["precision"])


async def _focus(page: Page, target: Target, found: Aim, *, clear: bool) -> dict[str, Any]:
    """Click, unless the caret of what has the focus is to stay; return {focused, filled, precision}."""
    if clear or not found.focused:
        await page.dispatch(click_events(found.place))
    state: dict[str, Any] = await ask(found.frame, "typing")
    if isinstance(target, str) and not state["focused"]:
        raise ActionError(f"element {target} did not take the focus, so nothing was typed")
    return state


async def _type_keys(page: Page, found: Aim, text: str, before: list[KeyEvent], *, precision: str) -> None:
    moment = moment_events(found.kind, text, precision=precision) if found.kind in FORMS else None
    await send_keys(page, [*before, *(type_events(text) if moment is None else moment)])
    if moment is not None:
        value = await ask(found.frame, "heldValue")
        if not same_moment(found.kind, value, text):
            raise ActionError(f"the {found.kind} field does not take {text!r}; it holds {value!r} now")


async def send_keys(page: Page, events: list[KeyEvent]) -> None:
    """Send key events in batches, so that none holds the next frame up for long."""
    for start in range(0, len(events), BATCH):
        await page.dispatch(events[start : start + BATCH])


async def _slide(page: Page, found: Aim, text: str) -> None:
    """Press a slider near a value and go on by arrow keys."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ActionError(f"a slider takes a number, not {text[:80]!r}")
    place = await lift(page, found.frame, await ask(found.frame, "aimRange", value))
    await page.dispatch(click_events(place))
    steps = await ask(found.frame, "stepsTo", value)
    if abs(steps) <= MAX_STEPS:
        await send_keys(page, press_events("ArrowUp" if steps > 0 else "ArrowDown") * abs(steps))
    held = await ask(found.frame, "heldValue")
    if held == "" or float(held) != value:
        raise ActionError(f"the slider cannot be set to {text}; it stands at {held} now")


async def _pick_color(found: Aim, text: str) -> None:
    if not COLOR.fullmatch(text):
        raise ActionError(f"a colour is written as #ff0000, not {text[:80]!r}")
    await ask(found.frame, "pickColor", text.lower())


async def select(page: Page, target: Target, options: tuple[str, ...]) -> None:
    """Choose exactly these options: by arrow keys in a closed list, by clicks in an open one."""
    if not isinstance(target, str):
        raise ActionError("select needs a list's element id, e.g. select(e4, ['Anna'])")
    frame = await frame_of(page, target)
    place, plan = await reach(page, frame, "planSelect", target, options)
    if "clicks" in plan:
        await _click_options(page, frame, plan["clicks"])
        await _check_chosen(frame, target, options)
        return
    if not plan["focused"]:
        await page.dispatch([*click_events(place), key_down("Escape")])
        place, plan = await reach(
            page, frame, "planSelect", target, options
        )  # a page may change a list that is gone to
        if not plan["focused"]:
            raise ActionError(f"element {target} did not take the focus, so nothing was chosen")
    if abs(plan["offset"]) > NEAR:
        await _seek(page, place, plan["label"])
        place, plan = await reach(page, frame, "planSelect", target, options)
    if abs(plan["offset"]) > FAR:
        raise ActionError(f"the list {target} is too long to come to {plan['label'][:80]!r} by keys")
    await _choose(page, place, plan["offset"])
    await _check_chosen(frame, target, options)


async def _click_options(page: Page, frame: Frame, clicks: list[tuple[int, bool]]) -> None:
    """Click options by their index, each instead of what was chosen or, with Control, beside it."""
    for index, beside in clicks:
        place, _ = await reach(page, frame, "locateOption", index)
        await page.dispatch(click_events(place, modifiers=("Control",) if beside else ()))


async def _choose(page: Page, place: Place, offset: int) -> None:
    """Go so many options down in the focused closed list; there is one change, as when a person does it."""
    if offset:
        arrows = [key_down("ArrowDown" if offset > 0 else "ArrowUp")] * abs(offset)  # the page sees no key come up
        await page.dispatch([*click_events(place), *arrows, key_down("Enter")])


async def _check_chosen(frame: Frame, target: str, options: tuple[str, ...]) -> None:
    """Raise :class:`ActionError` where a list that is still there did not take a choice."""
    try:
        taken = await ask(frame, "isChosen", options)
    except DocumentGoneError:
        return
    if not taken:
        raise ActionError(f"the list {target} did not take the choice; something may cover it")


async def _seek(page: Page, place: Place, label: str) -> None:
    """Open the focused closed list, type what the option begins with, and choose what that leads to."""
    letters = [event for event in type_events(label[:LETTERS]) if event[1].get("type") != "keyUp"]
    await page.dispatch([*click_events(place), key_down("Home"), *letters, key_down("Enter")])


async def check(page: Page, target: Target, *, checked: bool) -> None:
    """Click a check box, radio button or switch if that is needed for its state."""
    found = await locate(page, target)
    if found.kind not in ("checkbox", "radio"):
        raise ActionError(
            f"element {target} cannot be checked" if isinstance(target, str) else "nothing here can be checked"
        )
    if found.checked == checked:
        return
    if found.disabled:
        raise ActionError(f"{target} is disabled")
    if found.kind == "radio" and not checked:
        raise ActionError("a radio button is unchecked by checking another of its group")
    await page.dispatch(click_events(found.place))
    state = await _tick_state(found.frame)
    if state and found.checked is None and state["checked"] != checked:  # a click may have led to either
        await page.dispatch(click_events(found.place))
        state = await _tick_state(found.frame)
    if state and state["is_final"] and state["checked"] is (not checked):
        wanted = "checked" if checked else "unchecked"
        raise ActionError(f"{target} is not {wanted} by a click; something may cover it, or the page does not allow it")


async def _tick_state(frame: Frame) -> dict[str, bool | None] | None:
    """Return {checked, is_final} of the box that was located; None where it is gone."""
    try:
        state: dict[str, bool | None] | None = await ask(frame, "tickState")
    except DocumentGoneError:
        return None
    return state
