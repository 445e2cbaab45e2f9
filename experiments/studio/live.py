"""One person's connection: events in, pictures and the state out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from browser_env.action import Action, Select, action_from_json
from browser_env.environment import Environment
from browser_env.episode import Source
from browser_env.errors import UsageError, WebdualError
from browser_env.host import BrowserHost
from browser_env.observation import Observation
from browser_env.seeds import HELD_OUT_START
from browser_env.task import Task
from experiments.studio.archive import Archive
from experiments.studio.gestures import Event, Gestures, Heard, due, flush, hear
from experiments.studio.messages import Command, read_message, state_of
from experiments.studio.recording import Choice, Mark, Recording
from experiments.studio.table import AgentTable, Table, draw
from replay.consent import ConsentRecord

FRAME_S = 1 / 15
TICK_S = 0.03  # between looks whether a gesture is complete
IDLE_S = 1800.0  # a connection that says nothing for so long ends
PATIENCE_S = 2.0  # for the answer that a picture was drawn


class Socket(Protocol):
    """A WebSocket, as Starlette has them."""

    async def receive_text(self) -> str:
        """Return the next message; raise where the other side has gone."""
        ...

    async def send_text(self, data: str) -> None:
        """Send a text."""
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Live:
    """Carries a person's events to a table, and shows them what happens there."""

    socket: Socket
    table: Table
    archive: Archive
    host: BrowserHost
    tasks: Callable[[str], Task]  # a task by the name that the studio offers it under
    consent: Callable[[], Awaitable[ConsentRecord]]  # the person's; raises where there is none
    gestures: Gestures = field(default_factory=Gestures)
    number: int = 0  # of the last message that came
    shown: int = 0  # of the last message whose effect can be seen
    acting: int = 0  # gestures that are being carried out
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    clock_ms: float = 0.0  # the person's, at the last event
    clock_at: float = 0.0  # ours, then
    drawn: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until the connection ends."""
        self.drawn.set()
        await self._tell()
        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(self._show()), group.create_task(self._tick())]
                await self._listen()
                for other in others:
                    other.cancel()
        finally:
            await self._leave()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(heard_at + IDLE_S):
                    text = await self.socket.receive_text()
            except (TimeoutError, EOFError):
                return
            try:
                self.number, message = read_message(text)
                if not (isinstance(message, Command) and message.name == "drawn"):  # the page says that by itself
                    heard_at = loop.time()
                await (self._take(message) if isinstance(message, Event) else self._obey(message))
            except WebdualError as error:
                await self._send({"kind": "error", "text": str(error)})
            self._note_shown()

    async def _take(self, event: Event) -> None:
        """Take an event where the person acts; elsewhere it means nothing."""
        recording = self.table.recording
        if recording is None or not self._acts or recording.paused or recording.over:
            return
        self.clock_ms, self.clock_at = event.at_ms, time.monotonic()
        await self._carry_out(recording, lambda gestures, seen: hear(gestures, event, seen))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            recording = self.table.recording
            if recording is None or not self.gestures.pending or not self._acts:
                continue
            now_ms = self.clock_ms + (time.monotonic() - self.clock_at) * 1000
            try:
                await self._carry_out(recording, partial(_due_at, now_ms))
            except WebdualError as error:
                await self._send({"kind": "error", "text": str(error)})
            self._note_shown()

    async def _carry_out(self, recording: Recording, read: Callable[[Gestures, Observation], Heard]) -> None:
        """Carry out what gestures come to, once what came before is done: they are read by what it led to."""
        self.acting += 1
        try:
            async with self.one_at_a_time:
                heard = read(self.gestures, recording.observation)
                self.gestures = heard.state
                await self._do(heard.actions)
        finally:
            self.acting -= 1

    async def _do(self, actions: Sequence[Action]) -> None:
        recording = self.table.recording
        for action in actions:
            if recording is None or recording.over:
                return
            choice = await recording.act(action, actor=Source.HUMAN)
            if isinstance(choice, Choice):
                asked = {"target": choice.target, "options": choice.options, "multiple": choice.multiple}
                await self._send({"kind": "choice", **asked})
            await self._tell()
        if recording is not None and recording.over and isinstance(self.table, AgentTable) and self._acts:
            self.table.hand_back()

    async def _obey(self, command: Command) -> None:
        if command.name == "drawn":
            self.drawn.set()
        elif command.name == "begin":
            await self._begin(command)
        elif command.name in ("take_over", "hand_back"):
            await self._relieve(command)
        else:
            await self._direct(command, self._recording())
        if command.name != "drawn":
            await self._tell()

    async def _direct(self, command: Command, recording: Recording) -> None:
        """Carry out what concerns the recording under way; only who acts may ask."""
        if not self._acts:
            raise UsageError("you only watch here; take over first")
        if command.name in ("do", "choose"):
            await self._carry_out(recording, flush)
            await self._do([_action(command)])
        elif command.name in ("pause", "resume"):
            await self._carry_out(recording, flush)
            recording.pause(paused=command.name == "pause")
        elif isinstance(self.table, AgentTable):
            raise UsageError("an agent's episode is kept as it went; hand back, and it ends by itself")
        elif command.name == "discard":
            async with self.one_at_a_time:
                self.gestures = Gestures()
                gone = recording.shown(self.archive.redactor, last=1)
                await recording.discard_last()
            await self._send({"kind": "told", "text": f"Taken back: {gone[0]}"})
        elif command.name == "restart":
            async with self.one_at_a_time:
                self.gestures = Gestures()
                await recording.restart()
        elif command.name == "keep":
            await self._keep(command, recording)

    async def _begin(self, command: Command) -> None:
        """Begin a recording; nothing is before there is a consent."""
        if isinstance(self.table, AgentTable):
            raise UsageError("an agent works here; record on the page for recording")
        consent = await self.consent()
        task = self.tasks(command.text("task"))
        seed = command.given.get("seed")
        if type(seed) is not int or not 0 <= seed < HELD_OUT_START:
            seed = random.SystemRandom().randrange(HELD_OUT_START)
        if self.table.recording is not None:
            await self.table.recording.close()
            self.table.recording = None
        self.gestures = Gestures()
        environment = Environment(self.host)
        recording = Recording(environment, task, seed=seed, source=Source.HUMAN, consent=consent.id)
        try:
            await recording.restart()
        except WebdualError:
            await recording.close()
            raise
        self.table.recording = recording

    async def _keep(self, command: Command, recording: Recording) -> None:
        await self._carry_out(recording, flush)
        if not recording.steps:
            raise UsageError("nothing was done yet, so there is nothing to keep")
        await self.consent()  # it may have been taken back meanwhile
        word = command.text("mark", "")
        if word not in ("", *Mark):
            raise UsageError(f"a recording is marked {', '.join(Mark)}, not {word[:40]!r}")
        if word and not recording.takes_mark:
            raise UsageError("how this ends is not for people to say; keep it without a mark")
        episode = recording.finish(Mark(word) if word else None, tags=command.texts("tags"))
        stored = await self.archive.keep(episode)
        await recording.close()
        self.table.recording = None
        kept = {"episode": stored.id, "outcome": str(stored.outcome), "reward": stored.reward}
        await self._send({"kind": "kept", **kept})

    async def _relieve(self, command: Command) -> None:
        table = self.table
        if not isinstance(table, AgentTable):
            raise UsageError("no agent works here")
        if command.name == "take_over":
            table.take_over(consent=(await self.consent()).id, by=self)
            self.gestures = Gestures()
        elif self._acts:
            await self._carry_out(self._recording(), flush)
            table.hand_back()

    async def _show(self) -> None:
        """Send pictures, each when the last was drawn; a picture says which message it is later than."""
        last = None
        while True:
            started = time.monotonic()
            number = self.shown
            picture = await draw(self.table)
            if picture:
                self.drawn.clear()
                await self.socket.send_bytes(struct.pack(">I", number) + picture)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await self.drawn.wait()
            count = 0 if self.table.recording is None else len(self.table.recording.steps)
            now = (id(self.table.recording), count, self.table.driver)
            if now != last and isinstance(self.table, AgentTable):
                await self._tell()
            last = now
            await asyncio.sleep(max(0.005, FRAME_S - (time.monotonic() - started)))

    def _note_shown(self) -> None:
        """Take note that everything that was said so far can be seen, unless something waits or is under way."""
        if not self.gestures.pending and not self.acting:
            self.shown = self.number

    async def _leave(self) -> None:
        """Forget what was not kept; an agent that was relieved goes on."""
        if isinstance(self.table, AgentTable):
            if self._acts:
                self.table.hand_back()
        elif self.table.recording is not None:
            await self.table.recording.close()
            self.table.recording = None

    @property
    def _acts(self) -> bool:
        """Whether this person's events count, and not the agent's or somebody else's."""
        return not isinstance(self.table, AgentTable) or self.table.relief is self

    def _recording(self) -> Recording:
        if self.table.recording is None:
            raise UsageError("nothing is being recorded; choose a task and begin")
        return self.table.recording

    async def _tell(self) -> None:
        watches = {} if self._acts else {"driver": "other" if self.table.driver is Source.HUMAN else "agent"}
        await self._send(state_of(self.table, self.archive.redactor) | watches)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(json.dumps(message))


def _action(command: Command) -> Action:
    if command.name == "choose":
        return Select(command.text("target"), command.texts("options"))
    return action_from_json(command.given.get("action"))


def _due_at(now_ms: float, gestures: Gestures, seen: Observation) -> Heard:
    return due(gestures, now_ms, seen)
