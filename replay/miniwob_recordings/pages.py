"""The pages of one recording as observations, with element ids that last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from browser_env.action import Point, Target
from browser_env.observation import Element, Observation, Tab
from replay.miniwob_recordings.dom import VIEWPORT, ElementIds, list_elements
from replay.miniwob_recordings.gestures import content
from replay.miniwob_recordings.recording import Event, Node, Recording


@dataclass(frozen=True, slots=True)
class Pages:
    """Frames by their index; the index after the last one means the page after the last event."""

    recording: Recording
    url: str
    ids: ElementIds = field(default_factory=ElementIds)
    listed: dict[int, tuple[Element, ...]] = field(default_factory=dict)  # by frame

    @property
    def end(self) -> int:
        """The index of the final page."""
        return len(self.recording.frames)

    def root(self, index: int) -> Node:
        """Return the page's body."""
        return self.recording.frames[index].root if index < self.end else self.recording.final

    def elements(self, index: int) -> tuple[Element, ...]:
        """Return the listed elements."""
        if index not in self.listed:
            self.listed[index] = list_elements(self.root(index), self.ids)
        return self.listed[index]

    def element(self, index: int, node: Node) -> Element | None:
        """Return the node's element, if it is listed."""
        elements = self.elements(index)  # before the ids are asked for, as it gives them out
        element_id = self.ids.ids.get(node.key)
        return next((element for element in elements if element.id == element_id), None)

    def focus(self, index: int) -> Node | None:
        """Return the focused node; the body means none."""
        root = self.root(index)
        return next((node for node in root.walk() if node.focused and node is not root), None)

    def is_unchanged(self, start: int, end: int) -> bool:
        """Whether nothing but scrolling, pointer and focus differs; what the last event led to was not recorded."""
        return end < self.end and content(self.root(start)) == content(self.root(end))

    def aim(self, index: int, event: Event) -> Target:
        """Return what the event was aimed at: its target, else the innermost element there, else the point."""
        target = next((node for node in self.root(index).walk() if node.target), None)
        candidates: Iterator[Node] = iter(())
        if target is None:  # left out of the recording, as the goal's own text is
            inside = [node for node in self.root(index).walk() if node.contains(event.x, event.y)]
            candidates = reversed(inside)
        for node in candidates if target is None else (target,):
            if element := self.element(index, node):
                return element.id
        return Point(event.x, event.y)

    def observation(self, index: int) -> Observation:
        """Return the page as an observation."""
        elements = self.elements(index)
        return Observation(
            goal=self.recording.goal,
            url=self.url,
            elements=elements,
            focus=next((element.id for element in elements if "focused" in element.states), None),
            tabs=(Tab(url=self.url),),
            viewport=VIEWPORT,
        )
