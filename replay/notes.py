"""What is said of stored episodes, beside them: people's ratings and tags, models' judgements; never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from browser_env.errors import DataError
from replay.consent import ConsentFolder
from replay.errors import ConsentError
from replay.files import SAFE_NAME, sync_folders, write_sealed
from rewards.judged import Judgement
from rewards.rating import Rating

FOLDER = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagNote:
    """The tags that an episode has from now on; the last note counts."""

    id: str
    episode: str
    tags: tuple[str, ...]
    consent: str  # id of the consent of who said so
    given_at: str  # ISO 8601 with time zone


Note = Rating | TagNote | Judgement
NO_NOTE = (DataError, TypeError, ValueError, KeyError)  # raised by what says none
KINDS = {Rating: "rating", TagNote: "tags", Judgement: "judgement"}


class NoteFolder:
    """The notes of a replay store; damaged ones, and those under a consent that does not stand, are not read."""

    def __init__(self, store: Path) -> None:
        self._path = store / FOLDER
        self._drafts = store / "drafts"
        self._consents = ConsentFolder(store / "consent", drafts=self._drafts)

    def add(self, note: Note) -> None:
        """Store a note, on disk for good when this returns; raise :class:`ConsentError` without a valid consent.

        A judgement of what no person did needs none.
        """
        self._check(KINDS[type(note)], note.consent)
        if not SAFE_NAME.match(note.id):
            raise DataError(f"{note.id!r:.80} is no id of a note; use up to 100 letters, digits, '.', '_' and '-'")
        path = self._path / f"{note.id}.json"
        if path.exists():
            raise DataError(f"note {note.id} is already there; notes are added, never changed")
        self._path.mkdir(exist_ok=True)
        data = json.dumps({"kind": KINDS[type(note)], "note": asdict(note)}).encode()
        write_sealed(path, data, drafts=self._drafts)
        sync_folders([path])
        try:
            self._check(KINDS[type(note)], note.consent)
        except ConsentError:  # it was taken back while this was being written
            path.unlink(missing_ok=True)
            raise

    def ratings(self) -> list[Rating]:
        """Return the ratings whose rater agrees, oldest first."""
        found = [note for note in self._valid() if isinstance(note, Rating)]
        return sorted(found, key=lambda rating: (rating.given_at, rating.id))

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Return the tags of the episodes that were given any here."""
        notes = [note for note in self._valid() if isinstance(note, TagNote)]
        return {note.episode: note.tags for note in sorted(notes, key=lambda note: (note.given_at, note.id))}

    def judgements(self) -> list[Judgement]:
        """Return what models think of episodes, oldest first."""
        found = [note for note in self._valid() if isinstance(note, Judgement)]
        return sorted(found, key=lambda judgement: (judgement.given_at, judgement.id))

    def damaged(self) -> list[tuple[Path, str]]:
        """Return the files that are no notes, each with what is wrong."""
        found = []
        for path in sorted(self._path.glob("*.json")):
            try:
                _as_note(*_read(path))
            except FileNotFoundError:  # swept since it was listed
                continue
            except NO_NOTE as error:
                found.append((path, f"it is no rating, no tags and no judgement: {error!r:.200}"))
        return found

    def sweep(self) -> int:
        """Delete the notes under revoked consents, and damaged ones, for nobody can tell whose they are."""
        revoked = self._consents.revoked()
        gone = [path for path in self._path.glob("*.json") if _is_lost(path, revoked)]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def sweep_revoked(self) -> None:
        """Delete the notes under revoked consents, which somebody who was killed may have left."""
        revoked = self._consents.revoked()
        for path in self._path.glob("*.json") if revoked else ():
            try:
                if _read(path)[1].get("consent") in revoked:
                    path.unlink(missing_ok=True)
            except (FileNotFoundError, DataError):
                continue

    def _valid(self) -> Iterator[Note]:
        for path in sorted(self._path.glob("*.json")):
            try:
                kind, data = _read(path)
                self._check(kind, data.get("consent"))
                note = _as_note(kind, data)
            except (FileNotFoundError, *NO_NOTE):  # swept since it was listed, not to be used, or damaged
                continue
            yield note

    def _check(self, kind: str, consent: object) -> None:
        if consent is not None or kind != KINDS[Judgement]:
            self._consents.check(consent)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        record = json.loads(path.read_bytes())
        return record["kind"], dict(record["note"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: {error!r:.100}; delete it") from error


def _as_note(kind: str, data: dict[str, Any]) -> Note:
    note: Note
    if kind == KINDS[TagNote]:
        note = TagNote(**data | {"tags": tuple(data["tags"])})
    else:
        note = Judgement.from_json(data) if kind == KINDS[Judgement] else Rating.from_json(data)
    texts = (note.id, note.episode, note.given_at, *(note.tags if isinstance(note, TagNote) else ()))
    if not all(isinstance(text, str) for text in texts):
        raise DataError("id, episode, time and tags of a note are texts")
    return note


def _is_lost(path: Path, revoked: frozenset[str]) -> bool:
    try:
        return _read(path)[1].get("consent") in revoked
    except FileNotFoundError:
        return False
    except DataError:
        return True
