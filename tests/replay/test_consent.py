from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from browser_env.errors import DataError
from replay.consent import ConsentFolder, ConsentRecord, give_consent
from replay.errors import ConsentError


@pytest.fixture
def folder(tmp_path: Path) -> ConsentFolder:
    for name in ("consent", "drafts"):
        (tmp_path / name).mkdir()
    return ConsentFolder(tmp_path / "consent", drafts=tmp_path / "drafts")


@pytest.fixture
def record() -> ConsentRecord:
    return give_consent(subject="person-1", text="You may learn from my clicks. Grüße")


def test_a_new_consent_is_dated_and_hashed(record: ConsentRecord) -> None:
    assert record.basis == "explicit"
    assert len(record.text_sha256) == 64
    assert datetime.fromisoformat(record.given_at) <= datetime.now(UTC)
    assert not record.expired(now=datetime.now(UTC) + timedelta(days=10_000))


def test_a_consent_expires_at_its_time(record: ConsentRecord) -> None:
    limited = replace(record, expires_at="2030-01-01T12:00:00+02:00")
    assert not limited.expired(now=datetime(2030, 1, 1, 9, 59, tzinfo=UTC))
    assert limited.expired(now=datetime(2030, 1, 1, 10, 0, tzinfo=UTC))


def test_a_record_keeps_who_records_and_older_ones_do_not_say(folder: ConsentFolder, tmp_path: Path) -> None:
    named = give_consent(subject="person-1", text="Yes.", recorder="Grace Hopper")
    folder.add(named)
    assert folder.get(named.id).recorder == "Grace Hopper"
    path = tmp_path / "consent" / f"{named.id}.json"
    path.write_text(
        json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "recorder"})
    )
    assert folder.get(named.id) == replace(named, recorder="")


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "another text"},
        {"text_sha256": "0" * 64},
        {"id": "../up"},
        {"id": ""},
        {"subject": ""},
        {"subject": " \n"},
        {"scope": ""},
        {"basis": ""},
        {"given_at": "yesterday"},
        {"given_at": "2030-01-01T12:00:00"},
        {"expires_at": "2030-01-01"},
        {"expires_at": 5},
    ],
)
def test_a_record_that_proves_nothing_is_refused(record: ConsentRecord, changes: dict[str, str]) -> None:
    with pytest.raises(DataError):
        replace(record, **changes)


def test_a_record_comes_back(folder: ConsentFolder, record: ConsentRecord) -> None:
    folder.add(record)
    folder.add(record)
    assert folder.get(record.id) == record
    folder.check(record.id)


def test_an_id_is_never_reused(folder: ConsentFolder, record: ConsentRecord) -> None:
    folder.add(record)
    with pytest.raises(DataError, match="choose a new id"):
        folder.add(replace(record, subject="person-2"))
    folder.bury(record.id)
    with pytest.raises(ConsentError, match="revoked"):
        folder.add(record)


@pytest.mark.parametrize("name", ["Zo\u00eb  Ada", " Zoe\u0308 Ada\t"])
def test_a_name_is_the_same_however_it_is_written(folder: ConsentFolder, name: str) -> None:
    given = give_consent(subject=name, text="Yes")
    assert given.subject == "Zo\u00eb Ada"
    folder.add(given)
    folder.add(replace(given, id="older", subject=name))
    assert set(folder.of_subject("Zoe\u0308 Ada ")) == {given.id, "older"}
    assert folder.of_subject("zo\u00eb ada") == []


@pytest.mark.parametrize("consent_id", [None, 5, "unknown", "../consent", "a/b"])
def test_what_is_unknown_is_refused(folder: ConsentFolder, consent_id: object) -> None:
    with pytest.raises(ConsentError):
        folder.check(consent_id)


def test_what_is_expired_or_revoked_is_refused(folder: ConsentFolder, record: ConsentRecord) -> None:
    expired = replace(record, id="old", expires_at="2001-01-01T00:00:00+00:00")
    folder.add(record)
    folder.add(expired)
    with pytest.raises(ConsentError, match="expired"):
        folder.check("old")
    folder.bury(record.id)
    with pytest.raises(ConsentError, match="revoked"):
        folder.check(record.id)
    assert folder.revoked() == {record.id}
    assert folder.of_subject("person-1") == ["old"]


def test_a_tombstone_names_nobody(folder: ConsentFolder, record: ConsentRecord, tmp_path: Path) -> None:
    folder.add(record)
    folder.bury(record.id)
    text = (tmp_path / "consent" / f"{record.id}.json").read_text()
    assert set(json.loads(text)) == {"kind", "id", "revoked_at", "swept"}
    assert "person-1" not in text
    assert folder.unswept() == [record.id]
    folder.mark_swept([record.id])
    assert (folder.unswept(), folder.revoked()) == ([], {record.id})


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"kind": "consent"}', b"\xff", b"[" * 100_000])
def test_a_damaged_record_is_refused_and_no_tombstone(folder: ConsentFolder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "consent" / "broken.json").write_bytes(content)
    with pytest.raises(ConsentError):
        folder.check("broken")
    assert folder.revoked() == frozenset()
    assert folder.of_subject("person-1") == []
    assert folder.of_nobody() == ["broken"]


def test_a_changed_text_is_refused(folder: ConsentFolder, record: ConsentRecord, tmp_path: Path) -> None:
    folder.add(record)
    path = tmp_path / "consent" / f"{record.id}.json"
    path.write_text(path.read_text().replace("my clicks", "everything"))
    with pytest.raises(ConsentError, match="damaged"):
        folder.check(record.id)
    assert folder.of_subject("person-1") == [record.id]
    assert folder.of_nobody() == []
