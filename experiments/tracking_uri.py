"""Tracking stores by address: which is the default, whether one answers, how to name it without its secrets."""

from __future__ import annotations

import os
import socket
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from browser_env.errors import InfraError, UsageError

SQLITE = "sqlite:///"
ANSWER_WITHIN_S = 4.0
NEEDS = "start it, or leave out --tracking-uri to record into a local file"


def default_uri(runs: Path) -> str:
    """Return where runs are tracked unless told: the environment's MLFLOW_TRACKING_URI, else SQLite in ``runs``."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{runs.absolute() / 'mlflow.db'}"


def absolute_uri(uri: str) -> str:
    """Return the address with a SQLite file's full path, so that it holds from every folder."""
    path = sqlite_path(uri)
    return uri if path is None else f"{SQLITE}{path.absolute()}"


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite address, or None for other stores."""
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) else None


def artifact_location(uri: str) -> str | None:
    """Return where a SQLite store's files go, beside it; None where a server decides."""
    path = sqlite_path(uri)
    return None if path is None else (path.absolute().parent / "artifacts").as_uri()


def public_uri(uri: str) -> str:
    """Return the address without user name, password and query, fit for files and messages."""
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    return uri if not parts.netloc else urlunsplit((parts.scheme, host, parts.path, "", ""))


def require_answer(uri: str) -> None:
    """Raise :class:`InfraError` within seconds if the store cannot be used."""
    try:
        path, parts = sqlite_path(uri), urlsplit(uri)
    except ValueError as error:
        raise UsageError(f"{uri!r:.80} is no address; write e.g. {SQLITE}runs/mlflow.db or http://host:5000") from error
    if path is not None:
        _require_sqlite(path)
    elif parts.scheme in ("http", "https"):
        _require_http(uri)
    elif parts.hostname and parts.port:
        _require_port(uri, host=parts.hostname, port=parts.port)


def _require_sqlite(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=ANSWER_WITHIN_S, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (OSError, sqlite3.Error) as error:
        raise InfraError(f"the tracking store {path} cannot be written: {error}; choose another file") from error


def _require_http(uri: str) -> None:
    request = urllib.request.Request(f"{uri.rstrip('/')}/health", method="GET")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S):
            return
    except urllib.error.HTTPError as error:
        error.close()  # it answered, if only to refuse this path
    except (OSError, ValueError) as error:
        raise InfraError(f"no tracking server answers at {public_uri(uri)}; {NEEDS}") from error


def _require_port(uri: str, *, host: str, port: int) -> None:
    try:
        socket.create_connection((host, port), timeout=ANSWER_WITHIN_S).close()
    except OSError as error:
        raise InfraError(f"no tracking store answers at {public_uri(uri)}; {NEEDS}") from error
