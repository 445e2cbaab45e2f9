"""A person uses somebody else's application through the studio's page: MLflow's own, with its server and database."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from browser_env.action import Click, Drag, Navigate, Scroll, Select, Type
from browser_env.loop_thread import LoopThread
from browser_env.task import Task, VerifierSpec
from experiments.benchmarks.applications import running as running_application
from experiments.benchmarks.applications.application import Served
from rewards.outcome import Outcome
from tests.experiments.studio.acting import (
    at,
    begin,
    choose,
    click_named,
    consent,
    counted,
    drag,
    keep,
    place,
    replayed,
    same_end,
    stepped,
    turn_wheel,
    type_text,
)
from tests.experiments.studio.running import Running
from tests.replay.redaction.searching import holding

KEY = "mk-Tr0ub4dor-9917"
PASSWORD = "pear-77-xy"
NAME = "roaster"
SECRETS = "ajax-api/3.0/mlflow/gateway/secrets"  # where MLflow keeps the keys of language models


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running_application("mlflow", tmp_path_factory.mktemp("mlflow")) as served:
        yield served


def address(served: Served, path: str) -> str:
    return f"{served.url.partition('/#')[0]}/{path}"


def keys_kept(served: Served) -> list[tuple[str, str]]:
    """The name and the provider of each key that MLflow's server has."""
    with urllib.request.urlopen(address(served, f"{SECRETS}/list"), timeout=30) as answer:
        return [(one["secret_name"], one["provider"]) for one in json.load(answer).get("secrets", [])]


def key_task(served: Served, shop: str) -> Task:
    made = {"method": "POST", "equals": address(served, f"{SECRETS}/create"), "fields": {"provider": "mistral"}}
    ordered = {"contains": "Ordered"}
    return Task(
        name="test/key-and-lamp",
        url=address(served, "#/settings/llm-connections"),
        goal="Give MLflow the key of Mistral AI under the name roaster, then order a blue lamp for Ada",
        allowed_origins=(shop,),
        max_steps=60,
        verifier=VerifierSpec(
            name="all", params={"of": [{"name": "request", "params": made}, {"name": "text", "params": ordered}]}
        ),
    )


def give_key(page: Page, running: Running) -> None:
    """Choose a provider far down a list, and type a name and the key."""
    click_named(page, running, "Create", role="button", scale=1)
    click_named(page, running, "Search for a provider", role="textbox", scale=1)
    turn_wheel(page, *place(running, "OpenAI", role="option"), 150, 150, scale=1)
    click_named(page, running, "Mistral AI", role="option", scale=1)
    click_named(page, running, "API key name", role="textbox", scale=1)
    type_text(page, NAME)
    click_named(page, running, "API Key *", role="textbox", scale=1)
    type_text(page, KEY)
    click_named(page, running, "Create API Key", role="button", scale=1)


def order_lamp(page: Page, running: Running) -> None:
    """Drag, scroll, choose, type within a frame and type a password."""
    drag(page, (30, 70), (200, 80), (380, 90), scale=1)
    turn_wheel(page, 100, 190, 150, 100, scale=1)
    page.mouse.click(*at(page, *place(running, "Colour", role="combobox"), scale=1))
    choose(page, "blue")
    click_named(page, running, "Note", role="textbox", scale=1)
    type_text(page, "for Ada")
    click_named(page, running, "Password", scale=1)
    type_text(page, PASSWORD)
    click_named(page, running, "Order", scale=1)


@pytest.mark.timeout(600)
def test_a_key_is_given_to_mlflow_and_the_recording_does_it_again(
    studio: Callable[..., Running],
    visit: Callable[[Running], Page],
    loop: LoopThread,
    mlflow: Served,
    shop: str,
) -> None:
    task = key_task(mlflow, shop)
    running = studio(tasks=[task])
    page = visit(running)
    consent(page)
    begin(page, task.name)
    assert keys_kept(mlflow) == []
    give_key(page, running)
    assert keys_kept(mlflow) == [(NAME, "mistral")]
    count = counted(page)
    page.get_by_label("Address").fill(f"{shop}/shop.html")
    page.get_by_role("button", name="Go", exact=True).click()
    stepped(page, count)
    order_lamp(page, running)
    expect(page.locator(".live").get_by_role("status")).to_have_text("success, reward 1")
    assert KEY not in page.locator(".steps").inner_text()
    episode = keep(page, running)

    assert episode.outcome is Outcome.SUCCESS
    assert {type(step.action) for step in episode.steps} == {Click, Drag, Navigate, Scroll, Select, Type}
    for secret in (KEY, PASSWORD):
        assert not holding(running.store, secret)
        assert secret not in repr(episode)

    subprocess.run(mlflow.reset_command, check=True)
    assert keys_kept(mlflow) == []
    result = replayed(loop, episode, {1: KEY, 2: PASSWORD})
    same_end(episode, result)
    assert result.evidence is not None
    assert [sent.url for sent in result.evidence.sent] == [sent.url for sent in episode.evidence.sent]
    assert keys_kept(mlflow) == [(NAME, "mistral")]
