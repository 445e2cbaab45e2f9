"""Snapshots as HAR 1.2: one JSON file, or a zip of ``har.har`` with each body in a file of its own.

In an archive ``content._file`` and ``postData._file`` name the body's member, as Playwright does; ``_run`` numbers the
runs of a recording that has several.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import json
import os
import tempfile
import zipfile
from collections import ChainMap
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from browser_env.errors import DataError, UsageError
from browser_env.snapshot.archive import MAX_BODY_BYTES, ZipBodies, body_name, write_zip
from browser_env.snapshot.exchange import Exchange, Headers, Request, Response, Snapshot, header

MEMBER = "har.har"
PIN = "#sha256="  # between a path and the digest its file must have
EMPTY_STATUSES = (204, 304)
Json = dict[str, Any]


def open_snapshot(place: str) -> Snapshot:
    """Read the snapshot that a task names, ``PATH`` or ``PATH#sha256=HEX``; a file read before is not read again."""
    path, _, digest = place.partition(PIN)
    try:
        stat = Path(path).stat()
    except (OSError, ValueError) as error:
        raise DataError(f"there is no snapshot {path}; record it with `webdual snapshot record`") from error
    snapshot = _read_cached(Path(path), stat.st_mtime_ns, stat.st_size)
    if digest and digest.lower() != snapshot.digest:
        raise DataError(f"{path} is not the snapshot of the task: its SHA-256 begins {snapshot.digest[:12]}")
    return snapshot


@functools.lru_cache(maxsize=8)
def _read_cached(path: Path, mtime_ns: int, size: int) -> Snapshot:
    return read_snapshot(path)


def read_snapshot(path: Path) -> Snapshot:
    """Read a ``.har`` or ``.zip`` file; raise :class:`DataError` where it is neither, or damaged."""
    try:
        digest = _digest(path)
        if not zipfile.is_zipfile(path):
            return _parse(path, path.read_bytes(), bodies={}, digest=digest)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    bodies = ZipBodies(path)
    name = next((name for name in (MEMBER, *bodies) if name in bodies and name.endswith(".har")), None)
    if name is None:
        raise DataError(f"{path} holds no .har file; record it with `webdual snapshot record`")
    return _parse(path, bodies[name], bodies=bodies, digest=digest)


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write ``PATH.zip`` with a file for each body, or all of it into ``PATH.har``; replaces the file at once."""
    if path.suffix not in (".zip", ".har"):
        raise UsageError(f"{path} must end in .har.zip or .har")
    inline = path.suffix == ".har"
    text = json.dumps({"log": _log(snapshot, inline=inline)}, indent=1, ensure_ascii=False).encode()
    used = {exchange.response.body for exchange in snapshot.exchanges} - {""}
    uploads = {_upload_name(exchange.request): exchange.request.body for exchange in snapshot.exchanges}
    bodies = {name: snapshot.bodies[name] for name in sorted(used)} | uploads
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            draft = Path(folder) / "snapshot"
            if inline:
                draft.write_bytes(text)
            else:
                write_zip(draft, {MEMBER: text} | {name: body for name, body in bodies.items() if name})
            os.replace(draft, path)  # noqa: PTH105 - Path.replace would do the same
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; choose a file you may write") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Reading


def _parse(path: Path, text: bytes, *, bodies: Mapping[str, bytes], digest: str) -> Snapshot:
    inline: dict[str, bytes] = {}
    try:
        log = json.loads(text)["log"]
        entries, pages = log["entries"], log.get("pages", [])
        titles = {page["id"]: str(page.get("title", "")) for page in pages}
        found = [_entry(entry, titles, bodies=bodies, inline=inline) for entry in entries]
        skipped = [*map(str, log.get("_skipped", [])), *(item for item in found if isinstance(item, str))]
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is no HAR file ({error!r:.120}); record the snapshot again") from error
    return Snapshot(
        exchanges=tuple(item for item in found if isinstance(item, Exchange)),
        bodies=ChainMap(inline, cast(dict[str, bytes], bodies)),  # which are only read
        pages=tuple(dict.fromkeys(title for title in titles.values() if _is_web(title))),
        skipped=tuple(skipped),
        source=str(path),
        digest=digest,
    )


def _entry(
    entry: Json, titles: Mapping[str, str], *, bodies: Mapping[str, bytes], inline: dict[str, bytes]
) -> Exchange | str:
    """Return an entry, or why it is left out."""
    asked, answered = entry["request"], entry["response"]
    method, url, status = str(asked["method"]).upper(), str(asked["url"]), int(answered["status"])
    if not _is_web(url):
        return f"{method} {url[:200]}: not http"
    if not 200 <= status <= 599:
        return f"{method} {url[:200]}: it was not answered"
    headers = _headers(answered)
    content = answered.get("content", {})
    name = _content(content, bodies=bodies, inline=inline)
    bare = method == "HEAD" or status in EMPTY_STATUSES or 300 <= status <= 399
    if name is None and not bare and content.get("size", 0) > 0:
        return f"{method} {url[:200]}: its content was not recorded"
    request = Request(
        method=method,
        url=url,
        headers=_headers(asked),
        body=_post_data(asked.get("postData"), bodies),
        kind=str(entry.get("_resourceType", "other")).lower(),
    )
    return Exchange(
        request=request,
        response=Response(status=status, headers=headers, body=name or ""),
        started=str(entry.get("startedDateTime", "")),
        page=titles.get(entry.get("pageref", ""), ""),
        run=int(entry.get("_run", 0)),
    )


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _headers(message: Json) -> Headers:
    """Return a message's headers; HTTP/2's own, such as ``:path``, are no headers of the page's."""
    rows = [(str(row["name"]).lower(), str(row["value"])) for row in message.get("headers", [])]
    return tuple((name, value) for name, value in rows if not name.startswith(":"))


def _content(content: Json, *, bodies: Mapping[str, bytes], inline: dict[str, bytes]) -> str | None:
    if "_file" in content:
        return _member(str(content["_file"]), bodies)
    if "text" not in content:
        return None
    body = _decoded(content)
    name = body_name(body, str(content.get("mimeType", "")))
    if name:
        inline[name] = body
    return name


def _member(name: str, bodies: Mapping[str, bytes]) -> str:
    if name not in bodies:
        raise DataError(f"the body {name[:80]!r} is missing from the archive; record the snapshot again")
    return name


def _decoded(part: Json) -> bytes:
    text = str(part["text"])
    if part.get("encoding") != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        body = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise DataError(f"a body is no base64 ({error}); record the snapshot again") from error
    if len(body) > MAX_BODY_BYTES:
        raise DataError(f"a body has more than {MAX_BODY_BYTES >> 20} MiB; it is refused")
    return body


def _post_data(data: Json | None, bodies: Mapping[str, bytes]) -> bytes:
    if not data:
        return b""
    if "_file" in data:
        return bodies[_member(str(data["_file"]), bodies)]
    if data.get("text"):
        return _decoded(data)
    return urlencode([(str(p["name"]), str(p.get("value", ""))) for p in data.get("params", [])]).encode()


# Writing


def _log(snapshot: Snapshot, *, inline: bool) -> Json:
    ids = {url: f"page_{index}" for index, url in enumerate(snapshot.pages)}
    started = next((exchange.started for exchange in snapshot.exchanges), "1970-01-01T00:00:00Z")
    return {
        "version": "1.2",
        "creator": {"name": "webdual", "version": version("webdual")},
        "pages": [{"id": id_, "title": url, "startedDateTime": started, "pageTimings": {}} for url, id_ in ids.items()],
        "entries": [_dump(exchange, ids, snapshot.bodies, inline=inline) for exchange in snapshot.exchanges],
        "_skipped": list(snapshot.skipped),
    }


def _dump(exchange: Exchange, ids: Mapping[str, str], bodies: Mapping[str, bytes], *, inline: bool) -> Json:
    entry: Json = {"pageref": ids[exchange.page]} if exchange.page in ids else {}
    entry |= {"_run": exchange.run} if exchange.run else {}
    return entry | {
        "startedDateTime": exchange.started,
        "time": 0,
        "request": _dump_request(exchange.request, inline=inline),
        "response": _dump_response(exchange.response, bodies, inline=inline),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_resourceType": exchange.request.kind,
    }


def _dump_headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _dump_request(request: Request, *, inline: bool) -> Json:
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    data: Json = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _dump_headers(request.headers),
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if not request.body:
        return data
    post: Json = {"mimeType": header(request.headers, "content-type"), "params": []}
    name = _upload_name(request)
    if not name:
        post["text"] = request.body.decode()
    elif inline:
        post |= {"text": base64.b64encode(request.body).decode(), "encoding": "base64"}
    else:
        post["_file"] = name
    return data | {"postData": post}


def _upload_name(request: Request) -> str:
    """Return the name of a request's body where it is no text, else nothing."""
    try:
        request.body.decode()
    except UnicodeDecodeError:
        return body_name(request.body, "")
    return ""


def _dump_response(response: Response, bodies: Mapping[str, bytes], *, inline: bool) -> Json:
    body = bodies[response.body] if response.body else b""
    content: Json = {"size": len(body), "mimeType": header(response.headers, "content-type")}
    if not response.body:
        content["text"] = ""
    elif inline:
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    else:
        content["_file"] = response.body
    return {
        "status": response.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _dump_headers(response.headers),
        "content": content,
        "redirectURL": header(response.headers, "location"),
        "headersSize": -1,
        "bodySize": -1,
    }
