"""Where an episode is made and who acts there: a person alone, or an agent that a person may relieve."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace

from browser_env.acting import Policy, decide
from browser_env.environment import Environment
from browser_env.episode import Episode, Source, turns
from browser_env.errors import InfraError, UsageError
from browser_env.host import BrowserHost
from browser_env.task import Task
from experiments.studio.archive import Archive, is_persons
from experiments.studio.recording import Recording
from rewards.outcome import Outcome

BREATH_S = 1.0  # between an agent's episodes
REST_S = 5.0  # after one that failed, so that the reason can be read


@dataclass(slots=True, kw_only=True, eq=False)
class Table:
    """One episode after the other in one environment."""

    name: str
    driver: Source  # who acts now
    recording: Recording | None = None
    picture: bytes = b""  # the last one drawn, as JPEG


@dataclass(slots=True, kw_only=True, eq=False)
class AgentTable(Table):
    """A table at which an agent works on a task until it is told to stop."""

    task: Task
    policy: Policy
    archive: Archive
    pace_s: float  # between two steps, so that people can follow
    first_seed: int = 0  # of the first episode; each further one has the next, and none is evaluation's
    rest_s: float = REST_S
    episodes: int = 0  # finished so far
    trouble: str = ""  # what broke off the last episode
    relief: object | None = None  # whoever took over and acts now
    free: asyncio.Event = field(default_factory=asyncio.Event)  # cleared while a person acts

    async def work(self, host: BrowserHost) -> None:
        """Make episodes for ever; cancel it to stop."""
        environment = Environment(host)
        try:
            for seed in itertools.count(self.first_seed):
                try:
                    await self._episode(environment, seed)
                    self.trouble = ""
                except Exception as error:  # noqa: BLE001 - whatever broke this episode, the next seed may do better
                    self.trouble = f"{type(error).__name__}: {error}"
                    self.recording = None
                self.hand_back()
                await asyncio.sleep(self.rest_s if self.trouble else BREATH_S)
        finally:
            await environment.close()

    def take_over(self, *, consent: str, by: object) -> None:
        """Have a person act from the next step on; ``by`` is whom the table then listens to."""
        if self.recording is None or self.recording.over:
            raise UsageError("no episode is running here just now; try again in a second")
        if self.relief is not None and self.relief is not by:
            raise UsageError("somebody else acts here; take over when they have handed back")
        if self.recording.consent not in (None, consent) and _is_relieved(self.recording):
            raise UsageError("this episode holds steps under another consent; take over in the next one")
        self.recording.consent = consent
        self.relief = by
        self.driver = Source.HUMAN
        self.free.clear()

    def hand_back(self) -> None:
        """Have the agent act again, also where the person paused."""
        if self.recording is not None:
            self.recording.pause(paused=False)
        self.relief = None
        self.driver = Source.AGENT
        self.free.set()

    async def _episode(self, environment: Environment, seed: int) -> None:
        recording = Recording(environment, self.task, seed=seed, source=Source.AGENT, consent=None)
        await recording.restart()
        self.recording = recording
        self.hand_back()
        try:
            while not recording.over:
                await self._turn(recording)
        except Exception as error:  # a policy fails where a person led it: what the person did there is kept
            why = f"the agent failed: {type(error).__name__}: {error}"
            await self._keep_relieved(replace(recording.finish(), outcome=Outcome.INFRA_ERROR, reason=why))
            raise
        except asyncio.CancelledError:
            await self._keep_relieved(replace(recording.finish(), reason="the studio ended before the episode did"))
            raise
        await self._keep(recording.finish())

    async def _keep_relieved(self, episode: Episode) -> None:
        """Keep an episode that broke off, if a person took steps in it."""
        if is_persons(episode):
            await self._keep(episode)

    async def _keep(self, episode: Episode) -> None:
        self.hand_back()
        if not is_persons(episode):  # a person who took over and did nothing left nothing of theirs
            episode = replace(episode, consent=None)
        await self.archive.keep(replace(episode, policy_version=self.policy.version))
        self.episodes += 1

    async def _turn(self, recording: Recording) -> None:
        """Take one step, unless a person takes over before it is decided."""
        await asyncio.sleep(self.pace_s)
        await self.free.wait()
        if recording.over:
            return
        seen = recording.observation
        past = turns(recording.steps, seen)
        (decision,) = await asyncio.to_thread(decide, self.policy, [seen], [past])
        if self.free.is_set() and not recording.over:
            try:
                await recording.act(decision.action, actor=Source.AGENT, log_prob=decision.log_prob, seen=seen)
            except UsageError:  # paused, over, or a person's step came first: the next turn sees it
                return


def _is_relieved(recording: Recording) -> bool:
    return any(step.actor is Source.HUMAN for step in recording.steps)


async def draw(table: Table) -> bytes:
    """Return the table's page as it looks now, as JPEG; the last one where it cannot be drawn."""
    if table.recording is not None:
        try:
            table.picture = await table.recording.view() or table.picture
        except InfraError:  # the next step says so
            return table.picture
    return table.picture
