"""Twelve secrets given in as many ways through the studio's page: nothing of them is in what it stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from browser_env.episode import Episode
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome
from tests.experiments.studio.acting import (
    begin,
    click_named,
    consent,
    counted,
    keep,
    stepped,
    type_text,
)
from tests.experiments.studio.running import Running
from tests.replay.redaction.searching import holding

RULES = '[[elements]]\nkind = "iban"\nname = "bank"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a person gives away; two of these have texts of the same lengths."""

    listed: str = "correct horse battery"  # a password, sent by a form in the address
    token: str = "tk-0f9a77b1c2"  # typed as part of an address
    typed: str = "Tr0ub4dor&3 <x>"  # a password that the page then shows
    card: str = "5555 5555 5555 4444"
    code: str = "730164"  # in boxes that send themselves
    pasted: str = "anna.muster@example.org"
    iban: str = "DE89370400440532013000"  # in a field that the site owner's rule names
    among: str = "bob+test@mail.example"  # in a sentence that the page repeats
    key: str = "mk-9917-yellow-cabin"  # in a field that shows dots by its style alone
    written: str = "dan-prob@post.example"  # where the page itself is edited
    inner: str = "paper-lantern-42"  # in a frame
    pin: str = "83920"  # asked for by a dialog

    def all(self) -> list[str]:
        return [getattr(self, name) for name in self.__slots__]

    def in_fields_for_them(self) -> list[str]:
        """Those that are known for secrets as soon as they are given."""
        return [self.listed, self.typed, self.card, self.iban, self.key, self.inner, self.pin]


OTHERS = Secrets(
    listed="yellow cabin thunders",
    token="tk-77c1d0a9e8",
    typed="Pa55w0rt!7 {y}:",
    card="5105 1051 0510 5100",
    code="280935",
    pasted="carl.meiser@another.net",
    iban="GB33BUKB20201555555555",
    among="eve-home@mail.another",
    key="mk-3108-silent-river",
    written="ida+work@post.another",
    inner="copper-kettle-77",
    pin="60715",
)


@pytest.fixture
def account(shop_task: Task) -> Task:
    done = VerifierSpec(name="text", params={"contains": "Finished"})
    url = shop_task.url.replace("shop.html", "account.html")
    return replace(shop_task, name="test/account", url=url, viewport=(800, 400), max_steps=99, verifier=done)


def copy_from_elsewhere(page: Page, text: str) -> None:
    """Have a text in the person's clipboard, as from another program."""
    field = page.get_by_label("Seed")
    field.evaluate("(field) => (field.type = 'text')")
    field.fill(text)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    field.fill("")
    field.evaluate("(field) => (field.type = 'number')")


def give(page: Page, running: Running, name: str, text: str) -> None:
    """Click a field, and type into it."""
    click_named(page, running, name, role="textbox", scale=1)
    type_text(page, text)


def give_all(page: Page, running: Running, secrets: Secrets) -> None:
    """Do what gives every secret away, each in another way."""
    give(page, running, "Passphrase of the list", secrets.listed)
    click_named(page, running, "Subscribe", role="button", scale=1)
    count = counted(page)
    address = page.get_by_label("Address")
    address.fill(f"{address.input_value().partition('?')[0]}?token={secrets.token}")
    page.get_by_role("button", name="Go", exact=True).click()
    stepped(page, count)
    give(page, running, "Password", secrets.typed)
    click_named(page, running, "Show", role="button", scale=1)
    give(page, running, "Card number", secrets.card)
    page.keyboard.press("Tab")
    type_text(page, secrets.code)
    copy_from_elsewhere(page, secrets.pasted)
    click_named(page, running, "Contact", role="textbox", scale=1)
    count = counted(page)
    page.keyboard.press("Control+v")
    stepped(page, count)
    give(page, running, "Bank", secrets.iban)
    give(page, running, "Remark", f"write to {secrets.among} today")
    give(page, running, "API key", secrets.key)
    give(page, running, "Letter", f"or to {secrets.written} then")
    give(page, running, "Secret phrase", secrets.inner)
    click_named(page, running, "Confirm", role="button", scale=1)
    count = counted(page)
    asked = page.get_by_role("dialog", name="The page asks")
    asked.get_by_label("Answer").fill(secrets.pin)
    asked.get_by_role("button", name="OK").click()
    stepped(page, count)
    click_named(page, running, "Done", role="button", scale=1)
    expect(page.locator(".live").get_by_role("status")).to_have_text("success, reward 1")


@pytest.mark.timeout(600)
def test_no_stored_byte_holds_what_was_given_through_the_page(
    studio: Callable[..., Running],
    visit: Callable[[Running], Page],
    account: Task,
    tmp_path: Path,
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    kept: list[Episode] = []
    for name, secrets in (("first", Secrets()), ("second", OTHERS)):
        running = studio(name, tasks=[account], rules=rules)
        page = visit(running)
        consent(page)
        begin(page, account.name)
        give_all(page, running, secrets)
        shown = page.locator(".live .steps").inner_text()
        assert not [secret for secret in secrets.in_fields_for_them() if secret in shown]
        kept.append(keep(page, running))
        found = [(secret, path.name) for secret in secrets.all() for path in holding(running.store, secret)]
        assert not found

    first, second = kept
    assert [step.action for step in first.steps] == [step.action for step in second.steps]
    for one, other in zip(first.observations, second.observations, strict=True):
        assert one == other  # pixels too: nothing of a secret is left but how long it was
    assert first.evidence == second.evidence
    grey = (np.asarray(first.final.screenshot) == 128).all(axis=2)
    assert 0.02 < grey.mean() < 0.5
    assert first.outcome is Outcome.SUCCESS
