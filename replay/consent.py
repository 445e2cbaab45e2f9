"""What people agreed to, and the tombstones of those who took it back."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from browser_env.errors import DataError
from replay.errors import ConsentError
from replay.files import SAFE_NAME, sync_folders, write_sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """One person's agreement to have episodes stored and learned from."""

    id: str  # of letters, digits, ".", "_" and "-"
    subject: str  # who agreed; a pseudonym will do
    text: str  # what the person read
    text_sha256: str  # of the text in UTF-8, in hex
    scope: str  # what it allows, e.g. "training"
    given_at: str  # ISO 8601 with time zone
    expires_at: str | None = None  # ISO 8601 with time zone; None: does not expire
    basis: str = "explicit"  # or e.g. "public-dataset"
    recorder: str = ""  # who records and keeps it; older records do not say

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not SAFE_NAME.match(self.id):
            raise DataError(f"{self.id!r:.80} is no id for a consent; use up to 100 letters, digits, '.', '_' and '-'")
        if not canonical_subject(self.subject) or not self.scope or not self.basis:
            raise DataError(f"consent {self.id} needs a subject, a scope and a basis")
        if hash_text(self.text) != self.text_sha256:
            raise DataError(f"consent {self.id} has a text whose SHA-256 differs from text_sha256")
        for time in (self.given_at, self.expires_at):
            if time is not None:
                _read_time(time)

    def expired(self, *, now: datetime) -> bool:
        """Whether the agreement has run out."""
        return self.expires_at is not None and _read_time(self.expires_at) <= now


def give_consent(
    *,
    subject: str,
    text: str,
    scope: str = "training",
    basis: str = "explicit",
    expires_at: str | None = None,
    recorder: str = "",
) -> ConsentRecord:
    """Return a new record of an agreement given now."""
    return ConsentRecord(
        id=uuid4().hex,
        subject=canonical_subject(subject),
        text=text,
        text_sha256=hash_text(text),
        scope=scope,
        given_at=datetime.now(UTC).isoformat(),
        expires_at=expires_at,
        basis=basis,
        recorder=recorder,
    )


def canonical_subject(subject: str) -> str:
    """Return a person's name as it is stored and compared: however it is spaced and composed."""
    return unicodedata.normalize("NFC", " ".join(subject.split()))


def hash_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class ConsentFolder:
    """One JSON file per consent: the record, or the tombstone that took its place."""

    def __init__(self, path: Path, *, drafts: Path) -> None:
        self._path = path
        self._drafts = drafts

    def add(self, record: ConsentRecord) -> None:
        """Store a record; the same one twice is fine, another one under the same id is not."""
        if self._file(record.id).exists():
            if self.get(record.id) != record:
                raise DataError(f"consent {record.id} is already there and says something else; choose a new id")
            return
        self._write(record.id, {"kind": "consent", **asdict(record)})

    def get(self, consent_id: str) -> ConsentRecord:
        """Return a record; raise :class:`ConsentError` if it is unknown, revoked or unreadable."""
        data = self._read(consent_id)
        if data.pop("kind", None) != "consent":
            raise ConsentError(f"consent {consent_id} was revoked")
        try:
            return ConsentRecord(**data)
        except (TypeError, DataError) as error:
            raise ConsentError(f"consent {consent_id} is damaged: {error}") from error

    def check(self, consent_id: object) -> None:
        """Raise :class:`ConsentError` unless this consent allows reading now."""
        if not isinstance(consent_id, str):
            raise ConsentError("a person's episode names no consent; record it with one to use it")
        if self.get(consent_id).expired(now=datetime.now(UTC)):
            raise ConsentError(f"consent {consent_id} has expired; ask the person again")

    def of_subject(self, subject: str) -> list[str]:
        """Return the ids of a person's consents that stand, those too that are damaged but still name the person."""
        wanted = canonical_subject(subject)
        return [name for name in self._names() if self._subject(name) == wanted]

    def of_nobody(self) -> list[str]:
        """Return the ids of the files that are no tombstones, and so damaged that nobody can tell whose they are."""
        return [name for name in self._names() if self._subject(name) is None and not self.is_revoked(name)]

    def revoked(self) -> frozenset[str]:
        """The ids that have a tombstone."""
        return frozenset(name for name in self._names() if self.is_revoked(name))

    def is_revoked(self, consent_id: str) -> bool:
        """Whether the id has a tombstone."""
        try:
            return self._read(consent_id).get("kind") == "tombstone"
        except ConsentError:  # unreadable: refused when asked for, but nobody took it back
            return False

    def bury(self, consent_id: str) -> None:
        """Put a tombstone in a record's place; it names nobody, and says that what was under it is still there."""
        tombstone = {"kind": "tombstone", "id": consent_id, "revoked_at": datetime.now(UTC).isoformat(), "swept": False}
        self._write(consent_id, tombstone)

    def unswept(self) -> list[str]:
        """Return the ids whose tombstone says that what was under them is still there."""
        return [name for name in self.revoked() if self._read(name).get("swept") is False]

    def mark_swept(self, consent_ids: Iterable[str]) -> None:
        """Have tombstones say that what was under them is gone."""
        for consent_id in consent_ids:
            self._write(consent_id, {**self._read(consent_id), "swept": True})

    def _subject(self, consent_id: str) -> str | None:
        try:
            subject = self._read(consent_id).get("subject")
        except ConsentError:
            return None
        return canonical_subject(subject) if isinstance(subject, str) else None

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._path.glob("*.json") if SAFE_NAME.match(path.stem))

    def _file(self, consent_id: str) -> Path:
        if not SAFE_NAME.match(consent_id):
            raise ConsentError(f"{consent_id!r:.80} is no id of a consent")
        return self._path / f"{consent_id}.json"

    def _read(self, consent_id: str) -> dict[str, Any]:
        try:
            data = json.loads(self._file(consent_id).read_bytes())
        except FileNotFoundError as error:
            raise ConsentError(f"consent {consent_id} is unknown; add its record to the store first") from error
        except (ValueError, RecursionError) as error:
            raise ConsentError(f"consent {consent_id} is damaged: {error}") from error
        if not isinstance(data, dict):
            raise ConsentError(f"consent {consent_id} is damaged: not a JSON object")
        return data

    def _write(self, consent_id: str, data: dict[str, Any]) -> None:
        path = self._file(consent_id)
        write_sealed(path, json.dumps(data, indent=2).encode(), drafts=self._drafts)
        sync_folders([path])


def _read_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise DataError(f"{text!r:.80} is not a time in ISO 8601") from error
    if time.tzinfo is None:
        raise DataError(f"{text!r:.80} has no time zone; write e.g. 2030-01-31T12:00:00+00:00")
    return time
