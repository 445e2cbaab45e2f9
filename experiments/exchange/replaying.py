"""Replays a recorder's plan in an environment, through the executor that everybody acts by."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from browser_env.action import (
    Action,
    Check,
    Click,
    DoubleClick,
    Hover,
    MiddleClick,
    Navigate,
    Point,
    Press,
    RightClick,
    Scroll,
    Select,
    Type,
    Wait,
)
from browser_env.env import BrowserEnv
from browser_env.episode import Episode, Source, Step
from browser_env.errors import DataError
from browser_env.finding import Found
from browser_env.observation import Element, Observation
from browser_env.task import Task
from experiments.exchange.plan import Move, Plan
from replay.opinions import UNVERIFIED
from replay.redaction import fill_in
from rewards.evidence import ElementState, Evidence
from rewards.outcome import Outcome

PATIENCE = 8  # waits for an element that is not there yet
PATIENCE_MS = 500  # of page time, each
POINTED = {"click": Click, "double_click": DoubleClick, "right_click": RightClick, "middle_click": MiddleClick}


class ReplayError(DataError):
    """The recording cannot be replayed on this page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a plan."""

    episode: Episode
    verified: bool  # a verifier accepted it


def replay_plan(
    plan: Plan, task: Task, *, seed: int, tag: str, secrets: Mapping[int, str] | None = None, judged: bool = True
) -> Replayed:
    """Return the episode that a plan makes of a task; raise :class:`ReplayError` where it leads nowhere.

    Where the task has no verifier of its own (``judged`` is false), the episode counts as cut off after the last move.
    """
    limit = len(plan.moves) * (PATIENCE + 3) + 1
    env = BrowserEnv(replace(task, max_steps=limit))
    try:
        run = _Run(env, seed=seed, secrets=secrets or {})
        for index, move in enumerate(plan.moves):
            if run.outcome is not None:
                break
            run.do(index, move)
        episode = run.episode(task, seed=seed, tags=(tag,) if judged else (tag, UNVERIFIED))
    finally:
        env.close()
    return Replayed(episode=episode, verified=judged and episode.outcome is Outcome.SUCCESS)


class _Run:
    """An episode in the making."""

    def __init__(self, env: BrowserEnv, *, seed: int, secrets: Mapping[int, str]) -> None:
        self._env = env
        self._secrets = secrets
        self._steps: list[Step] = []
        self._seen, _ = env.reset(seed=seed)
        self._evidence: Evidence | None = None
        self._reward = 0.0
        self._reason = ""
        self.outcome: Outcome | None = None

    def do(self, index: int, move: Move) -> None:
        if move.verb == "navigate":
            self._act(index, Navigate(move.text))
            return
        found = self._await(index, move) if move.chains else None
        if self.outcome is not None or move.verb == "wait_for":
            return
        for action in _actions(move, found, self._seen):
            self._act(index, action)
            if self.outcome is not None:
                return

    def episode(self, task: Task, *, seed: int, tags: tuple[str, ...]) -> Episode:
        return Episode(
            id=uuid.uuid4().hex,
            task=task,
            seed=seed,
            source=Source.SCRIPT,
            steps=tuple(self._steps),
            final=self._seen,
            outcome=self.outcome or Outcome.TRUNCATED,
            reward=self._reward,
            evidence=self._evidence or _evidence(self._seen),
            reason=self._reason or "the recording ended",
            tags=tags,
        )

    def _await(self, index: int, move: Move) -> Found | None:
        """Return the element of a move, waited for where it is not there yet."""
        for _ in range(PATIENCE + 1):
            if self._seen.dialog is not None:
                raise ReplayError(f"step {index}: a dialog is open, and the recording says nothing of it")
            for chain in move.chains:
                found = self._env.find(chain, frame=move.frame)
                if found is not None:
                    return found
            self._act(index, Wait(PATIENCE_MS))
            if self.outcome is not None:
                return None
        raise ReplayError(f"step {index}: its selectors lead to nothing on the page; record it again")

    def _act(self, index: int, action: Action) -> None:
        self._steps.append(Step(observation=self._seen, action=action))
        self._seen, reward, _, _, info = self._env.step(fill_in(action, self._secrets))
        self.outcome, self._reward, self._reason = info["outcome"], reward, info["reason"]
        self._evidence = info["evidence"]
        if self._seen.error is not None:
            raise ReplayError(f"step {index}: {self._seen.error:.200}")


def _evidence(seen: Observation) -> Evidence:
    """Return what an observation says to a later judge."""
    states = tuple(ElementState(role=e.role, name=e.name, value=e.value, states=e.states) for e in seen.elements)
    title = seen.tabs[seen.active_tab].title if seen.active_tab < len(seen.tabs) else ""
    return Evidence(url=seen.url, title=title, text="\n".join(e.name for e in seen.elements), elements=states)


def _actions(move: Move, found: Found | None, seen: Observation) -> list[Action]:
    """Return the actions of a move on an element that was found."""
    element = None if found is None else seen.element(found.id)
    if move.verb == "scroll":
        return _scrolls(move, found, element, seen)
    if found is None:
        return [Press(move.text)] if move.verb == "press" else []
    target = found.id
    if move.verb in POINTED:
        return [POINTED[move.verb](_target(move, found, seen), move.modifiers)]
    if move.verb in ("check", "uncheck"):
        return [Check(target, move.verb == "check")]
    if move.verb == "select":
        return [Select(target, move.options)]
    if move.verb == "press":
        focused = seen.focus == target
        return [Press(move.text)] if focused else [Click(target), Press(move.text)]
    if move.verb == "fill":
        chooses = element is not None and element.role in ("combobox", "listbox") and "editable" not in element.states
        return [Select(target, (move.text,)) if chooses else Type(target, move.text)]
    return [Hover(target)]


def _target(move: Move, found: Found, seen: Observation) -> str | Point:
    """Return an element's id, or the point to click of what observations do not list, such as the whole page."""
    if seen.element(found.id) is not None or found.in_frame or found.box is None:
        return found.id
    left, top, width, height = found.box
    across, down = move.offset or (width / 2, height / 2)
    point = Point(left + across, top + down)
    on_screen = 0 <= point.x < seen.viewport[0] and 0 <= point.y < seen.viewport[1]
    return point if on_screen else found.id


def _scrolls(move: Move, found: Found | None, element: Element | None, seen: Observation) -> list[Action]:
    """Return the turn of the wheel that leads to a scroll position."""
    now = element.scroll if element is not None and element.scroll is not None else seen.scroll
    wanted = [now[axis] if to is None else to for axis, to in enumerate(move.scroll_to)]
    dx, dy = wanted[0] - now[0], wanted[1] - now[1]
    if not dx and not dy:
        return []
    inside = element is not None and element.scroll is not None and found is not None
    middle = Point(seen.viewport[0] / 2, seen.viewport[1] / 2)
    return [Scroll(found.id if inside and found is not None else middle, dx, dy)]
