"""Sealed episode files: where they lie, and what the index has to know of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from browser_env.errors import DataError
from replay.codec import decode_episode, parse_episode
from replay.errors import DamageError
from replay.files import SAFE_NAME
from replay.index import Entry, make_entry

SUFFIX = ".jsonl.gz"


def episode_file(root: Path, episode_id: str) -> Path:
    """Return where an episode of a store lies, or would lie; raise :class:`DataError` for what is no id."""
    if not SAFE_NAME.match(episode_id):
        raise DataError(f"{episode_id!r:.80} is no id of an episode; use up to 100 letters, digits, '.', '_', '-'")
    shard = hashlib.blake2b(episode_id.encode(), digest_size=1).hexdigest()
    return root / "episodes" / shard / f"{episode_id}{SUFFIX}"


def episode_files(root: Path) -> dict[str, Path]:
    """Return all sealed files of a store by their names without the ending."""
    return {path.name.removesuffix(SUFFIX): path for path in (root / "episodes").glob(f"??/*{SUFFIX}")}


def read_back(episode_id: str, data: bytes) -> Entry:
    """Prove that what is about to be sealed can be read."""
    try:
        stored = parse_episode(data)
        return make_entry(decode_episode(stored, read_image=lambda _: None), stored)
    except DamageError as error:
        raise DataError(f"episode {episode_id} cannot be stored: {error}") from error


def read_entry(path: Path) -> Entry:
    """Read a sealed file without its images; raise :class:`DamageError` where it is not what was sealed."""
    stored = parse_episode(path.read_bytes())
    entry = make_entry(decode_episode(stored, read_image=lambda _: None), stored)
    if not SAFE_NAME.match(entry.info.id) or path != episode_file(path.parents[2], entry.info.id):
        raise DamageError(f"{path.parent.name}/{path.name} is not where episode {entry.info.id!r:.80} belongs")
    return entry


def stamp(path: Path) -> tuple[int, int] | None:
    """Return a file's size and time of modification (ns), None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
