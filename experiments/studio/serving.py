"""Starts and ends the studio's server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from browser_env.errors import InfraError, UsageError
from experiments.studio.app import Studio, make_app
from experiments.studio.security import App, Gate, allowed_hosts, is_loopback, is_wildcard


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """Where the studio listens."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    expose: bool = False  # may be another address than this machine's own
    certificate: Path | None = None  # PEM, for TLS
    key: Path | None = None

    def __post_init__(self) -> None:
        if is_wildcard(self.host):
            raise UsageError("--host needs one address or name of this machine, the one that people will open")
        if not is_loopback(self.host) and not self.expose:
            raise UsageError(f"{self.host} can be reached from other machines; add --expose if that is meant")
        if (self.certificate is None) != (self.key is None):
            raise UsageError("TLS needs both --certificate and --key")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise UsageError(f"there is no file {path}; give --certificate and --key in PEM")

    @property
    def is_secret(self) -> bool:
        """Whether nobody on the way can read along."""
        return is_loopback(self.host) or self.certificate is not None


class Served:
    """A server that listens already, so that its address is known before it runs."""

    def __init__(self, studio: Studio, bind: Bind, *, clock: Callable[[], float] = time.monotonic):
        self._socket = _listen(bind)
        port = self._socket.getsockname()[1]
        secure = bind.certificate is not None
        hosts = allowed_hosts(bind.host, port, secure=secure)
        gate = Gate(make_app(studio), hosts=hosts, port=port, secure=secure, renewed=self._renewed, clock=clock)
        scheme = "https" if secure else "http"
        shown = f"[{bind.host}]" if ":" in bind.host else bind.host
        self.address = f"{scheme}://{shown}:{port}"
        self._ready: Callable[[str], None] = lambda entrance: None
        self.entrance = self._entrance(gate.token)
        self._server = uvicorn.Server(_config(gate, bind))

    async def run(self, *, ready: Callable[[str], None]) -> None:
        """Serve until told to end; ``ready`` is given the address to open, and a new one after each visit."""
        self._ready = ready
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not serving.done():
            await asyncio.sleep(0.02)
        if not serving.done():
            ready(self.entrance)
        await serving

    def _entrance(self, token: str) -> str:
        return f"{self.address}/?token={token}"  # good once

    def _renewed(self, token: str) -> None:
        self.entrance = self._entrance(token)
        self._ready(self.entrance)

    def stop(self) -> None:
        """Have :meth:`run` return; any thread may ask."""
        self._server.should_exit = True


def serve(studio: Studio, bind: Bind, *, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; raise :class:`DataError` or :class:`UsageError` where the store cannot be used."""

    async def run() -> None:
        await studio.archive.open()  # the server would tell of it in its own words
        await Served(studio, bind).run(ready=ready)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


def _listen(bind: Bind) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((bind.host, bind.port))
    except OSError as error:
        listening.close()
        raise InfraError(
            f"cannot listen on {bind.host}:{bind.port}: {error.strerror}; choose another --port"
        ) from error
    return listening


def _config(gate: App, bind: Bind) -> uvicorn.Config:
    return uvicorn.Config(
        gate,
        ws="wsproto",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        ssl_certfile=bind.certificate,
        ssl_keyfile=bind.key,
    )
