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
from replay.codec import decode_episode, decode_running, encode_episode, encode_running, parse_episode
from replay.consent import ConsentFolder, ConsentRecord
from replay.errors import ConsentError, DamageError, VersionError
from replay.files import dead_drafts, sync_folders, write_sealed
from replay.images import ImageFolder, image_name
from replay.imitation import actors
from replay.index import Entry, EpisodeInfo, Filters, Index
from replay.layout import open_folder
from replay.notes import NoteFolder
from replay.running import RunningFolder
from replay.sealed import SUFFIX, episode_file, episode_files, read_back, read_entry, stamp


class ReplayStore:
    """A folder of episodes that several processes write and read at once; use each instance in one thread."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._refused = 0
        self._damaged: set[str] = set()  # seen by this reader, which may not move them
        self._last_created = 0
        self._recovered: list[str] = []
        self._dropped: list[str] = []
        with _named_errors(path):
            open_folder(path, read_only=read_only)
            self._images = ImageFolder(path / "images", drafts=path / "drafts")
            self._running = RunningFolder(path / "running", drafts=path / "drafts")
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
        """Close the index; the store cannot be used afterwards. Running episodes are left to be recovered."""
        self._running.close()
        self._index.close()

    @property
    def refused(self) -> int:
        """How many episodes :meth:`episodes` left out because their person does not agree."""
        return self._refused

    @property
    def quarantined(self) -> tuple[str, ...]:
        """The names of the damaged files that were found, sorted."""
        moved = {path.name for path in (self._path / "quarantine").glob("[!.]*")}
        return tuple(sorted(moved | self._damaged))

    @property
    def recovered(self) -> tuple[str, ...]:
        """The ids of episodes whose process had died and that were sealed, as far as they went, on opening."""
        return tuple(self._recovered)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The ids of episodes whose process had died and of which no step was whole; their files are in quarantine."""
        return tuple(self._dropped)

    def note(self, episode: Episode) -> None:
        """Write down the steps so far of an episode that is still running, on disk for good when this returns.

        :meth:`add` seals the whole. A person's steps are not noted, for they are redacted as a whole first.
        """
        self._require_writable()
        if episode.consent or Source.HUMAN in actors(episode) or any(step.intervention for step in episode.steps):
            raise DataError(f"episode {episode.id} has steps of a person; add it once it is whole and redacted")
        with _named_errors(self._path):
            self._note(episode)

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

    def allows(self, episode: Episode) -> bool:
        """Whether an episode that was read before may still be used: it is there, and its person agrees."""
        try:
            if episode.consent is not None or episode.source is Source.HUMAN:
                self._consents.check(episode.consent)
        except ConsentError:
            return False
        return self._file(episode.id).exists()

    def query(self, **filters: Unpack[Filters]) -> list[EpisodeInfo]:
        """List episodes, oldest first; also those that :meth:`episodes` refuses to load."""
        with _named_errors(self._path):
            self._refresh()
            return self._index.query(filters)

    def episodes(self, **filters: Unpack[Filters]) -> Iterator[Episode]:
        """Yield episodes, oldest first; leave out the damaged ones and those whose person does not agree."""
        return self.load(self.query(**filters))

    def load(self, infos: Iterable[EpisodeInfo]) -> Iterator[Episode]:
        """Yield the episodes of some rows; leave out the damaged ones and those whose person does not agree."""
        for info in infos:
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
        """Delete a person's episodes and the images only they use; return how many episodes.

        Raise :class:`ConsentError`, when all that can be told to be the person's is gone, where a consent is so damaged
        that it might be theirs, too.
        """
        self._require_writable()
        with _named_errors(self._path):
            names, unread = self._consents.of_subject(subject), self._consents.of_nobody()
            if not names and not unread:
                raise DataError(f"no consent of {subject!r:.80} in {self._path}; revoked ones are already gone")
            for name in names:
                self._consents.bury(name)
            deleted = self._take_back()
            if unread:
                problem = f"consent/{unread[0]}.json is damaged and might be theirs, too; put it right and revoke again"
                raise ConsentError(f"{deleted} episodes of {subject!r:.80} were deleted, but {problem}")
            return deleted

    def _add(self, episode: Episode) -> None:
        path = self._file(episode.id)
        self._refuse_revoked(episode)
        images: dict[str, Screenshot] = {}
        self._last_created = max(time.time_ns(), self._last_created + 1)
        data = encode_episode(episode, name_image=partial(_collect, images), created=self._last_created)
        entry = read_back(episode.id, data)
        if not path.exists():
            self._seal(path, data, entry=entry, images=images)
        elif parse_episode(path.read_bytes()).checksum != entry.checksum:
            raise DataError(f"episode {episode.id} is already stored and says something else; give it a new id")
        sync_folders([path])
        self._running.remove(episode.id)
        self._insert(path, entry)
        self._refuse_revoked(episode)  # the person may have revoked while this was being written

    def _note(self, episode: Episode) -> None:
        start = self._running.num_steps(episode.id)
        if len(episode.steps) <= start or self._file(episode.id).exists():
            return
        images: dict[str, Screenshot] = {}
        data = encode_running(episode, name_image=partial(_collect, images), start=start)
        with self._index.transaction():
            self._index.announce(episode.id, images)
        self._images.write(images)
        self._running.append(episode.id, data, num_steps=len(episode.steps))

    def _recover(self) -> None:
        """Seal what dead processes noted of their episodes, as far as it is whole."""
        for episode_id in self._running.names():
            with self._running.abandoned(episode_id) as data:
                if data is None:
                    continue
                if self._file(episode_id).exists() or self._seal_noted(episode_id, data):
                    self._running.discard(episode_id)
                else:
                    self._running.put_aside(episode_id, self._path / "quarantine")
                    self._dropped.append(episode_id)

    def _seal_noted(self, episode_id: str, data: bytes) -> bool:
        """Seal an episode as far as it is whole; return whether any of it is."""
        try:
            self._add(decode_running(data, read_image=self._images.read))
        except VersionError:
            raise
        except DataError:
            return False
        self._recovered.append(episode_id)
        return True

    def _refuse_revoked(self, episode: Episode) -> None:
        if episode.consent is not None and self._consents.is_revoked(episode.consent):
            self._sweep()
            raise ConsentError(f"episode {episode.id} is under consent {episode.consent}, which was revoked")

    def _seal(self, path: Path, data: bytes, *, entry: Entry, images: dict[str, Screenshot]) -> None:
        """Write images, then the episode: each durable before what refers to it."""
        with self._index.transaction():
            self._index.announce(entry.info.id, entry.images, consent=entry.info.consent)
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
        return episode_file(self._path, episode_id)

    def _refresh(self) -> None:
        if self._read_only:  # its index is a copy of its own
            self._reconcile()

    def _reconcile(self) -> None:
        """Bring the index in line with the sealed files."""
        indexed = self._index.files()  # before listing: files come before their rows
        files = episode_files(self._path)
        for episode_id, path in files.items():
            if path.name not in self._damaged and indexed.get(episode_id) != stamp(path):
                self._check_sealed(path)
        self._forget(episode_id for episode_id in indexed if episode_id not in files)

    def _check_sealed(self, path: Path) -> None:
        """Index a sealed file if it is sound, else put it aside."""
        try:
            self._insert(path, read_entry(path))
        except FileNotFoundError:  # removed since it was listed
            return
        except DamageError:
            self._quarantine(path)

    def _insert(self, path: Path, entry: Entry) -> None:
        """Index a sealed file unless someone removed it."""
        with self._index.transaction():
            found = stamp(path)
            if found is not None:
                self._index.insert(entry, stamp=found)

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
        self._remove_drafts()
        self._recover()
        if self._consents.unswept() or self._index.with_consents(self._consents.revoked()):
            self._take_back()
        elif self._recovered or self._dropped or self._index.abandoned():
            self._sweep()  # also the images of steps that were not whole
        NoteFolder(self._path).sweep_revoked()

    def _take_back(self) -> int:
        """Delete whatever is, or may be, under revoked consents; return how many episodes."""
        unswept = self._consents.unswept()
        self._remove_drafts()
        NoteFolder(self._path).sweep()
        deleted = self._sweep()
        self._empty_quarantine()  # after that, for sweeping puts aside what it finds damaged
        self._consents.mark_swept(unswept)
        return deleted

    def _sweep(self) -> int:
        """Delete episodes under revoked consents, and images that nothing uses; return how many episodes."""
        self._reconcile()
        with self._index.transaction():
            episodes = self._index.with_consents(self._consents.revoked())
            files = [file for episode_id in episodes if (file := self._file(episode_id)).exists()]
            for file in files:
                file.unlink(missing_ok=True)
            self._index.remove([*episodes, *self._index.abandoned()])
            for name in set(self._images.names()) - self._index.images():
                self._images.remove(name)
        self._index.flush()
        return len(files)

    def _remove_drafts(self) -> None:
        """Delete what dead writers left; it may be anybody's."""
        for draft in dead_drafts(self._path / "drafts"):
            draft.unlink(missing_ok=True)

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
