"""A studio's consent, which somebody may take back elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser_env.errors import UsageError
from experiments.studio.consent import agreed
from experiments.studio.offering import offer
from replay.store import ReplayStore


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


def test_the_text_names_who_gives_it() -> None:
    given = agreed(subject=" Ada  L. ", days=30)
    assert given.subject == "Ada L."
    assert "given by Ada L. and ends on" in given.text
