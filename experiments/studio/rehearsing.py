"""Sessions by a scripted person: what an expert decides, done with pointer and keys through the studio's messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from browser_env.acting import Policy
from browser_env.action import Action, Click, Press, Select, Type
from browser_env.episode import Source
from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from browser_env.task import Task
from experiments.studio.app import Studio
from experiments.studio.live import Live
from experiments.studio.table import Table

PATIENCE_S = 30.0  # for what a message sets off
LOOK_S = 0.01
MAX_STEPS = 60  # of a session


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a scripted person is to record."""

    task: Task
    seed: int
    expert: Policy


@dataclass(slots=True, eq=False)
class _Wire:
    """The two ends of a connection in memory; closing it is an empty message from the person."""

    incoming: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    told: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0  # of the last message said

    async def receive_text(self) -> str:
        text = await self.incoming.get()
        if not text:
            raise EOFError
        return text

    async def send_text(self, data: str) -> None:
        message = json.loads(data)
        if message["kind"] != "state":
            self.told.append(message)

    async def send_bytes(self, data: bytes) -> None:
        await self.incoming.put(json.dumps({"kind": "drawn", "number": self.number}))


async def rehearse(
    studio: Studio, sessions: Sequence[Session], *, at_once: int = 2, on_kept: Callable[[str], None] = lambda id_: None
) -> None:
    """Record sessions in a studio whose consent is given, so many side by side; report each stored episode's id."""
    waiting = iter(sessions)

    async def work() -> None:
        for session in waiting:
            on_kept(await _record(studio, session))

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


async def _record(studio: Studio, session: Session) -> str:
    wire, table = _Wire(), Table(name="rehearsal", driver=Source.HUMAN)
    live = Live(
        socket=wire,
        table=table,
        archive=studio.archive,
        host=studio.host,
        tasks=lambda name: session.task,
        consent=studio.valid_consent,
    )
    serving = asyncio.create_task(live.run())
    try:
        return await _Person(wire, live).record(session)
    finally:
        await wire.incoming.put("")
        await serving


class _Person:
    """Somebody who looks at the page and knows what to do."""

    def __init__(self, wire: _Wire, live: Live):
        self._wire = wire
        self._live = live

    async def record(self, session: Session) -> str:
        """Do a task and keep the recording; return the stored episode's id."""
        await self._say({"kind": "begin", "task": session.task.name, "seed": session.seed})
        for _ in range(MAX_STEPS):
            recording = self._live.table.recording
            if recording is None:
                raise InfraError(f"{session.task.name} could not be begun: {self._wire.told}")
            if recording.over:
                break
            (decision,) = session.expert.act([recording.observation], greedy=True)
            await self._do(decision.action, recording.observation)
        await self._say({"kind": "keep"})
        kept = [message["episode"] for message in self._wire.told if message["kind"] == "kept"]
        if not kept:
            raise InfraError(f"{session.task.name}, seed {session.seed}, was not kept: {self._wire.told[-1:]}")
        return str(kept[0])

    async def _do(self, action: Action, seen: Observation) -> None:
        match action:
            case Click(str(target), ()):
                await self._click(target, seen)
            case Type(str(target), text) if seen.focus != target:
                await self._click(target, seen)
            case Type(str(target), text):
                element = seen.element(target)
                if element is not None and element.value:
                    await self._say({"kind": "key", "text": "a", "modifiers": ["Control"]})
                await self._say({"kind": "text", "text": text})
            case Select(str(target), options):
                await self._click(target, seen)
                await self._say({"kind": "choose", "target": target, "options": list(options)})
            case Press(key, 1) if "+" not in key:
                await self._say({"kind": "key", "text": key})
            case _:
                raise UsageError(f"a scripted person does not know how to {action.to_text()[:80]}")

    async def _click(self, target: str, seen: Observation) -> None:
        element = seen.element(target)
        if element is None:
            raise UsageError(f"the expert wants {target}, which is not on the page")
        x, y = element.center
        for kind in ("down", "up"):
            await self._say({"kind": kind, "x": x, "y": y})

    async def _say(self, message: dict[str, Any]) -> None:
        """Send a message and wait until what it means was carried out."""
        self._wire.number += 1
        at_ms = asyncio.get_running_loop().time() * 1000
        await self._wire.incoming.put(json.dumps({"number": self._wire.number, "at_ms": at_ms} | message))
        async with asyncio.timeout(PATIENCE_S):
            while self._live.shown < self._wire.number or self._live.gestures.pending:
                await asyncio.sleep(LOOK_S)
