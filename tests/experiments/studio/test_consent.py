"""A studio's consent, which somebody may take back elsewhere."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser_env.errors import UsageError
from experiments.studio.consent import agreed
from experiments.studio.offering import offer
from replay.store import ReplayStore
from tests.experiments.studio.acting import consent
from tests.experiments.studio.running import Running


def test_a_consent_that_was_taken_back_elsewhere_is_none(tmp_path: Path) -> None:
    studio = offer(tmp_path / "store")
    ada = agreed(subject=" Ada ", days=30)

    async def run() -> None:
        with pytest.raises(UsageError, match="agree to the consent first"):
            await studio.valid_consent()
        await studio.archive.agree(ada)
        studio.consent = ada
        assert await studio.valid_consent() == ada
        with ReplayStore(tmp_path / "store") as store:
            store.revoke(subject="Ada")
        with pytest.raises(UsageError, match="was revoked; read and agree to the consent anew"):
            await studio.valid_consent()
        assert studio.consent is None

    asyncio.run(run())


def test_the_text_names_who_gives_it_and_who_records() -> None:
    given = agreed(subject=" Ada  L. ", days=30, recorder="Grace {of} Example")
    assert given.subject == "Ada L."
    assert "given by Ada L. and ends on" in given.text
    assert "By whom: Grace {of} Example." in given.text
    assert given.recorder == "Grace {of} Example"


def test_whoever_runs_it_records_where_nobody_is_named() -> None:
    given = agreed(subject="Ada", days=30)
    assert socket.gethostname() in given.recorder
    assert given.recorder in given.text


@pytest.mark.parametrize("recorder", ["", "  ", "x" * 201])
def test_who_records_has_a_name(recorder: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="who records"):
        offer(tmp_path / "store", recorder=recorder)


def test_who_records_is_read_before_agreeing_and_kept_in_the_record(
    studio: Callable[..., Running], visit: Callable[[Running], Page]
) -> None:
    running = studio(recorder="Grace Hopper, University of Example")
    page = visit(running)
    expect(page.locator("#consent-text")).to_contain_text("By whom: Grace Hopper, University of Example.")
    consent(page)
    page.get_by_role("link", name="Consent").click()
    expect(page.locator("#revoke-form")).to_contain_text("Recorded by: Grace Hopper, University of Example.")
    assert running.studio.consent is not None
    with ReplayStore(running.store, read_only=True) as store:
        kept = store.consent(running.studio.consent.id)
    assert kept.recorder == "Grace Hopper, University of Example"
    assert f"By whom: {kept.recorder}." in kept.text
