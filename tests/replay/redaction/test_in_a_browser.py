"""Ten secrets and more, typed in as many ways into a real page: nothing of them is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser_env.action import GiveUp
from browser_env.episode import Episode
from browser_env.observation import Screenshot
from browser_env.serving import FolderServer
from replay import ReplayStore
from replay.redaction import ElementRule, RedactionRules, Redactor, TextRule, fill_in
from tests.replay.redaction.recording import OTHERS, Secrets, open_page, plan, record, start
from tests.replay.redaction.searching import contents, written

RULES = RedactionRules(
    texts=(TextRule(kind="customer", pattern=r"KD-\d{6}"),), elements=(ElementRule(kind="iban", name="iban"),)
)


NAMES = {  # placeholder -> which of the secrets
    **dict(enumerate(("typed", "keyed", "iban", "inner", "boxes", "digits"), start=1)),
    **dict(enumerate(("pin", "pasted", "written", "among", "customer", "shown"), start=7)),
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with FolderServer(Path(__file__).parent / "pages") as server:
        yield server.address


@pytest.fixture(scope="module")
def recordings(site: str) -> tuple[Episode, Episode]:
    """Two recordings that differ in nothing but the secrets."""
    return recorded(site, Secrets()), recorded(site, OTHERS)


def recorded(site: str, secrets: Secrets) -> Episode:
    env = start(site, secrets)
    try:
        return record(env, lambda seen: plan(secrets, seen))
    finally:
        env.close()


@pytest.fixture(scope="module")
def masked(recordings: tuple[Episode, Episode]) -> tuple[Episode, Episode]:
    first, second = (Redactor(RULES).redact(episode) for episode in recordings)
    return first, second


def screenshots(episode: Episode) -> list[Screenshot]:
    observations = [*(step.observation for step in episode.steps), episode.final]
    return [observation.screenshot for observation in observations if observation.screenshot is not None]


def test_no_byte_of_a_stored_file_holds_a_secret(masked: tuple[Episode, Episode], tmp_path: Path) -> None:
    with ReplayStore(tmp_path) as store:
        store.add([masked[0]])
    files = list(contents(tmp_path))
    pictures = [data for path, data in files if path.suffix == ".webp" and not data.startswith(b"RIFF")]
    assert len(files) > 20
    assert set(pictures) == {pixels.tobytes() for pixels in screenshots(masked[0])}
    for secret in Secrets().all():
        for form in written(secret):
            assert not [path.name for path, data in files if form in data], secret


def test_the_same_search_finds_them_where_nothing_is_masked(
    recordings: tuple[Episode, Episode], tmp_path: Path
) -> None:
    with ReplayStore(tmp_path) as store:
        store.add([recordings[0]])
    data = b"".join(data for _, data in contents(tmp_path))
    split = {Secrets().boxes, Secrets().digits}
    assert all(any(form in data for form in written(secret)) for secret in set(Secrets().all()) - split)


def test_recordings_that_differ_in_secrets_alone_are_masked_to_the_same(
    recordings: tuple[Episode, Episode], masked: tuple[Episode, Episode]
) -> None:
    """So nothing at all of a secret is left, in texts or pixels, but how long it was."""
    assert recordings[0].final != recordings[1].final
    for first, second in zip(masked[0].steps, masked[1].steps, strict=True):
        assert first.action == second.action
        assert first.observation == second.observation
    assert masked[0] == masked[1]


def test_what_shows_no_secret_is_left_as_it_was(
    recordings: tuple[Episode, Episode], masked: tuple[Episode, Episode]
) -> None:
    before, after = recordings[0].final, masked[0].final
    assert before.screenshot is not None
    assert after.screenshot is not None
    changed = (before.screenshot != after.screenshot).any(axis=2)
    assert (after.screenshot[changed] == 128).all()
    for name in ("Show", "Ask", "Send"):
        element = next(e for e in after.elements if e.name == name)
        x, y, width, height = (round(number) for number in element.box)
        assert not changed[y + 4 : y + height, x : x + width].any()


def test_masking_again_changes_nothing(masked: tuple[Episode, Episode]) -> None:
    assert Redactor(RULES).redact(masked[0]) == masked[0]


def test_a_secret_is_filled_however_it_is_shown(site: str) -> None:
    """Wrapped, overflowing, turned, in tables, lists, fields and frames: what is left is the same for two addresses."""
    rules = RedactionRules(elements=(ElementRule(kind="signature", role="img", name="signature"),))
    masked = []
    for secret in (Secrets().pasted, OTHERS.pasted):
        env = open_page(f"http://{site}/shown.html#{secret}", height=620)
        masked.append(Redactor(rules).redact(record(env, lambda _: [GiveUp()])))
        env.close()
    assert masked[0].final.elements == masked[1].final.elements
    assert masked[0] == masked[1]
    pixels = masked[0].final.screenshot
    assert pixels is not None
    assert 0.2 < (pixels == 128).all(axis=2).mean() < 0.6


def test_a_masked_demonstration_can_be_replayed_with_other_secrets(
    recordings: tuple[Episode, Episode], masked: tuple[Episode, Episode], site: str
) -> None:
    """The masked actions of the first recording, with the second one's secrets, lead where the second one led."""
    values = {number: getattr(OTHERS, name) for number, name in NAMES.items()}
    env = start(site, OTHERS)
    episode = record(env, lambda _: [fill_in(step.action, values) for step in masked[0].steps])
    env.close()
    assert episode.final == recordings[1].final
    assert episode.evidence.form_values == recordings[1].evidence.form_values
