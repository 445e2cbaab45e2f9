"""The documents of a page and the worlds in which scripts run in them, as DevTools tells of them."""

from __future__ import annotations

from typing import Any

Place = tuple[str, int | None, int]  # frame id, index of the parent in the list, position in the parent's window.frames


class Documents:
    """Frames and execution contexts of a page; feed it ``Page`` and ``Runtime`` events in order."""

    def __init__(self, main_id: str):
        self._main_id = main_id
        self._children: dict[str, list[str]] = {main_id: []}  # frame id -> ids of its frames, as attached
        self._worlds: dict[tuple[str, str], int] = {}  # (frame id, name; "" for the page's own) -> execution context

    def places(self) -> list[Place]:
        """Return the frames, the main one first, each before those inside it."""
        found: list[Place] = []

        def visit(frame_id: str, parent: int | None, index: int) -> None:
            place = len(found)
            found.append((frame_id, parent, index))
            for position, child in enumerate(self._children.get(frame_id, ())):
                visit(child, place, position)

        visit(self._main_id, None, 0)
        return found

    @property
    def num_frames(self) -> int:
        """How many frames the page has, its own document included."""
        return len(self._children)

    def context(self, frame_id: str, world: str) -> int | None:
        """Return the execution context of a frame's world, None where none is known."""
        return self._worlds.get((frame_id, world))

    def add_context(self, frame_id: str, world: str, context: int) -> None:
        """Take note of a world that was asked for."""
        self._worlds[frame_id, world] = context

    def attached(self, event: dict[str, Any]) -> None:
        """Take a ``Page.frameAttached``."""
        siblings = self._children.setdefault(event["parentFrameId"], [])
        if event["frameId"] not in siblings:
            siblings.append(event["frameId"])
            self._children.setdefault(event["frameId"], [])

    def detached(self, event: dict[str, Any]) -> None:
        """Take a ``Page.frameDetached``."""
        if event.get("reason") != "swap":  # then it goes on in another process
            self._drop(event["frameId"])

    def navigated(self, frame_id: str) -> None:
        """Take note that a frame shows another document."""
        for child in list(self._children.get(frame_id, ())):
            self._drop(child)

    def context_made(self, event: dict[str, Any]) -> None:
        """Take a ``Runtime.executionContextCreated``."""
        context = event["context"]
        data = context.get("auxData", {})
        if "frameId" in data:
            self._worlds[data["frameId"], "" if data.get("isDefault") else context["name"]] = context["id"]

    def context_gone(self, event: dict[str, Any]) -> None:
        """Take a ``Runtime.executionContextDestroyed``, or ``...Cleared``, which names none."""
        gone = event.get("executionContextId")
        self._worlds = {} if gone is None else {key: id_ for key, id_ in self._worlds.items() if id_ != gone}

    def _drop(self, frame_id: str) -> None:
        for child in self._children.pop(frame_id, []):
            self._drop(child)
        for siblings in self._children.values():
            if frame_id in siblings:
                siblings.remove(frame_id)
        self._worlds = {key: context for key, context in self._worlds.items() if key[0] != frame_id}
