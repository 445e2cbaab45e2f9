"""The MiniWoB++ suite: its pages as tasks, served from the installed package ``miniwob``."""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pathlib import Path

from browser_env.errors import UsageError
from browser_env.task import Task, VerifierSpec

HOST = "miniwob.test"  # the same name on every machine and port, so that URLs are reproducible
VIEWPORT = (160, 210)  # width, height of a MiniWoB++ page in CSS px
DEFAULT_TASKS = (
    "click-test-2",
    "click-button",
    "click-dialog-2",
    "click-checkboxes",
    "click-option",
    "click-tab-2",
    "click-color",
    "identify-shape",
    "focus-text-2",
    "enter-text",
    "login-user",
    "choose-list",
)


@functools.cache
def pages_folder() -> Path:
    """Return the folder of the suite's HTML files."""
    spec = find_spec("miniwob")
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("the package `miniwob` is not installed; run `pip install miniwob`")
    return Path(spec.submodule_search_locations[0]) / "html"


@functools.cache
def task_names() -> tuple[str, ...]:
    """Return the names of all pages of the suite."""
    return tuple(sorted(page.stem for page in (pages_folder() / "miniwob").glob("*.html")))


def miniwob_task(name: str, *, reward_mode: str = "strict", max_steps: int = 12) -> Task:
    """Return the task of a page by its name, e.g. ``click-button`` or ``miniwob/click-button``."""
    page = name.removeprefix("miniwob/")
    if page not in task_names():
        close = [known for known in task_names() if page.split("-")[0] in known][:6]
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"there is no MiniWoB++ task {page!r}{hint}")
    return Task(
        name=f"miniwob/{page}",
        url=f"http://{HOST}/miniwob/{page}.html",
        suite="miniwob",
        ignore="#reward-display, #click-canvas, #sync-task-cover",
        viewport=VIEWPORT,
        max_steps=max_steps,
        verifier=VerifierSpec(name="page_reward", params={"mode": reward_mode}),
        provenance="MiniWoB++ (package miniwob, MIT licence)",
    )
