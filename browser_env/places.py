"""Where a task may go."""

from __future__ import annotations

from urllib.parse import urlsplit

from browser_env.action import Action, Back, Forward, Navigate, NewTab
from browser_env.errors import ActionError, BlockedError, InfraError
from browser_env.page import Page
from browser_env.task import Task

SCHEMES = ("http", "https")
LEAVING = (Navigate, NewTab, Back, Forward)


def origin(url: str) -> str:
    """Return the origin of an address, e.g. ``http://localhost:8000``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_allowed(url: str, task: Task) -> bool:
    """Whether a task's pages may be at an address."""
    if url in ("", "about:blank"):  # a tab that has not loaded anything yet
        return True
    allowed = {origin(task.url), *task.allowed_origins}
    return urlsplit(url).scheme in SCHEMES and origin(url) in allowed


def check_action(action: Action, task: Task) -> None:
    """Raise :class:`BlockedError` where an action would leave the task's places."""
    if isinstance(action, Navigate | NewTab) and not (action.url and is_allowed(action.url, task)):
        raise BlockedError(f"the task does not allow {action.url[:200]}; add its origin to allowed_origins")


def check_stays(action: Action, task: Task) -> None:
    """Raise :class:`ActionError` where an action would leave the one page that a suite's task is."""
    if task.suite == "miniwob" and isinstance(action, LEAVING):
        raise ActionError("the pages of MiniWoB++ are one page each; go on with what this one shows")


async def check_page(page: Page, task: Task) -> None:
    """Raise :class:`BlockedError` where the page may not be, :class:`InfraError` where it could not be loaded."""
    unreachable = await page.unreachable_url() if page.url.startswith("chrome-error:") else ""
    if not is_allowed(unreachable or page.url, task):
        raise BlockedError(f"the page went to {(unreachable or page.url)[:200]}, which the task does not allow")
    if unreachable:
        raise InfraError(f"{unreachable[:200]} did not load; see whether its server is up")
