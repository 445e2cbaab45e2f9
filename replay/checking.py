"""Whether a store is what was written to it: every checksum, image, row and consent; and repairs."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from browser_env.episode import Source
from replay.consent import ConsentFolder
from replay.errors import ConsentError, DamageError, VersionError
from replay.files import dead_drafts
from replay.images import ImageFolder
from replay.index import Entry, Index, Row, index_problem
from replay.layout import open_folder
from replay.notes import FOLDER, NoteFolder
from replay.running import RunningFolder
from replay.sealed import episode_file, episode_files, read_entry, stamp
from replay.store import ReplayStore

FRESH_S = 10.0  # a draft as new as that may not be locked yet
Tell = Callable[[int, int], None]  # gets how many files have been read, and of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something in a store that is not as it should be."""

    kind: str  # "episode", "image", "index", "consent", "note", "running" or "draft"
    name: str  # of the file, or the episode's id
    problem: str  # in words
    repair: str  # what repairing does, in words; empty: it cannot be repaired


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was found in a store."""

    episodes: int  # sealed files
    steps: int
    images: int
    quarantined: tuple[str, ...]  # damaged files that were put aside, now or before
    faults: tuple[Fault, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON-serialisable data."""
        return asdict(self)


def check_store(path: Path, *, tell: Tell = lambda done, total: None) -> Check:
    """Read everything and change nothing; others may write meanwhile. Raise :class:`DataError` for no store."""
    open_folder(path, read_only=True)
    return _Checker(path, tell).check()


def repair_store(path: Path, check: Check) -> None:
    """Put aside what is damaged, finish what was broken off, and bring the index in line."""
    ReplayStore(path).close()  # recovers running episodes, finishes revocations, rebuilds a damaged index
    images, files = ImageFolder(path / "images", drafts=path / "drafts"), episode_files(path)
    index = Index.open(path / "index.sqlite")
    try:
        with index.transaction():
            for fault in check.faults:
                if fault.kind in ("episode", "index") and fault.repair:
                    index.remove([fault.name])
                if fault.kind == "episode" and fault.repair and fault.name in files:
                    _put_aside(path, files[fault.name])
                elif fault.kind == "image" and fault.repair and fault.name not in index.images():
                    images.remove(fault.name)
                elif fault.kind == "image" and fault.repair:
                    _put_aside(path, images.file(fault.name))
                elif fault.kind == "note":
                    _put_aside(path, path / FOLDER / fault.name)
    finally:
        index.close()
    ReplayStore(path).close()  # indexes anew whatever has no row now


class _Checker:
    """One pass over a store; files are listed before rows are read, for rows come after files."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._images = ImageFolder(path / "images", drafts=path / "drafts")
        self._consents = ConsentFolder(path / "consent", drafts=path / "drafts")
        self._entries: dict[str, Entry] = {}
        self._shown_by: defaultdict[str, list[str]] = defaultdict(list)  # image -> sound episodes
        self._revoked = self._consents.revoked()

    def check(self) -> Check:
        files, images = episode_files(self._path), set(self._images.names())
        total = len(files) + len(images)
        faults = [*self._sealed(files, total), *self._pictures(images, len(files), total)]
        faults += [*self._rows(images), *self._agreements(), *self._notes(), *self._left_behind()]
        return Check(
            episodes=len(files),
            steps=sum(entry.info.num_steps for entry in self._entries.values()),
            images=len(images),
            quarantined=tuple(sorted(file.name for file in (self._path / "quarantine").glob("[!.]*"))),
            faults=tuple(faults),
        )

    def _sealed(self, files: dict[str, Path], total: int) -> Iterator[Fault]:
        for done, (name, file) in enumerate(files.items(), start=1):
            try:
                self._entries[name] = entry = read_entry(file)
            except FileNotFoundError:  # revoked meanwhile
                continue
            except VersionError as error:
                yield Fault(kind="episode", name=name, problem=str(error), repair="")
            except DamageError as error:
                yield _damaged(name, str(error))
            else:
                for image in entry.images:
                    self._shown_by[image].append(name)
            self._tell(done, total)

    def _pictures(self, images: set[str], before: int, total: int) -> Iterator[Fault]:
        for done, name in enumerate(sorted(images), start=before + 1):
            try:
                self._images.read(name)
            except DamageError as error:
                if self._images.file(name).exists():
                    yield Fault(kind="image", name=name, problem=str(error), repair="it is moved to quarantine/")
                    yield from self._without_image(name, str(error))
            self._tell(done, total)
        for name in sorted(set(self._shown_by) - images):
            if not self._images.file(name).exists():
                yield from self._without_image(name, f"image {name} is missing")

    def _without_image(self, image: str, problem: str) -> Iterator[Fault]:
        for name in self._shown_by[image]:
            if episode_file(self._path, name).exists():
                yield _damaged(name, problem)

    def _rows(self, images: set[str]) -> Iterator[Fault]:
        problem = index_problem(self._path / "index.sqlite")
        if problem:
            yield Fault(kind="index", name="index.sqlite", problem=problem, repair="it is rebuilt from the files")
            return
        index = Index.copy(self._path / "index.sqlite")
        try:
            rows, pending, used = index.rows(), index.pending(), index.images()
        finally:
            index.close()
        yield from self._unlike(rows, pending)
        for name in sorted(images - used - set(self._shown_by)):
            yield Fault(kind="image", name=name, problem="no episode shows it", repair="it is deleted")

    def _unlike(self, rows: dict[str, Row], pending: frozenset[str]) -> Iterator[Fault]:
        for name, entry in self._entries.items():
            row, found = rows.get(name), stamp(episode_file(self._path, name))
            if found is None or (row is None and name in pending):  # removed, or being sealed just now
                continue
            if row is None:
                yield _index_fault(name, "the index does not know it", "it is indexed")
            elif row != Row(entry=_as_indexed(entry), stamp=found):
                yield _index_fault(name, "the index says something else than its file", "it is indexed anew")
        for name in rows:
            if name not in self._entries and not episode_file(self._path, name).exists():
                yield _index_fault(name, "the index knows it, but its file is gone", "its row is removed")

    def _agreements(self) -> Iterator[Fault]:
        names = {file.stem for file in (self._path / "consent").glob("*.json")} - self._revoked
        yield from self._unreadable(names)
        for name, entry in self._entries.items():
            consent = entry.info.consent
            if consent in self._revoked:
                yield Fault(kind="consent", name=name, problem="its consent was revoked", repair="it is deleted")
            elif consent not in names and (consent is not None or entry.info.source is Source.HUMAN):
                problem = "its consent is not in the store, so that it is not loaded; add the record"
                yield Fault(kind="consent", name=name, problem=problem, repair="")

    def _unreadable(self, names: Iterable[str]) -> Iterator[Fault]:
        for name in sorted(names):
            try:
                self._consents.get(name)
            except ConsentError as error:
                yield Fault(kind="consent", name=name, problem=f"{error}; ask the person again", repair="")

    def _notes(self) -> Iterator[Fault]:
        for file, problem in NoteFolder(self._path).damaged():
            yield Fault(kind="note", name=file.name, problem=problem, repair="it is moved to quarantine/")

    def _left_behind(self) -> Iterator[Fault]:
        running = RunningFolder(self._path / "running", drafts=self._path / "drafts")
        for name in running.names():
            with running.abandoned(name) as data:
                if data is not None:
                    repair = "its whole steps are sealed"
                    yield Fault(kind="running", name=name, problem="its process died before its end", repair=repair)
        for draft in dead_drafts(self._path / "drafts"):
            found = stamp(draft)
            if found is not None and found[1] < (time.time() - FRESH_S) * 1e9:
                problem = "a process died while it wrote this"
                yield Fault(kind="draft", name=draft.name, problem=problem, repair="it is deleted")


def _damaged(name: str, problem: str) -> Fault:
    return Fault(kind="episode", name=name, problem=problem, repair="it is moved to quarantine/")


def _index_fault(name: str, problem: str, repair: str) -> Fault:
    return Fault(kind="index", name=name, problem=problem, repair=repair)


def _as_indexed(entry: Entry) -> Entry:
    return replace(entry, info=replace(entry.info, tags=tuple(sorted(set(entry.info.tags)))))


def _put_aside(root: Path, file: Path) -> None:
    if file.exists():
        file.replace(root / "quarantine" / file.name)
