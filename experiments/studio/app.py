"""The studio's addresses, behind :class:`experiments.studio.security.Gate`."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from browser_env.episode import Source
from browser_env.errors import DataError, UsageError, WebdualError
from browser_env.host import BrowserHost
from browser_env.task import Task
from experiments.exchange.exporting import FORMATS
from experiments.studio.archive import WEB_PAGE, Archive
from experiments.studio.consent import DAYS, agreed, default_recorder, text_of
from experiments.studio.live import Live
from experiments.studio.table import AgentTable, Table, draw
from replay.consent import ConsentRecord, canonical_subject
from replay.errors import ConsentError
from rewards.rating import Rating

STATIC = Path(__file__).parent / "static"
MAX_LIVE = 8  # connections at once
EpisodeId = Annotated[str, InPath(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
ExportFormat = Annotated[str, InPath(pattern=f"^({'|'.join((WEB_PAGE, *FORMATS))})$")]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Consenting(_Strict):
    """A person agrees to what they have read."""

    subject: Name
    days: int = Field(ge=1, le=max(DAYS))
    agree: Literal[True]


class Revoking(_Strict):
    """A person takes their consent back."""

    subject: Name


class Trimming(_Strict):
    """Which steps stay."""

    first: int = Field(ge=0, le=100_000)
    last: int = Field(ge=0, le=100_000)


class Tagging(_Strict):
    """The tags of an episode from now on."""

    tags: list[Name] = Field(max_length=20)


class Judging(_Strict):
    """A person's judgement of an episode."""

    kind: Literal["thumb", "stars", "preference"]
    value: int = Field(ge=0, le=5)
    other: Name | None = None
    sure: float = Field(default=1.0, ge=0, le=1)


@dataclass(slots=True, kw_only=True, eq=False)
class Studio:
    """What a running studio consists of."""

    archive: Archive
    host: BrowserHost
    offered: dict[str, Task]  # by the name that the page shows
    find_task: Callable[[str], Task]  # also those that are not offered
    agents: tuple[AgentTable, ...] = ()
    recorder: str = field(default_factory=default_recorder)  # who records, as the consent names them
    consent: ConsentRecord | None = None
    tables: list[Table] = field(default_factory=list)  # of the connections now
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    async def valid_consent(self) -> ConsentRecord:
        """Return the person's consent; raise :class:`UsageError` where there is none, or none any more."""
        consent = self.consent
        if consent is None or consent.expired(now=datetime.now(UTC)):
            raise UsageError("read and agree to the consent first; nothing is recorded before")
        try:
            return await self.archive.consent(consent.id)
        except ConsentError as error:
            if self.consent is consent:
                self.consent = None
            raise UsageError(f"{error}; read and agree to the consent anew first") from error

    async def start(self) -> None:
        """Open the store, and have the agents begin."""
        await self.archive.open()
        self._running = [asyncio.create_task(table.work(self.host)) for table in self.agents]

    async def stop(self) -> None:
        """End the agents and the browser."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.host.close()


def make_app(studio: Studio) -> FastAPI:
    """Return the application; put it behind a gate before serving it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.stop()

    app = FastAPI(title="webdual studio", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(WebdualError, _explain)
    app.add_exception_handler(RequestValidationError, _refuse)
    _add_consent(app, studio)
    _add_gallery(app, studio)
    _add_judging(app, studio)
    _add_agents(app, studio)
    _add_live(app, studio)
    return app


def _add_consent(app: FastAPI, studio: Studio) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/api/state")
    async def state() -> dict[str, Any]:
        consent = studio.consent
        given = None if consent is None else _given(consent)
        tasks = [{"name": name, "goal": task.goal or ""} for name, task in studio.offered.items()]
        return {
            "consent": given,
            "text": text_of(studio.recorder),
            "days": DAYS,
            "tasks": tasks,
            "agents": len(studio.agents),
        }

    @app.post("/api/consent")
    async def consent(asked: Consenting) -> dict[str, Any]:
        record = agreed(subject=asked.subject, days=asked.days, recorder=studio.recorder)
        await studio.archive.agree(record)
        studio.consent = record
        return {"id": record.id, **_given(record)}

    @app.post("/api/revocation")
    async def revocation(asked: Revoking) -> dict[str, Any]:
        if studio.consent is not None and studio.consent.subject == canonical_subject(asked.subject):
            studio.consent = None
        return {"deleted": await studio.archive.revoke(asked.subject)}


def _given(consent: ConsentRecord) -> dict[str, Any]:
    return {"subject": consent.subject, "recorder": consent.recorder, "expires_at": consent.expires_at}


def _add_gallery(app: FastAPI, studio: Studio) -> None:
    archive = studio.archive

    @app.get("/api/episodes")
    async def episodes() -> list[dict[str, Any]]:
        return await archive.episodes()

    @app.get("/api/notes")
    async def notes() -> dict[str, int]:
        return {"damaged": await archive.num_damaged_notes()}

    @app.get("/api/episodes/{episode_id}")
    async def episode(episode_id: EpisodeId) -> dict[str, Any]:
        return await archive.describe(episode_id)

    @app.get("/api/episodes/{episode_id}/pictures/{index}", response_class=Response)
    async def picture(episode_id: EpisodeId, index: Annotated[int, InPath(ge=0, le=100_000)]) -> Response:
        return Response(await archive.picture(episode_id, index), media_type="image/png")

    @app.get("/api/episodes/{episode_id}/exports/{format_}", response_class=Response)
    async def export(episode_id: EpisodeId, format_: ExportFormat) -> Response:
        name, data = await archive.export(episode_id, format_)
        attached = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type="application/octet-stream", headers=attached)

    @app.post("/api/episodes/{episode_id}/trim")
    async def trim(episode_id: EpisodeId, asked: Trimming) -> dict[str, str]:
        await studio.valid_consent()
        return {"id": await archive.trim(episode_id, first=asked.first, last=asked.last)}

    @app.post("/api/episodes/{episode_id}/tags")
    async def tags(episode_id: EpisodeId, asked: Tagging) -> dict[str, Any]:
        tags = await archive.tag(episode_id, tuple(asked.tags), consent=(await studio.valid_consent()).id)
        return {"tags": list(tags)}


def _add_judging(app: FastAPI, studio: Studio) -> None:
    @app.post("/api/episodes/{episode_id}/ratings")
    async def rate(episode_id: EpisodeId, asked: Judging) -> dict[str, str]:
        consent = await studio.valid_consent()
        try:
            rating = Rating(
                id=uuid.uuid4().hex,
                episode=episode_id,
                kind=asked.kind,
                value=asked.value,
                other=asked.other,
                rater=consent.subject,
                consent=consent.id,
                given_at=datetime.now(UTC).isoformat(),
                sure=asked.sure,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error
        await studio.archive.rate(rating)
        return {"id": rating.id}


def _add_agents(app: FastAPI, studio: Studio) -> None:
    @app.get("/api/agents")
    async def agents() -> list[dict[str, Any]]:
        return [
            {
                "name": table.name,
                "task": table.task.name,
                "driver": str(table.driver),
                "episodes": table.episodes,
                "steps": 0 if table.recording is None else len(table.recording.steps),
                "trouble": table.trouble,
            }
            for table in studio.agents
        ]

    @app.get("/api/agents/{index}/picture", response_class=Response)
    async def picture(index: Annotated[int, InPath(ge=0, le=1000)]) -> Response:
        return Response(await draw(_agent(studio, index)), media_type="image/jpeg")


def _add_live(app: FastAPI, studio: Studio) -> None:
    @app.websocket("/live")
    async def record(socket: WebSocket) -> None:
        await _serve(studio, socket, Table(name="recording", driver=Source.HUMAN))

    @app.websocket("/live/{index}")
    async def watch(socket: WebSocket, index: int) -> None:
        await _serve(studio, socket, _agent(studio, index))


class _Wire:
    """A WebSocket that ends with :class:`EOFError`, and takes bytes for an empty text."""

    def __init__(self, socket: WebSocket):
        self._socket = socket
        self.send_text = socket.send_text
        self.send_bytes = socket.send_bytes

    async def receive_text(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise EOFError
        return message.get("text") or ""


async def _serve(studio: Studio, socket: WebSocket, table: Table) -> None:
    if len(studio.tables) >= MAX_LIVE:
        await socket.close(1013, f"{MAX_LIVE} connections are open already; close one")
        return
    await socket.accept()
    studio.tables.append(table)
    live = Live(
        socket=_Wire(socket),
        table=table,
        archive=studio.archive,
        host=studio.host,
        tasks=studio.find_task,
        consent=studio.valid_consent,
    )
    try:
        await live.run()
    except* (WebSocketDisconnect, RuntimeError):  # the person closed the page while something was sent
        pass
    finally:
        studio.tables.remove(table)


def _agent(studio: Studio, index: int) -> AgentTable:
    if not 0 <= index < len(studio.agents):
        raise UsageError(f"there is no agent {index}; there are {len(studio.agents)}")
    return studio.agents[index]


async def _explain(request: Request, error: Exception) -> JSONResponse:
    """Tell what to do instead."""
    status = 404 if isinstance(error, DataError) else 400
    return JSONResponse({"error": str(error)}, status_code=status)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    """Say which part of a request makes no sense, without repeating it: it need not be JSON, nor harmless."""
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(str(part)[:40] for part in one['loc'])}: {one['msg'][:200]}" for one in error.errors()[:5]]
    return JSONResponse({"error": "; ".join(said)}, status_code=422)
