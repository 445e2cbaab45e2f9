"""Episodes on disk: sealed whole, never lost by a crash, read only where the person agreed."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.observation import Screenshot
from replay.codec import decode_episode, encode_episode, parse_episode
from replay.consent import ConsentFolder, ConsentRecord
from replay.errors import ConsentError, DamageError
from replay.files import SAFE_NAME, remove_stale_drafts, sync_folders, write_sealed
from replay.images import ImageFolder, image_name
from replay.index import Entry, EpisodeInfo, Filters, Index, make_entry
from replay.layout import open_folder
from replay.notes import NoteFolder

SUFFIX = ".jsonl.gz"


class ReplayStore:
    """A folder of episodes that several processes write and read at once; use each instance in one thread."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._refused = 0
        self._damaged: set[str] = set()  # seen by this reader, which may not move them
        self._last_created = 0
        with _named_errors(path):
            open_folder(path, read_only=read_only)
            self._images = ImageFolder(path / "images", drafts=path / "drafts")
            self._consents = ConsentFolder(path / "consent", drafts=path / "drafts")
            self._index = (Index.copy if read_only else Index.open)(path / "index.sqlite")
            self._reconcile()
            if not read_only:
                self._clean_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; the store cannot be used afterwards."""
        self._index.close()

    @property
    def refused(self) -> int:
        """How many episodes :meth:`episodes` left out because their person does not agree."""
        return self._refused

    @property
    def quarantined(self) -> tuple[str, ...]:
        """The names of the damaged files that were found, sorted."""
        moved = {path.name for path in (self._path / "quarantine").glob("*")}
        return tuple(sorted(moved | self._damaged))

    def add(self, episodes: Iterable[Episode]) -> None:
        """Store episodes, on disk for good when this returns; if one is refused, those before it are stored."""
        self._require_writable()
        for episode in episodes:
            with _named_errors(self._path):
                self._add(episode)

    def get(self, episode_id: str) -> Episode:
        """Return an episode; raise :class:`DataError` if it is unknown, damaged or its person does not agree."""
        with _named_errors(self._path):
            episode = self._load(episode_id)
        if episode is None:
            raise DataError(f"no episode {episode_id!r:.80} in {self._path}; list them with query()")
        return episode

    def query(self, **filters: Unpack[Filters]) -> list[EpisodeInfo]:
        """List episodes, oldest first; also those that :meth:`episodes` refuses to load."""
        with _named_errors(self._path):
            self._refresh()
            return self._index.query(filters)

    def episodes(self, **filters: Unpack[Filters]) -> Iterator[Episode]:
        """Yield episodes, oldest first; leave out the damaged ones and those whose person does not agree."""
        for info in self.query(**filters):
            episode = self._load_allowed(info.id)
            if episode is not None:
                yield episode

    def digest(self, **filters: Unpack[Filters]) -> str:
        """Return 32 hex digits that depend on which episodes these are, not on their order or store."""
        with _named_errors(self._path):
            self._refresh()
            checksums = self._index.checksums(filters)
        return hashlib.blake2b("".join(checksums).encode(), digest_size=16).hexdigest()

    def add_consent(self, record: ConsentRecord) -> None:
        """Store what a person agreed to."""
        self._require_writable()
        with _named_errors(self._path):
            self._consents.add(record)

    def consent(self, consent_id: str) -> ConsentRecord:
        """Return a consent; raise :class:`DataError` if it is unknown or revoked."""
        with _named_errors(self._path):
            return self._consents.get(consent_id)

    def revoke(self, *, subject: str) -> int:
        """Delete a person's episodes and the images only they use; return how many episodes."""
        self._require_writable()
        with _named_errors(self._path):
            records = self._consents.of_subject(subject)
            if not records:
                raise DataError(f"no consent of {subject!r:.80} in {self._path}; revoked ones are already gone")
            for record in records:
                self._consents.bury(record.id)
            NoteFolder(self._path).sweep()
            self._empty_quarantine()
            return self._sweep()

    def _add(self, episode: Episode) -> None:
        path = self._file(episode.id)
        self._refuse_revoked(episode)
        images: dict[str, Screenshot] = {}
        self._last_created = max(time.time_ns(), self._last_created + 1)
        data = encode_episode(episode, name_image=partial(_collect, images), created=self._last_created)
        entry = _read_back(episode.id, data)
        if not path.exists():
            self._seal(path, data, entry=entry, images=images)
        elif parse_episode(path.read_bytes()).checksum != entry.checksum:
            raise DataError(f"episode {episode.id} is already stored and says something else; give it a new id")
        sync_folders([path])
        self._insert(path, entry)
        self._refuse_revoked(episode)  # the person may have revoked while this was being written

    def _refuse_revoked(self, episode: Episode) -> None:
        if episode.consent is not None and self._consents.is_revoked(episode.consent):
            self._sweep()
            raise ConsentError(f"episode {episode.id} is under consent {episode.consent}, which was revoked")

    def _seal(self, path: Path, data: bytes, *, entry: Entry, images: dict[str, Screenshot]) -> None:
        """Write images, then the episode: each durable before what refers to it."""
        with self._index.transaction():
            self._index.announce(entry.info.id, entry.images)
        self._images.write(images)
        write_sealed(path, data, drafts=self._path / "drafts")

    def _load(self, episode_id: str) -> Episode | None:
        """Read an episode, None where there is none; a damaged one is put into quarantine."""
        path = self._file(episode_id)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            stored = parse_episode(data)
            consent = stored.header.get("consent")
            if consent is not None or stored.header.get("source") == Source.HUMAN:
                self._consents.check(consent)
            return decode_episode(stored, read_image=self._read_image)
        except DamageError:
            self._quarantine(path)
            raise

    def _load_allowed(self, episode_id: str) -> Episode | None:
        try:
            with _named_errors(self._path):
                return self._load(episode_id)
        except ConsentError:
            self._refused += 1
        except DamageError:  # _load put it aside; it is named in `quarantined`
            pass
        return None

    def _read_image(self, name: str) -> Screenshot:
        try:
            return self._images.read(name)
        except DamageError:
            self._quarantine(self._images.file(name))  # so that the next episode that shows it stores it anew
            raise

    def _file(self, episode_id: str) -> Path:
        if not SAFE_NAME.match(episode_id):
            raise DataError(f"{episode_id!r:.80} is no id of an episode; use up to 100 letters, digits, '.', '_', '-'")
        shard = hashlib.blake2b(episode_id.encode(), digest_size=1).hexdigest()
        return self._path / "episodes" / shard / f"{episode_id}{SUFFIX}"

    def _refresh(self) -> None:
        if self._read_only:  # its index is a copy of its own
            self._reconcile()

    def _reconcile(self) -> None:
        """Bring the index in line with the sealed files."""
        indexed = self._index.files()  # before listing: files come before their rows
        files = {path.name.removesuffix(SUFFIX): path for path in (self._path / "episodes").glob(f"??/*{SUFFIX}")}
        for episode_id, path in files.items():
            if path.name not in self._damaged and indexed.get(episode_id) != _stamp(path):
                self._check_sealed(path)
        self._forget(episode_id for episode_id in indexed if episode_id not in files)

    def _check_sealed(self, path: Path) -> None:
        """Index a sealed file if it is sound, else put it aside."""
        try:
            self._insert(path, _read_entry(path))
        except FileNotFoundError:  # removed since it was listed
            return
        except DamageError:
            self._quarantine(path)

    def _insert(self, path: Path, entry: Entry) -> None:
        """Index a sealed file unless someone removed it."""
        with self._index.transaction():
            stamp = _stamp(path)
            if stamp is not None:
                self._index.insert(entry, stamp=stamp)

    def _forget(self, episode_ids: Iterable[str]) -> None:
        gone = [episode_id for episode_id in episode_ids if not self._file(episode_id).exists()]
        if gone:
            with self._index.transaction():
                self._index.remove(gone)

    def _quarantine(self, path: Path) -> None:
        """Forget a damaged file, and move it away if it may be moved."""
        with self._index.transaction():
            self._index.remove([path.name.removesuffix(SUFFIX)])
            if self._read_only:
                self._damaged.add(path.name)
            elif path.exists():
                path.replace(self._path / "quarantine" / path.name)

    def _clean_up(self) -> None:
        """Finish what dead processes left behind."""
        remove_stale_drafts(self._path / "drafts")
        if self._index.with_consents(self._consents.revoked()):
            self._empty_quarantine()
            self._sweep()
        elif self._index.abandoned():
            self._sweep()

    def _sweep(self) -> int:
        """Delete episodes under revoked consents, and images that nothing uses; return how many episodes."""
        self._reconcile()
        with self._index.transaction():
            episodes = self._index.with_consents(self._consents.revoked())
            for episode_id in episodes:
                self._file(episode_id).unlink(missing_ok=True)
            self._index.remove([*episodes, *self._index.abandoned()])
            for name in set(self._images.names()) - self._index.images():
                self._images.file(name).unlink(missing_ok=True)
        self._index.flush()
        return len(episodes)

    def _empty_quarantine(self) -> None:
        """Delete damaged files, for nobody can tell whose they are."""
        for path in (self._path / "quarantine").iterdir():
            path.unlink(missing_ok=True)

    def _require_writable(self) -> None:
        if self._read_only:
            raise DataError(f"{self._path} is open for reading only; open it without read_only to change it")


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise DataError(
            f"cannot use the replay store {path}: {error}. Check that it is a writable folder with free space."
        ) from error


def _collect(images: dict[str, Screenshot], pixels: Screenshot) -> str:
    name = image_name(pixels)
    images[name] = pixels
    return name


def _read_back(episode_id: str, data: bytes) -> Entry:
    """Prove that what is about to be sealed can be read."""
    try:
        stored = parse_episode(data)
        return make_entry(decode_episode(stored, read_image=lambda _: None), stored)
    except DamageError as error:
        raise DataError(f"episode {episode_id} cannot be stored: {error}") from error


def _read_entry(path: Path) -> Entry:
    stored = parse_episode(path.read_bytes())
    entry = make_entry(decode_episode(stored, read_image=lambda _: None), stored)
    if path.name != f"{entry.info.id}{SUFFIX}":
        raise DamageError(f"{path.name} holds the episode {entry.info.id!r:.80}")
    return entry


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return a file's size and time of modification (ns), None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
