"""Evaluation ends, whatever the policy does, and counts what it did against it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from browser_env.acting import Decision
from browser_env.action import Click
from browser_env.observation import Observation
from browser_env.pool import Pool
from browser_env.task import Task, VerifierSpec
from experiments.evaluation import evaluate
from rewards import Outcome

PAGE = b'<!doctype html><title>Shop</title><a href="/basket">Basket</a> <a href="http://elsewhere.test/">Elsewhere</a>'


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop() -> Iterator[Task]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        yield Task(name="shop/basket", url=url, verifier=VerifierSpec(name="url", params={"equals": f"{url}basket"}))
        server.shutdown()


class Follows:
    """Clicks the link of a name."""

    version = 0

    def __init__(self, name: str) -> None:
        self._name = name

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        found = [next(e.id for e in seen.elements if e.name == self._name) for seen in observations]
        return [Decision(action=Click(target)) for target in found]


def test_a_policy_that_leaves_the_tasks_places_has_failed(shop: Task) -> None:
    with Pool(num_envs=1, pixels=False) as pool:
        strayed = evaluate(Follows("Elsewhere"), pool, [shop], episodes_per_task=2)
        stayed = evaluate(Follows("Basket"), pool, [shop], episodes_per_task=1)
    assert [(episode.outcome, episode.reward, len(episode.steps)) for episode in strayed] == [
        (Outcome.TRUNCATED, 0.0, 1)
    ] * 2
    assert [episode.outcome for episode in stayed] == [Outcome.SUCCESS]
