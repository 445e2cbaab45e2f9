"""Standard spaces over typed ones, for libraries that know only arrays.

``DictObservation(SlotActions(env))`` has a Dict of Box, MultiDiscrete and MultiBinary to see and a MultiDiscrete
to act with: stock implementations of PPO and the like run on it. Texts are UTF-8 bytes, cut and padded with zeros.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from browser_env.action import Action, Click, Hover, Point, Press, Scroll, Select, Type, Wait
from browser_env.errors import UsageError
from browser_env.observation import STATES, Element, Observation
from browser_env.spaces import ObservationSpace

ROLES = (  # 0 is an empty slot, 1 any other role
    "",
    "other",
    "button",
    "checkbox",
    "combobox",
    "generic",
    "heading",
    "img",
    "link",
    "listbox",
    "listitem",
    "menuitem",
    "option",
    "radio",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
)
VERBS = ("click", "type", "select", "hover", "scroll down", "scroll up", "press Enter", "wait")
SCROLL_PX = 200.0
IDLE = Wait(100)  # what acting on an empty slot does
FARTHEST = 2.0  # viewports: boxes farther off are cut there

FlatObservation = dict[str, NDArray[Any]]
FlatAction = NDArray[np.int64]


def slots(observation: Observation, max_elements: int) -> tuple[Element, ...]:
    """Return the elements that are shown in slots: visible ones, in document order.

    Where there are too many, what can be clicked or edited goes first.
    """
    visible = [(rank, element) for rank, element in enumerate(observation.elements) if element.visible]
    chosen = sorted(visible, key=lambda ranked: (_is_passive(ranked[1]), ranked[0]))[:max_elements]
    return tuple(element for _, element in sorted(chosen, key=lambda ranked: ranked[0]))


class DictObservation(gym.ObservationWrapper[FlatObservation, Any, Observation], RecordConstructorArgs):
    """Observations as arrays: ``screenshot``, ``goal``, ``failed``, and for each slot a row of the others.

    ``contents`` are the elements' values; ``boxes`` are x, y, width and height in viewports; ``states`` are those
    of :data:`STATES`; ``failed`` says that the last action did not work.
    """

    def __init__(
        self, env: gym.Env[Observation, Any], *, max_elements: int = 64, goal_bytes: int = 256, name_bytes: int = 32
    ):
        RecordConstructorArgs.__init__(self, max_elements=max_elements, goal_bytes=goal_bytes, name_bytes=name_bytes)
        gym.ObservationWrapper.__init__(self, env)
        typed = env.observation_space
        if not isinstance(typed, ObservationSpace):
            raise UsageError("DictObservation has to be the outermost wrapper of a browser environment's observations")
        self._max_elements = max_elements
        self._parts: dict[str, spaces.Space[Any]] = {
            "goal": _bytes_space(goal_bytes),
            "failed": spaces.MultiBinary(1),
            "boxes": spaces.Box(-FARTHEST, FARTHEST, (max_elements, 4), np.float32),
            "roles": spaces.MultiDiscrete([len(ROLES)] * max_elements),
            "states": spaces.MultiBinary((max_elements, len(STATES))),
            "names": _bytes_space(max_elements, name_bytes),
            "contents": _bytes_space(max_elements, name_bytes),
        }
        if typed.picture_shape is not None:
            self._parts["screenshot"] = spaces.Box(0, 255, typed.picture_shape, np.uint8)
        self.observation_space: gym.Space[Any] = spaces.Dict(self._parts)

    def observation(self, observation: Observation) -> FlatObservation:
        """Return the arrays of an observation."""
        seen = slots(observation, self._max_elements)
        flat: FlatObservation = {name: np.zeros(part.shape or (), part.dtype) for name, part in self._parts.items()}
        flat["failed"][0] = observation.error is not None
        _write_text(flat["goal"], observation.goal)
        for index, element in enumerate(seen):
            flat["boxes"][index] = _relative_box(element, observation.viewport)
            flat["roles"][index] = ROLES.index(element.role) if element.role in ROLES[1:] else 1
            flat["states"][index] = [state in element.states for state in STATES]
            _write_text(flat["names"][index], element.name)
            _write_text(flat["contents"][index], element.value)
        if observation.screenshot is not None:
            flat["screenshot"] = np.array(observation.screenshot)
        return flat


class SlotActions(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Actions as three numbers: a verb of :data:`VERBS`, the slot of an element, and a word of the goal.

    Words are what ``type`` writes; ``select`` chooses the option in the slot. An empty slot or a missing word lets
    time pass.
    """

    def __init__(self, env: gym.Env[Observation, Action], *, max_elements: int = 64, max_words: int = 16):
        RecordConstructorArgs.__init__(self, max_elements=max_elements, max_words=max_words)
        gym.Wrapper.__init__(self, env)
        self.action_space = spaces.MultiDiscrete([len(VERBS), max_elements, max_words])
        self._max_elements = max_elements
        self._seen: Observation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode."""
        self._seen, info = self.env.reset(seed=seed, options=options)
        return self._seen, info

    def step(self, action: FlatAction) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        """Act on a slot of the last observation."""
        if self._seen is None:
            raise UsageError("no episode has begun; call reset() first")
        verb, slot, word = (int(number) for number in action)
        typed = slot_action(self._seen, VERBS[verb], slot, word, max_elements=self._max_elements)
        self._seen, reward, terminated, truncated, info = self.env.step(typed)
        return self._seen, reward, terminated, truncated, info


class PointActions(gym.ActionWrapper[Observation, np.int64, Action], RecordConstructorArgs):
    """Actions as one number: a click in the middle of a cell of a grid over the viewport, row by row."""

    def __init__(self, env: gym.Env[Observation, Action], *, columns: int = 16, rows: int = 21):
        RecordConstructorArgs.__init__(self, columns=columns, rows=rows)
        gym.ActionWrapper.__init__(self, env)
        if not isinstance(env.observation_space, ObservationSpace):
            raise UsageError("PointActions has to come before DictObservation: DictObservation(PointActions(env))")
        self.action_space = spaces.Discrete(columns * rows)
        width, height = env.observation_space.viewport
        self._columns, self._cell = columns, (width / columns, height / rows)

    def action(self, action: np.int64) -> Action:
        """Return the click of a cell."""
        row, column = divmod(int(action), self._columns)
        return Click(Point((column + 0.5) * self._cell[0], (row + 0.5) * self._cell[1]))


def slot_action(observation: Observation, verb: str, slot: int, word: int, *, max_elements: int) -> Action:
    """Return the action that a verb, a slot and a word of the goal stand for."""
    seen, words = slots(observation, max_elements), observation.goal.split()
    if verb == "press Enter":
        return Press("Enter")
    if verb == "wait" or slot >= len(seen) or (verb == "type" and word >= len(words)):
        return IDLE
    element = seen[slot]
    if verb == "type":
        return Type(element.id, words[word].strip("\"'.,:;"))
    if verb == "select":
        return Select(element.parent, (element.name,)) if element.parent is not None and element.name else IDLE
    if verb.startswith("scroll"):
        return Scroll(element.id, 0.0, SCROLL_PX if verb == "scroll down" else -SCROLL_PX)
    return Hover(element.id) if verb == "hover" else Click(element.id)


def _is_passive(element: Element) -> bool:
    return not {"clickable", "editable"} & set(element.states) and element.role != "option"


def _relative_box(element: Element, viewport: tuple[int, int]) -> NDArray[np.float32]:
    box = np.array(element.box, np.float32) / np.array((*viewport, *viewport), np.float32)
    return np.clip(box, -FARTHEST, FARTHEST)


def _bytes_space(*shape: int) -> spaces.Box:
    return spaces.Box(0, 255, shape, np.uint8)


def _write_text(row: NDArray[np.uint8], text: str) -> None:
    data = text.encode("utf-8", "replace")[: len(row)]
    row[: len(data)] = np.frombuffer(data, np.uint8)
