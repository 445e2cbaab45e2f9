"""Episodes as gzipped JSON lines with a checksum in every line; docs/storage.md has the format."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, fields
from typing import Any

import numpy as np

from browser_env.acting import Reply
from browser_env.action import action_from_json
from browser_env.episode import Episode, Source, Step
from browser_env.errors import ActionError, DataError
from browser_env.observation import NO_SCROLL, Dialog, Element, Observation, Screenshot, Tab
from browser_env.task import Task
from replay.errors import DamageError, VersionError
from rewards.cost import Cost
from rewards.evidence import Evidence
from rewards.outcome import Outcome

VERSION = 2
READABLE = (1, 2)  # 1 has observations and elements with fewer fields
RECOVERED = "recovered"  # tag of an episode whose process died
MAX_BYTES = 1 << 28  # of one episode without its images, uncompressed
GZIP = 31  # zlib's number for the largest window inside a gzip frame
HEADER = ("id", "task", "seed", "source", "policy_version", "group", "consent", "tags", "prefix")
LINE_START, LINE_MIDDLE, LINE_END = b'{"crc":"', b'","data":', b"}"
PAYLOAD_AT = len(LINE_START) + 8 + len(LINE_MIDDLE)
ELEMENT_FIELDS = tuple(f.name for f in fields(Element))  # the order inside an element's array
DIALOG = tuple(f.name for f in fields(Dialog))
RARE_FIELDS = tuple(f for f in fields(Element) if f.name in ("description", "headers", "scroll"))  # the last ones


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEpisode:
    """The records of one episode file, their checksums found right."""

    header: dict[str, Any]
    steps: list[dict[str, Any]]
    end: dict[str, Any]
    checksum: str  # BLAKE2b-128 in hex of everything but the seal
    created: int  # nanoseconds since 1970, when it was stored

    @property
    def image_names(self) -> frozenset[str]:
        """The images that the observations refer to."""
        observations = [*(step["observation"] for step in self.steps), self.end["final"]]
        return frozenset(o["screenshot"] for o in observations if o["screenshot"] is not None)


def encode_episode(episode: Episode, *, name_image: Callable[[Screenshot], str], created: int) -> bytes:
    """Return the file's bytes; raise :class:`DataError` for what JSON cannot hold."""
    records = [
        _header(episode),
        *(_step(index, step, name_image) for index, step in enumerate(episode.steps)),
        _end(episode, name_image),
    ]
    try:
        payloads = [_dump(record) for record in records]
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"episode {episode.id!r} cannot be stored: {error}") from error
    seal = {"kind": "seal", "records": len(payloads), "checksum": _checksum(payloads), "created": created}
    text = b"".join(_line(payload) for payload in [*payloads, _dump(seal)])
    if len(text) > MAX_BYTES:
        raise DataError(f"episode {episode.id!r} has {len(text)} bytes; split it, {MAX_BYTES} is the most")
    compressor = zlib.compressobj(level=1, wbits=GZIP)
    return compressor.compress(text) + compressor.flush()


def parse_episode(data: bytes) -> StoredEpisode:
    """Read an episode file without its images; raise :class:`DamageError` unless every checksum is right."""
    payloads = [_payload(line) for line in _unzip(data).splitlines()]
    try:
        header, *steps, end, seal = [json.loads(payload) for payload in payloads]
        if header["version"] not in READABLE:
            raise VersionError(f"an episode has format {header['version']!r:.20}, known is {VERSION}; update webdual")
        whole = seal["records"] == len(payloads) - 1 and seal["checksum"] == _checksum(payloads[:-1])
        kinds = [record["kind"] for record in (header, *steps, end, seal)]
        if not whole or kinds != ["episode", *["step"] * len(steps), "end", "seal"]:
            raise DamageError("an episode file has records too few, too many or changed")
        return StoredEpisode(
            header=header, steps=steps, end=end, checksum=seal["checksum"], created=int(seal["created"])
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamageError(f"an episode file has records that make no sense: {error!r:.200}") from error


def decode_episode(stored: StoredEpisode, *, read_image: Callable[[str], Screenshot | None]) -> Episode:
    """Rebuild an episode; equal screenshots share one array."""
    cache: dict[str, Screenshot | None] = {}

    def read(name: str | None) -> Screenshot | None:
        if name is not None and name not in cache:
            cache[name] = read_image(name)
        return None if name is None else cache[name]

    try:
        return _episode(stored, read)
    except DamageError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, ActionError, DataError) as error:
        raise DamageError(f"an episode file has records that make no sense: {error!r:.200}") from error


def encode_running(episode: Episode, *, name_image: Callable[[Screenshot], str], start: int) -> bytes:
    """Return the lines of an episode's steps from ``start`` on, its header before them where that is 0."""
    records = [] if start else [_header(episode)]
    records += [_step(index, step, name_image) for index, step in enumerate(episode.steps) if index >= start]
    try:
        return b"".join(_line(_dump(record)) for record in records)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"episode {episode.id!r} cannot be stored: {error}") from error


def decode_running(data: bytes, *, read_image: Callable[[str], Screenshot | None]) -> Episode:
    """Rebuild an episode up to the last step that is whole, images included; raise :class:`DamageError` for none.

    What its last action led to was not written any more, so the last observation is that before the action.
    """
    header, *records = [*_whole_records(data)] or [{}]
    steps: list[Step] = []
    try:
        if header.get("version", VERSION) not in READABLE:
            raise VersionError(f"a running episode has format {header['version']!r:.20}; update webdual")
        for record in records:
            steps.append(_read_step(record, lambda name: None if name is None else read_image(name)))
    except (DamageError, AttributeError, KeyError, TypeError, ValueError, ActionError):  # the steps before it are whole
        pass
    if not steps:
        raise DamageError("a running episode has no whole step")
    return _broken_off(header, tuple(steps))


def _whole_records(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the header and the steps in a row, up to the first line that is cut short, changed or out of place."""
    for index, line in enumerate(data.splitlines(keepends=True), start=-1):
        try:
            record = json.loads(_payload(line.removesuffix(b"\n"))) if line.endswith(b"\n") else None
        except (DamageError, ValueError, RecursionError):
            return
        expected = ("episode", None) if index < 0 else ("step", index)
        if not isinstance(record, dict) or (record.get("kind"), record.get("index")) != expected:
            return
        yield record


def _broken_off(header: dict[str, Any], steps: tuple[Step, ...]) -> Episode:
    end: dict[str, Any] = {
        "final": steps[-1].observation,
        "outcome": Outcome.INFRA_ERROR,
        "reward": 0.0,
        "evidence": Evidence(),
        "reason": f"its process died; {len(steps)} steps of it were recovered",
        "cost": Cost(steps=len(steps)),
    }
    try:
        return Episode(**_header_values(header) | {"tags": (*header["tags"], RECOVERED)}, steps=steps, **end)
    except (AttributeError, KeyError, TypeError, ValueError, DataError) as error:
        raise DamageError(f"a running episode has a header that makes no sense: {error!r:.200}") from error


def _header(episode: Episode) -> dict[str, Any]:
    record = {name: getattr(episode, name) for name in HEADER}
    nested = {"task": episode.task.to_json(), "prefix": [action.to_json() for action in episode.prefix]}
    return {"kind": "episode", "version": VERSION} | record | nested


def _step(index: int, step: Step, name_image: Callable[[Screenshot], str]) -> dict[str, Any]:
    seldom = ("policy_version", "reply")  # left out where there is none
    record = {f.name: getattr(step, f.name) for f in fields(step) if f.name not in seldom}
    record |= {} if step.policy_version is None else {"policy_version": step.policy_version}
    observation = _observation(step.observation, name_image)
    nested = {"observation": observation, "action": step.action.to_json()}
    reply = {} if step.reply is None else {"reply": asdict(step.reply)}
    return {"kind": "step", "index": index} | record | nested | reply


def _end(episode: Episode, name_image: Callable[[Screenshot], str]) -> dict[str, Any]:
    names = [f.name for f in fields(episode) if f.name not in (*HEADER, "steps")]
    nested = {
        "final": _observation(episode.final, name_image),
        "evidence": episode.evidence.to_json(),
        "cost": episode.cost.to_json(),
    }
    return {"kind": "end"} | {name: getattr(episode, name) for name in names} | nested


def _observation(observation: Observation, name_image: Callable[[Screenshot], str]) -> dict[str, Any]:
    record = {f.name: getattr(observation, f.name) for f in fields(observation)}
    pixels = observation.screenshot
    return record | {
        "screenshot": None if pixels is None else name_image(pixels),
        "elements": [_element(element) for element in observation.elements],
        "tabs": [[tab.url, tab.title] for tab in observation.tabs],
        "dialog": None if observation.dialog is None else list(astuple(observation.dialog)),
    }


def _element(element: Element) -> list[Any]:
    """Return an element's array, without the rare fields where it has none of them."""
    values = [getattr(element, name) for name in ELEMENT_FIELDS]
    common = len(ELEMENT_FIELDS) - len(RARE_FIELDS)
    return values if values[common:] != [f.default for f in RARE_FIELDS] else values[:common]


def _episode(stored: StoredEpisode, read: Callable[[str | None], Screenshot | None]) -> Episode:
    end = {name: value for name, value in stored.end.items() if name != "kind"}
    nested = {
        "steps": tuple(_read_step(record, read) for record in stored.steps),
        "final": _read_observation(end["final"], read),
        "outcome": Outcome(end["outcome"]),
        "evidence": Evidence.from_json(end["evidence"]),
        "cost": Cost.from_json(end["cost"]),
    }
    return Episode(**_header_values(stored.header) | end | nested)


def _header_values(header: dict[str, Any]) -> dict[str, Any]:
    return {name: header[name] for name in HEADER if name != "prefix"} | {
        "task": Task.from_json(header["task"]),
        "source": Source(header["source"]),
        "tags": tuple(header["tags"]),
        "prefix": tuple(action_from_json(action) for action in header.get("prefix", ())),  # older files have none
    }


def _read_step(record: dict[str, Any], read: Callable[[str | None], Screenshot | None]) -> Step:
    values = {name: value for name, value in record.items() if name not in ("kind", "index")}
    observation = _read_observation(record["observation"], read)
    actor = None if record.get("actor") is None else Source(record["actor"])  # older files have none
    nested = {"action": action_from_json(record["action"]), "reply": _read_reply(record.get("reply"))}
    return Step(**values | nested | {"observation": observation, "actor": actor})


def _read_reply(record: dict[str, Any] | None) -> Reply | None:
    if record is None:
        return None
    tokens, log_probs = (tuple(record[name]) for name in ("tokens", "log_probs"))
    return Reply(tokens=tokens, log_probs=log_probs, error=record["error"])


def _read_observation(record: dict[str, Any], read: Callable[[str | None], Screenshot | None]) -> Observation:
    nested = {
        "screenshot": read(record["screenshot"]),
        "elements": tuple(_read_element(values) for values in record["elements"]),
        "tabs": tuple(Tab(url=url, title=title) for url, title in record["tabs"]),
        "viewport": tuple(record["viewport"]),
        "dialog": None if record.get("dialog") is None else Dialog(**dict(zip(DIALOG, record["dialog"], strict=True))),
        "scroll": tuple(record.get("scroll", NO_SCROLL)),
        "downloads": tuple(record.get("downloads", ())),
    }
    return Observation(**record | nested)


def _read_element(values: list[Any]) -> Element:
    names = ELEMENT_FIELDS if len(values) == len(ELEMENT_FIELDS) else ELEMENT_FIELDS[: -len(RARE_FIELDS)]
    record = dict(zip(names, values, strict=True))
    tuples = ("states", "box", "headers", "scroll")
    return Element(**record | {name: tuple(record[name]) for name in tuples if record.get(name) is not None})


def _dump(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False, default=_plain).encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not plain data")


def _line(payload: bytes) -> bytes:
    return LINE_START + b"%08x" % zlib.crc32(payload) + LINE_MIDDLE + payload + LINE_END + b"\n"


def _payload(line: bytes) -> bytes:
    """Return the record inside a line, as it was written."""
    payload = line[PAYLOAD_AT : -len(LINE_END)]
    if line + b"\n" != _line(payload):
        raise DamageError("an episode file has a line with a wrong checksum")
    return payload


def _checksum(payloads: list[bytes]) -> str:
    return hashlib.blake2b(b"\n".join(payloads), digest_size=16).hexdigest()


def _unzip(data: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=GZIP)
    try:
        text = unzip.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise DamageError(f"an episode file cannot be unpacked: {error}") from error
    if not unzip.eof or unzip.unused_data:
        raise DamageError("an episode file is cut short or has something behind its end")
    return text
