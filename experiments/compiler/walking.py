"""Somebody who walks through a site, and goes on from where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from browser_env.action import Navigate, Point, Scroll
from browser_env.errors import DialogOpenError, DivergedError
from browser_env.observation import Observation
from experiments.compiler.leave import Leave
from experiments.compiler.states import fingerprint, num_entries
from experiments.compiler.surveying import Survey, survey
from experiments.compiler.target import Move
from experiments.compiler.visiting import Visitor
from rewards.evidence import Evidence, Sent

MAX_STREAK = 12  # moves in one profile, as what is kept in it may show later
TO_THE_END_PX = 50_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What opening a page or making a move led to."""

    id: str  # fingerprint
    observation: Observation
    evidence: Evidence
    sent: tuple[Sent, ...] = ()  # requests that may change the site, which it had the page send or try to
    problem: str = ""  # why it did not work; empty: it did


class Walker:
    """One visitor, with where they are."""

    def __init__(self, visitor: Visitor, leave: Leave, *, seed: int):
        self.here = ""  # fingerprint of the state; empty: nowhere that one could go on from
        self._visitor = visitor
        self._leave = leave
        self._seed = seed
        self._observation: Observation | None = None
        self._moves = 0  # in this profile
        self._num_sent = 0
        self._only_opened = False  # this profile did nothing but open pages

    @property
    def is_fresh(self) -> bool:
        """Whether a move more may be made in this profile."""
        return self._moves < MAX_STREAK

    async def open(self, url: str, *, fresh: bool = True) -> Sight:
        """Open a page in a fresh profile; unless ``fresh``, one that only opened pages and is logged in will do.

        Raise :class:`InfraError` where that fails, and :class:`ClosedError` where the site does not want it.
        """
        self.here = ""
        await self._leave.ask(url)
        if not fresh and self._only_opened and self.is_fresh:
            self._moves += 1
            result = await self._visitor.environment.step(Navigate(url))
            well = result.observation.error is None and result.outcome is None
            if well and not self._visitor.site.is_login(result.observation.url):
                return self._see(result.observation, self._visitor.environment.evidence)
        self._only_opened = False
        observation = await self._visitor.open(url, seed=self._seed)
        self._moves = self._num_sent = 0
        self._only_opened = observation.dialog is None
        return self._see(observation, self._visitor.environment.evidence)

    async def act(self, move: Move, *, to: str = "") -> Sight:
        """Make a move where one is, which leads to an address where that is known beforehand.

        Raise :class:`DivergedError` where its target is not there, :class:`ClosedError` where the move is not wanted.
        """
        assert self._observation is not None
        self.here, self._only_opened = "", False
        self._moves += 1
        await self._leave.ask(to or self._observation.url)
        result = await self._visitor.environment.step(move.on(self._observation))
        problem = result.observation.error or (result.reason if result.outcome is not None else "")
        return self._see(result.observation, self._visitor.environment.evidence, problem=problem)

    async def follow(self, url: str, moves: Sequence[Move]) -> Sight:
        """Open a page and make moves; raise :class:`DivergedError` where one of them does not work."""
        sight = await self.open(url, fresh=False)
        for move in moves:
            sight = await self.act(move)
            if sight.problem:
                raise DivergedError(sight.problem)
        return sight

    async def grows(self) -> bool:
        """Scroll to the end of what is here, and say whether the page has more rows or entries then.

        Nobody can go on from there.
        """
        assert self._observation is not None
        before, middle = num_entries(self._observation), Point(*(side / 2 for side in self._visitor.site.viewport))
        await self._leave.ask(self._observation.url)
        self.here, self._only_opened = "", False
        result = await self._visitor.environment.step(Scroll(middle, dy=TO_THE_END_PX))
        return num_entries(result.observation) > before

    async def survey(self) -> Survey:
        """Say what the page offers that was just seen; while it shows a dialog, nothing."""
        if self._observation is None or self._observation.dialog is not None:
            return Survey()
        try:
            return await self._leave.without_closed(await survey(self._visitor.environment.context.page))
        except DialogOpenError:  # it has opened since
            self.here = ""
            return Survey()

    def _see(self, observation: Observation, evidence: Evidence, *, problem: str = "") -> Sight:
        self._observation = observation
        sent, self._num_sent = evidence.sent[self._num_sent :], len(evidence.sent)
        if not problem:
            self.here = fingerprint(observation)
        plain = replace(observation, screenshot=None, error=None)
        return Sight(id=self.here, observation=plain, evidence=evidence, sent=sent, problem=problem)
