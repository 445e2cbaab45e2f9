from dataclasses import replace
from pathlib import Path

import pytest

from browser_env.errors import DataError
from replay import notes
from replay.consent import ConsentRecord, give_consent
from replay.errors import ConsentError
from replay.notes import NoteFolder, TagNote
from replay.store import ReplayStore
from rewards.judged import Judgement
from rewards.rating import Rating


@pytest.fixture
def consent(tmp_path: Path) -> ConsentRecord:
    record = give_consent(subject="Ada", text="I agree")
    with ReplayStore(tmp_path) as store:
        store.add_consent(record)
    return record


def rating(consent: ConsentRecord, number: int = 1) -> Rating:
    return Rating(
        id=f"r{number}",
        episode="e",
        kind="thumb",
        value=1,
        rater="Ada",
        consent=consent.id,
        given_at=f"2030-01-0{number}T00:00:00+00:00",
    )


def tags(consent: ConsentRecord, number: int, *words: str) -> TagNote:
    at = f"2030-01-0{number}T00:00:00+00:00"
    return TagNote(id=f"t{number}", episode="e", tags=words, consent=consent.id, given_at=at)


def judgement(consent: str | None, number: int = 1) -> Judgement:
    return Judgement(
        id=f"j{number}",
        episode="e",
        judge="m",
        asked="a",
        success=True,
        sure=0.5,
        reason="It says Done.",
        given_at=f"2030-01-0{number}T00:00:00+00:00",
        consent=consent,
    )


def test_notes_are_read_as_they_were_written(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(rating(consent, 2))
    notes.add(rating(consent, 1))
    assert notes.ratings() == [rating(consent, 1), rating(consent, 2)]


def test_the_last_tags_count(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(tags(consent, 2, "slow", "good"))
    notes.add(tags(consent, 1, "bad"))
    assert notes.tags() == {"e": ("slow", "good")}


def test_a_note_is_never_changed(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(rating(consent))
    with pytest.raises(DataError, match="already there"):
        notes.add(replace(rating(consent), value=0))
    assert notes.ratings() == [rating(consent)]


def test_a_note_needs_a_consent(tmp_path: Path, consent: ConsentRecord) -> None:
    with pytest.raises(ConsentError, match="unknown"):
        NoteFolder(tmp_path).add(replace(rating(consent), consent="nobody"))


def test_judgements_stand_beside_ratings(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    for note in (rating(consent), judgement(None, 2), judgement(consent.id, 1)):
        notes.add(note)
    assert notes.ratings() == [rating(consent)]
    assert notes.judgements() == [judgement(consent.id, 1), judgement(None, 2)]
    assert notes.damaged() == []
    with pytest.raises(ConsentError, match="unknown"):
        notes.add(judgement("nobody", 3))


def test_a_judgement_of_a_persons_episode_goes_with_the_consent(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(judgement(consent.id, 1))
    notes.add(judgement(None, 2))
    with ReplayStore(tmp_path) as store:
        store.revoke(subject="Ada")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["j2.json"]


def test_no_note_leaves_its_folder(tmp_path: Path, consent: ConsentRecord) -> None:
    with pytest.raises(DataError, match="no id"):
        NoteFolder(tmp_path).add(replace(rating(consent), id="../outside"))


def test_what_was_said_under_a_revoked_consent_goes_with_it(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(rating(consent))
    with ReplayStore(tmp_path) as store:
        store.revoke(subject="Ada")
    assert notes.ratings() == []
    assert not list((tmp_path / "notes").iterdir())


def test_a_note_that_is_written_while_its_consent_is_revoked_goes(
    tmp_path: Path, consent: ConsentRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = notes.write_sealed

    def late(*args: object, **options: object) -> None:
        with ReplayStore(tmp_path) as store:
            store.revoke(subject="Ada")
        monkeypatch.setattr(notes, "write_sealed", write)
        write(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(notes, "write_sealed", late)
    with pytest.raises(ConsentError):
        NoteFolder(tmp_path).add(rating(consent))
    assert not list((tmp_path / "notes").iterdir())


def test_a_note_that_a_killed_writer_left_goes_on_opening(tmp_path: Path, consent: ConsentRecord) -> None:
    NoteFolder(tmp_path).add(rating(consent))
    left = (tmp_path / "notes" / "r1.json").read_bytes()
    with ReplayStore(tmp_path) as store:
        store.revoke(subject="Ada")
    (tmp_path / "notes" / "r1.json").write_bytes(left)
    ReplayStore(tmp_path).close()
    assert not list((tmp_path / "notes").iterdir())


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"kind": "rating", "note": {"consent": "CONSENT"}}',
        '{"kind": "tags", "note": {"consent": "CONSENT", "tags": 3}}',
        '{"kind": "judgement", "note": {}}',
        '{"kind": "rating", "note": {"id": "r1", "episode": "e", "kind": "thumb", "value": 1, "rater": "Ada",'
        ' "consent": "CONSENT", "given_at": 3}}',
    ],
)
def test_a_damaged_note_is_named_and_left_out(content: str, tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(rating(consent))
    notes.add(rating(consent, 2))
    (tmp_path / "notes" / "r1.json").write_text(content.replace("CONSENT", consent.id))
    assert notes.ratings() == [rating(consent, 2)]
    assert (notes.tags(), notes.judgements()) == ({}, [])
    assert [path.name for path, _ in notes.damaged()] == ["r1.json"]


def test_a_note_that_nobody_can_read_is_swept(tmp_path: Path, consent: ConsentRecord) -> None:
    notes = NoteFolder(tmp_path)
    notes.add(rating(consent))
    (tmp_path / "notes" / "r1.json").write_text("{")
    assert notes.sweep() == 1
    assert notes.damaged() == []
