"""The MiniWoB++ suite: its pages as tasks, served from the installed package ``miniwob``."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from browser_env.errors import UsageError
from browser_env.seeds import is_held_out
from browser_env.task import Task, VerifierSpec

HOST = "miniwob.test"  # the same name on every machine and port, so that URLs are reproducible
VIEWPORT = (160, 210)  # width, height of a MiniWoB++ page in CSS px
FLIGHT = "flight-"  # begins the names of the pages in the package's folder of airlines
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What is known of a page beside what it says itself."""

    asks: str = ""  # in our words
    limit_s: int = 10  # page time
    steps: int = 12
    viewport: tuple[int, int] = VIEWPORT
    needed: float = 1.0  # raw reward from which the goal counts as reached
    pays: str = ""  # how its raw reward is graded; "": 1 or -1
    may_be_met: bool = False  # in some episodes nothing but submitting is left to do
    modes: bool = False  # training and testing draw from different data
    reload: bool = False  # something of an episode would reach the next one
    fields: tuple[str, ...] = ()  # names of the goal's parts
    compared: bool = False  # among those that results have been compared on since Humphreys et al. 2022


@functools.cache
def page_facts() -> Mapping[str, PageFacts]:
    """Return the facts of all pages by name."""
    data = json.loads((Path(__file__).parent / "miniwob.json").read_text(encoding="utf-8"))
    return {name: _facts(**facts) for name, facts in data.items()}


def _facts(*, viewport: Sequence[int] = VIEWPORT, fields: Sequence[str] = (), **others: Any) -> PageFacts:
    width, height = viewport
    return PageFacts(viewport=(width, height), fields=tuple(fields), **others)


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
    small = [page.stem for page in (pages_folder() / "miniwob").glob("*.html")]
    flights = [FLIGHT + page.parent.name for page in (pages_folder() / "flight").glob("*/wrapper.html")]
    return tuple(sorted(small + flights))


def compared_tasks() -> tuple[str, ...]:
    """Return the names of the 56 pages that results are commonly compared on."""
    return tuple(name for name in task_names() if page_facts()[name].compared)


def page_path(page: str) -> str:
    """Return where the page of this name lies in the package's folder."""
    return f"flight/{page.removeprefix(FLIGHT)}/wrapper.html" if page.startswith(FLIGHT) else f"miniwob/{page}.html"


def miniwob_task(
    name: str, *, reward_mode: str = "strict", threshold: float | None = None, max_steps: int | None = None
) -> Task:
    """Return the task of a page by its name, e.g. ``click-button`` or ``miniwob/click-button``.

    ``reward_mode`` and ``threshold`` are those of :func:`rewards.verifier.page_reward`.
    """
    page = name.removeprefix("miniwob/")
    if page not in task_names():
        close = [known for known in task_names() if page.split("-")[0] in known][:6]
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"there is no MiniWoB++ task {page!r}{hint}")
    facts = page_facts().get(page, PageFacts())
    return Task(
        name=f"miniwob/{page}",
        url=f"http://{HOST}/{page_path(page)}",
        suite="miniwob",
        ignore="#reward-display, #click-canvas, #sync-task-cover",
        viewport=facts.viewport,
        max_steps=facts.steps if max_steps is None else max_steps,
        reload=facts.reload,
        verifier=_verifier(reward_mode, facts.needed, threshold),
        provenance="MiniWoB++ (package miniwob, MIT licence)",
    )


def data_mode(seed: int) -> Literal["train", "test"]:
    """Return the data that an episode of this seed draws from: held-out seeds get what is kept for testing."""
    return "test" if is_held_out(seed) else "train"


def goal_fields(task_name: str, goal: str, given: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the goal's parts by name: what the page gives, else what the package reads from the goal's text."""
    if given:
        return {key: str(value) for key, value in given.items()}
    fields = importlib.import_module("miniwob.fields")  # late: it registers its environments with Gymnasium
    page = task_name.removeprefix("miniwob/")
    if page == "button-delay":  # the package knows no fields of it
        extract = fields.create_regex_field_extractor(r"Click button ONE, wait (\d+) seconds", ["seconds"])
    elif page in fields.FIELD_EXTRACTORS:
        extract = fields.get_field_extractor(page)
    else:
        return {}
    return dict(extract(goal))


def _verifier(mode: str, needed: float, threshold: float | None) -> VerifierSpec:
    params: dict[str, Any] = {"mode": mode}
    if threshold is not None:
        params["threshold"] = threshold
    elif needed != 1.0 and mode != "threshold":
        params["needed"] = needed
    return VerifierSpec(name="page_reward", params=params)
