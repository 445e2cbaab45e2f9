"""Files from a task's folder, and no others, given to a page's file chooser."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Any

from browser_env.aiming import aim
from browser_env.arguments import Target
from browser_env.errors import ActionError
from browser_env.input import click_events
from browser_env.page import Page

OPENED = "Page.fileChooserOpened"
LOOKS = 100  # frames within which a click opens a chooser
MAX_LISTED = 20  # names in an error


async def upload(page: Page, target: Target, names: tuple[str, ...], *, folder: str | None) -> None:
    """Click what opens a file chooser, and choose files by their names in a folder."""
    files = allowed_files(names, folder)
    place = await aim(page, target)
    with page.heard(OPENED) as choosers:
        await page.dispatch(click_events(place))
        chooser = await _opened(page, choosers, target)
    await _check_wanted(page, chooser, files)
    node = chooser["backendNodeId"]
    await page.send("DOM.setFileInputFiles", {"files": [str(file) for file in files], "backendNodeId": node})


def allowed_files(names: tuple[str, ...], folder: str | None) -> list[Path]:
    """Return the files of these names; raise :class:`ActionError` for any that is not a file inside the folder."""
    if folder is None:
        raise ActionError("the task has no upload folder, so nothing can be uploaded")
    if not names:
        raise ActionError("upload needs at least one name, e.g. upload(e5, ['photo.png'])")
    root = Path(folder).resolve()
    return [_allowed_file(name, root) for name in names]


def _allowed_file(name: str, root: Path) -> Path:
    try:
        file = (root / name).resolve()
        allowed = not Path(name).is_absolute() and file.is_relative_to(root) and file.is_file()
    except (ValueError, OSError, RuntimeError):  # a zero byte, a name too long, links in a circle
        allowed = False
    if allowed:
        return file
    known = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    listed = ", ".join(known[:MAX_LISTED]) or "nothing"
    raise ActionError(f"there is no file {name[:80]!r} in the upload folder; it holds {listed}")


def is_accepted(file: Path, accept: str) -> bool:
    """Whether a file fits an input's ``accept`` list: endings, media types and families of them."""
    wanted = [part.strip().lower() for part in accept.split(",") if part.strip()]
    media = (mimetypes.guess_type(file.name)[0] or "").lower()
    family = f"{media.partition('/')[0]}/*"
    return not wanted or any(
        file.name.lower().endswith(part) if part.startswith(".") else part in ("*/*", media, family) for part in wanted
    )


async def _opened(page: Page, choosers: list[dict[str, Any]], target: Target) -> dict[str, Any]:
    for _ in range(LOOKS):
        if choosers:
            return choosers[-1]
        await page.drawing.frame()
        await asyncio.sleep(0.002)  # the browser's answer comes by another way than the page's
    raise ActionError(f"a click on {target} opens no file chooser")


async def _check_wanted(page: Page, chooser: dict[str, Any], files: list[Path]) -> None:
    if chooser["mode"] == "selectSingle" and len(files) > 1:
        raise ActionError("this field takes one file")
    node = (await page.send("DOM.describeNode", {"backendNodeId": chooser["backendNodeId"]}))["node"]
    pairs = node.get("attributes", [])
    accept = dict(zip(pairs[::2], pairs[1::2], strict=True)).get("accept", "")
    for file in files:
        if not is_accepted(file, accept):
            raise ActionError(f"this field takes {accept[:80]}, not {file.name[:80]!r}")
