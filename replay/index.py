"""The store's SQLite index: a cache of what the sealed files say, and the note of what is being written."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, TypedDict

from browser_env.episode import Episode, Source
from replay.codec import StoredEpisode
from replay.errors import DamageError
from rewards.outcome import Outcome

STALE_S = 3600.0  # an episode announced longer ago belongs to a writer that died
BUSY_S = 60.0  # how long to wait for another process's transaction
SURROGATE = re.compile("[\ud800-\udfff]")  # halves of a character, which UTF-8 cannot hold
SCHEMA = """
CREATE TABLE IF NOT EXISTS episodes (
  id TEXT PRIMARY KEY, task TEXT NOT NULL, seed INTEGER NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL,
  reward REAL NOT NULL, num_steps INTEGER NOT NULL, policy_version INTEGER, "group" TEXT, consent TEXT,
  created INTEGER NOT NULL, checksum TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS tags (tag TEXT, episode TEXT, PRIMARY KEY (tag, episode)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uses (image TEXT, episode TEXT, PRIMARY KEY (image, episode)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (episode TEXT PRIMARY KEY, since REAL NOT NULL, consent TEXT);
CREATE INDEX IF NOT EXISTS episodes_by_task ON episodes (task, outcome);
CREATE INDEX IF NOT EXISTS tags_by_episode ON tags (episode);
CREATE INDEX IF NOT EXISTS uses_by_episode ON uses (episode);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeInfo:
    """What the index knows of a sealed episode."""

    id: str
    task: str  # the task's name
    seed: int
    source: Source
    outcome: Outcome
    reward: float
    num_steps: int
    policy_version: int | None
    group: str | None
    consent: str | None
    created: int  # nanoseconds since 1970, when it was stored; queries are in this order
    tags: tuple[str, ...]


class Filters(TypedDict, total=False):
    """What episodes to choose; None chooses all."""

    source: Source | None
    task: str | None
    outcome: Outcome | None
    tag: str | None


INFO_COLUMNS = tuple(f.name for f in fields(EpisodeInfo) if f.name != "tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An episode as the index keeps it."""

    info: EpisodeInfo
    checksum: str
    images: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An episode's entry, its tags sorted, and size and time of modification (ns) of its file."""

    entry: Entry
    stamp: tuple[int, int]


def make_entry(episode: Episode, stored: StoredEpisode) -> Entry:
    """Return an episode's entry; raise :class:`DamageError` for what SQLite cannot hold."""
    info = EpisodeInfo(
        id=episode.id,
        task=episode.task.name,
        seed=episode.seed,
        source=episode.source,
        outcome=episode.outcome,
        reward=episode.reward,
        num_steps=len(episode.steps),
        policy_version=episode.policy_version,
        group=episode.group,
        consent=episode.consent,
        created=stored.created,
        tags=episode.tags,
    )
    _check_types(info)
    return Entry(info=info, checksum=stored.checksum, images=stored.image_names)


class Index:
    """Tables over one SQLite connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None  # transactions are begun and ended by hand
        self._sql = connection
        self._sql.executescript(SCHEMA)
        if "consent" not in {name for _, name, *_ in self._sql.execute("PRAGMA table_info(pending)")}:  # an older index
            self._sql.execute("ALTER TABLE pending ADD COLUMN consent TEXT")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index that writers share, or create it; a damaged one is thrown away, for it is only a cache."""
        try:
            return cls(_connect(path))
        except sqlite3.OperationalError:  # busy or not allowed, not damaged
            raise
        except sqlite3.DatabaseError:
            for file in path.parent.glob(f"{path.name}*"):
                file.unlink()
            return cls(_connect(path))

    @classmethod
    def copy(cls, path: Path) -> Self:
        """Return a copy in memory, empty where the file cannot be read; a medium without writes has no WAL.

        Threads may use it in turn, as one that reads ahead does.
        """
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            memory = sqlite3.connect(":memory:", check_same_thread=False)
            try:
                with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as disk:
                    disk.backup(memory)
                return cls(memory)
            except sqlite3.Error:
                memory.close()
        return cls(sqlite3.connect(":memory:", check_same_thread=False))

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the only write lock until the end; undo everything on an error."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")

    def announce(self, episode: str, images: Iterable[str], *, consent: str | None = None) -> None:
        """Note that an episode is being written, so that nobody removes its images unless its person takes it back."""
        row = (episode, time.time(), consent)
        self._sql.execute("INSERT OR REPLACE INTO pending (episode, since, consent) VALUES (?, ?, ?)", row)
        self._sql.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", [(image, episode) for image in images])

    def insert(self, entry: Entry, *, stamp: tuple[int, int]) -> None:
        """Add or replace an episode with its file's size and time of modification; it is no longer pending."""
        self.remove([entry.info.id])
        row = (*(getattr(entry.info, name) for name in INFO_COLUMNS), entry.checksum, *stamp)
        self._sql.execute(f"INSERT INTO episodes VALUES ({', '.join('?' * len(row))})", row)
        tags = [(tag, entry.info.id) for tag in set(entry.info.tags)]
        self._sql.executemany("INSERT INTO tags VALUES (?, ?)", tags)
        self._sql.executemany("INSERT INTO uses VALUES (?, ?)", [(image, entry.info.id) for image in entry.images])

    def remove(self, episodes: Iterable[str]) -> None:
        """Forget episodes, pending or not, with their tags and images."""
        ids = [(episode,) for episode in episodes]
        for table, column in (("episodes", "id"), ("tags", "episode"), ("uses", "episode"), ("pending", "episode")):
            self._sql.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)

    def query(self, filters: Filters) -> list[EpisodeInfo]:
        """Return the episodes whose columns, or tag, have these values, oldest first."""
        condition, values = _condition(filters)
        columns = ", ".join(f'"{name}"' for name in INFO_COLUMNS)
        tagged = f"SELECT episode, tag FROM tags WHERE episode IN (SELECT id FROM episodes {condition}) ORDER BY tag"
        rows = self._sql.execute(f"SELECT {columns} FROM episodes {condition} ORDER BY created, id", values).fetchall()
        tags: dict[str, list[str]] = {}
        for episode, tag in self._sql.execute(tagged, values):
            tags.setdefault(episode, []).append(tag)
        return [_info(row, tuple(tags.get(row[0], ()))) for row in rows]

    def checksums(self, filters: Filters) -> list[str]:
        """Return the checksums of these episodes, sorted."""
        condition, values = _condition(filters)
        rows = self._sql.execute(f"SELECT checksum FROM episodes {condition} ORDER BY checksum", values)
        return [checksum for (checksum,) in rows]

    def files(self) -> dict[str, tuple[int, int]]:
        """Return size and time of modification (ns) of each indexed episode's file."""
        rows = self._sql.execute("SELECT id, size, modified FROM episodes")
        return {episode: (size, modified) for episode, size, modified in rows}

    def rows(self) -> dict[str, Row]:
        """Return everything that is known of each sealed episode."""
        images: dict[str, set[str]] = {}
        for image, episode in self._sql.execute("SELECT image, episode FROM uses"):
            images.setdefault(episode, set()).add(image)
        found = self._sql.execute("SELECT id, checksum, size, modified FROM episodes")
        others = {episode: (checksum, (size, modified)) for episode, checksum, size, modified in found}
        rows = {}
        for info in self.query({}):
            checksum, stamp = others[info.id]
            entry = Entry(info=info, checksum=checksum, images=frozenset(images.get(info.id, ())))
            rows[info.id] = Row(entry=entry, stamp=stamp)
        return rows

    def pending(self) -> frozenset[str]:
        """Return the episodes that are being written."""
        return frozenset(episode for (episode,) in self._sql.execute("SELECT episode FROM pending"))

    def with_consents(self, consents: Iterable[str]) -> list[str]:
        """Return the episodes stored, or being written, under these consents."""
        both = "SELECT id FROM episodes WHERE consent = ?1 UNION SELECT episode FROM pending WHERE consent = ?1"
        return [episode for consent in consents for (episode,) in self._sql.execute(both, (consent,))]

    def abandoned(self) -> list[str]:
        """Return the episodes that were announced long ago and never sealed."""
        rows = self._sql.execute("SELECT episode FROM pending WHERE since < ?", (time.time() - STALE_S,))
        return [episode for (episode,) in rows]

    def images(self) -> frozenset[str]:
        """Return the images that sealed or pending episodes use."""
        return frozenset(image for (image,) in self._sql.execute("SELECT DISTINCT image FROM uses"))

    def flush(self) -> None:
        """Move the write-ahead log into the database, so that deleted rows are gone from both."""
        self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def index_problem(path: Path) -> str:
    """Say what is wrong with an index file itself, in words; empty where it is sound."""
    if not path.exists():
        return "there is no index"
    for mode in ("mode=ro", "mode=ro&immutable=1"):  # the latter for a medium without writes
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_S)) as connection:
                found = connection.execute("PRAGMA integrity_check(1)").fetchone()
                connection.execute("SELECT 1 FROM episodes, tags, uses, pending LIMIT 1")
            return "" if found == ("ok",) else f"the index is damaged: {found[0]}"
        except sqlite3.Error as error:
            problem = f"the index cannot be read: {error}"
    return problem


def _condition(filters: Filters) -> tuple[str, list[str]]:
    chosen = {name: str(value) for name, value in filters.items() if value is not None}
    by_tag = "id IN (SELECT episode FROM tags WHERE tag = ?)"
    terms = [by_tag if name == "tag" else f'"{name}" = ?' for name in chosen]
    return f"WHERE {' AND '.join(terms)}" if terms else "", list(chosen.values())


def _info(row: tuple[Any, ...], tags: tuple[str, ...]) -> EpisodeInfo:
    values = dict(zip(INFO_COLUMNS, row, strict=True))
    typed = {"source": Source(values["source"]), "outcome": Outcome(values["outcome"])}
    return EpisodeInfo(**values | typed, tags=tags)


def _check_types(info: EpisodeInfo) -> None:
    texts = [info.id, info.task, info.group or "", info.consent or "", *info.tags]
    numbers = [info.seed, info.policy_version or 0, info.created]
    fits = all(isinstance(text, str) and not SURROGATE.search(text) for text in texts)
    fits &= all(isinstance(number, int) and abs(number) < 2**63 for number in numbers)
    if not fits or not isinstance(info.reward, float | int):
        raise DamageError(f"episode {info.id!r:.80} has an id, task, seed, version, group, consent or tag out of range")


def _connect(path: Path) -> sqlite3.Connection:
    """Open a sound database; raise :class:`sqlite3.DatabaseError` for a damaged one."""
    connection = sqlite3.connect(path, timeout=BUSY_S)
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the index is damaged")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite does not wait for others here, so this does."""
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
