"""A page that logs what happens to it."""

from __future__ import annotations

from typing import Any

from browser_env.action import Action


class Bench:
    """A page that logs what happens to it, with ``log.js``."""

    def __init__(self, tab: Any):
        self.tab = tab
        self.ids = {element.name: element.id for element in tab.observe().elements}

    def act(self, action: Action, **given: Any) -> list[dict[str, Any]]:
        """Act and return the events that came of it; all of them are trusted."""
        self.tab.evaluate("log.length = 0")
        self.tab.act(action, **given)
        self.tab.observe()  # draws a frame, as every step does
        log: list[dict[str, Any]] = self.tab.evaluate("log")
        assert all(event["trusted"] for event in log)
        return log

    def of(self, action: Action, *types: str) -> list[tuple[str, str]]:
        return [(event["type"], event["id"]) for event in self.act(action) if event["type"] in types]
