"""Where a task may go."""

from __future__ import annotations

from urllib.parse import urlsplit

from browser_env.action import Action, Back, Forward, Navigate, NewTab
from browser_env.errors import ActionError, BlockedError, InfraError
from browser_env.page import Page
from browser_env.snapshot.normalising import origin
from browser_env.task import Task

SCHEMES = ("http", "https")
LEAVING = (Navigate, NewTab, Back, Forward)


def is_allowed(url: str, task: Task) -> bool:
    """Whether a task's pages may be at an address; a blob is where the page is that made it."""
    if url in ("", "about:blank"):  # a tab that has not loaded anything yet
        return True
    place = url.removeprefix("blob:")
    if "\\" in place or not _is_web_address(place):  # browsers take a backslash for a slash
        return False
    return origin(place) in {origin(allowed) for allowed in (task.url, *task.allowed_origins)}


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket that is not closed
        return False


def check_action(action: Action, task: Task) -> None:
    """Raise :class:`BlockedError` where an action would leave the task's places."""
    if isinstance(action, Navigate | NewTab) and not (action.url and is_allowed(action.url, task)):
        reason = f"the task does not allow {action.url[:200]}; add its origin to allowed_origins"
        raise BlockedError(reason, address=action.url)


def check_stays(action: Action, task: Task) -> None:
    """Raise :class:`ActionError` where an action would leave the one page that a suite's task is."""
    if task.suite == "miniwob" and isinstance(action, LEAVING):
        raise ActionError("the pages of MiniWoB++ are one page each; go on with what this one shows")


async def check_page(page: Page, task: Task) -> None:
    """Raise :class:`BlockedError` where the page may not be, :class:`InfraError` where it could not be loaded."""
    unreachable = await page.unreachable_url() if page.url.startswith("chrome-error:") else ""
    address = unreachable or page.url
    if not is_allowed(address, task):
        reason = f"the page went to {address[:200]}, which the task does not allow"
        raise BlockedError(reason, address=address)
    if unreachable:
        raise InfraError(f"{unreachable[:200]} did not load; see whether its server is up")
