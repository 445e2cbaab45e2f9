"""One episode in the making, by a person, an agent, or both in turn; it is in memory until it is kept."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from browser_env.action import Action, Click, Select
from browser_env.aiming import locate
from browser_env.environment import Environment
from browser_env.episode import Episode, Source, Step
from browser_env.errors import ActionError, DialogOpenError, InfraError, UsageError
from browser_env.judgement import StepResult
from browser_env.observation import Observation
from browser_env.task import NEVER, Task
from experiments.studio.aim import choices, list_of
from replay.opinions import MARKED, MARKED_AS
from replay.redaction import Redactor
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome


class Mark(StrEnum):
    """What a person says of an episode that no verifier judged."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A closed list that was clicked: the person has to say which of its options."""

    target: str  # the list's id
    options: tuple[str, ...]
    multiple: bool


class Recording:
    """Runs an environment and keeps what was seen and done; one call at a time."""

    def __init__(self, environment: Environment, task: Task, *, seed: int, source: Source, consent: str | None):
        self.task = task
        self.seed = seed
        self.paused = False
        self.result: StepResult | None = None  # set when the episode is over
        self.observation = Observation(goal=task.goal or "", viewport=task.viewport)
        self.consent = consent
        self._environment = environment
        self._source = source
        self._steps: list[Step] = []
        self._started = time.monotonic()
        self._paused_s = 0.0
        self._paused_at = 0.0
        self._adrift = False  # the page is not where the steps lead
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[asyncio.Task[Choice | None]] = set()  # keeps them from being collected

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was done so far."""
        return tuple(self._steps)

    def shown(self, redactor: Redactor, *, last: int) -> list[str]:
        """Say what was done in the last so many steps, without the secrets that were typed."""
        steps = self._steps[-last:]
        pages = [*(step.observation for step in steps), self.observation]
        return [redactor.shown(step.action, *around) for step, around in zip(steps, pairwise(pages), strict=True)]

    @property
    def over(self) -> bool:
        """Whether the task's own end was reached."""
        return self.result is not None

    @property
    def takes_mark(self) -> bool:
        """Whether it is for a person to say how this ends: the task has no verifier, and nothing broke."""
        unbroken = self.result is None or self.result.outcome is None or self.result.outcome.learnable
        return self.task.verifier == NEVER and unbroken

    @property
    def elapsed_s(self) -> float:
        """Wall clock since the beginning, without the pauses."""
        now = self._paused_at if self.paused else time.monotonic()
        return now - self._started - self._paused_s

    def pause(self, *, paused: bool) -> None:
        """Stop or go on: while it stands still nothing is acted on, seen or kept."""
        if paused and not self.paused:
            self._paused_at = time.monotonic()
        elif self.paused and not paused:
            self._paused_s += time.monotonic() - self._paused_at
        self.paused = paused

    async def restart(self, *, seed: int | None = None) -> None:
        """Begin from the start, and forget what was done."""
        async with self._one_at_a_time:
            self.seed = self.seed if seed is None else seed
            await self._replay(())
            self._started, self._paused_s, self.paused = time.monotonic(), 0.0, False

    async def discard_last(self) -> None:
        """Take the last step back: reset, and do the others again."""
        async with self._one_at_a_time:
            if not self._steps:
                raise UsageError("nothing was done yet")
            before = self._steps
            seen, result = self.observation, self.result
            try:
                await self._replay(before[:-1])
            except Exception as error:  # whatever stopped it, what was done is not lost
                self._steps, self.observation, self.result = before, seen, result
                raise InfraError(f"the step could not be taken back, and all are still there: {error}") from error

    async def act(
        self, action: Action, *, actor: Source, log_prob: float | None = None, seen: Observation | None = None
    ) -> Choice | None:
        """Take a step; where a person clicked a closed list, do nothing and return what can be chosen.

        Raise :class:`UsageError` where the page is no longer the one ``seen`` when the action was decided.
        Whoever stops waiting stops no step: what the page felt is recorded.
        """
        acting = asyncio.create_task(self._act(action, actor, log_prob, seen))
        self._under_way.add(acting)
        acting.add_done_callback(self._under_way.discard)
        return await asyncio.shield(acting)

    async def view(self) -> bytes | None:
        """Return the page as JPEG; None where a dialog or the end of the episode keeps it from being drawn."""
        async with self._one_at_a_time:
            if self.paused or self.over:
                return None
            try:
                return await self._environment.context.page.drawing.view()
            except (DialogOpenError, InfraError, UsageError):  # the next step says what is wrong
                return None

    def finish(self, mark: Mark | None = None, *, tags: Sequence[str] = ()) -> Episode:
        """Return the episode; the person's mark counts where it takes one."""
        result = self.result
        mark = mark if self.takes_mark else None
        judged = () if mark is None else (MARKED, f"{MARKED_AS}{mark}")
        outcome, reward, reason = _ending(result, mark)
        evidence = result.evidence if result is not None and result.evidence is not None else None
        return Episode(
            id=uuid.uuid4().hex,
            task=self.task,
            seed=self.seed,
            source=self._source,
            steps=self.steps,
            final=self.observation,
            outcome=outcome,
            reward=reward,
            reason=reason,
            evidence=evidence or Evidence(url=self.observation.url),
            cost=Cost(wall_s=self.elapsed_s, steps=len(self._steps)),
            consent=self.consent,
            tags=(*tags, *judged),
        )

    async def close(self) -> None:
        """Close the page."""
        async with self._one_at_a_time:
            await self._environment.close()

    async def _act(
        self, action: Action, actor: Source, log_prob: float | None, seen: Observation | None
    ) -> Choice | None:
        async with self._one_at_a_time:
            if self.paused:
                raise UsageError("recording is paused; go on first")
            if self.over:
                raise UsageError("the episode is over; keep it or restart")
            if seen is not None and seen is not self.observation:
                raise UsageError("another step came first; look at the page again")
            if self._adrift:
                raise UsageError("the page is not where the steps lead; take one back again, keep them or restart")
            if actor is Source.HUMAN:
                meant = await self._meant(action)
                if isinstance(meant, Choice):
                    return meant
                action = meant
            await self._step(Step(observation=self.observation, action=action, log_prob=log_prob), actor)
            return None

    async def _replay(self, steps: Sequence[Step]) -> None:
        self._steps, self.result, self._adrift = [], None, True
        self.observation = await self._environment.reset(self.task, seed=self.seed)
        for step in steps:
            await self._step(replace(step, observation=self.observation), step.actor or self._source)
        self._adrift = False

    async def _step(self, step: Step, actor: Source) -> None:
        result = await self._environment.step(step.action)
        other = actor is not self._source
        self._steps.append(replace(step, actor=actor if other else None, intervention=other))
        self.observation = result.observation
        self.result = result if result.outcome is not None else None

    async def _meant(self, action: Action) -> Action | Choice:
        """Return what a click on a list or one of its options stands for."""
        if not isinstance(action, Click) or not isinstance(action.target, str) or self.observation.dialog is not None:
            return action
        element = self.observation.element(action.target)
        if element is None or element.role not in ("combobox", "listbox", "option"):
            return action
        try:
            kind = (await locate(self._environment.context.page, action.target)).kind
        except (ActionError, DialogOpenError):  # carrying it out says so too
            return action
        if kind == "menu" and "disabled" not in element.states:
            options = choices(self.observation, element.id)
            return Choice(target=element.id, options=options, multiple="multiple" in element.states)
        if kind == "option" and (owner := list_of(self.observation, element.id)) is not None:
            return Select(owner, (element.name,))
        return action


def _ending(result: StepResult | None, mark: Mark | None) -> tuple[Outcome, float, str]:
    if mark is Mark.SUCCESS:
        return Outcome.SUCCESS, 1.0, "the person who did it says that the goal was reached"
    if mark is Mark.FAILURE:
        return Outcome.FAILURE, 0.0, "the person who did it says that the goal was not reached"
    if mark is Mark.UNCLEAR:
        return Outcome.TRUNCATED, 0.0, "the person who did it cannot say whether the goal was reached"
    if result is not None and result.outcome is not None:
        return result.outcome, result.reward if result.outcome.learnable else 0.0, result.reason
    return Outcome.TRUNCATED, 0.0, "the person stopped before the task's end"
