"""Policies behind a small real server that speaks OpenAI's protocol, and is sometimes busy, slow or wrong."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browser_env.acting import Turn
from browser_env.action import Back, Click, Point, Wait
from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig
from policy.vlm.judge import Judge
from policy.vlm.policy import VlmPolicy
from policy.vlm.served import ServedPolicy
from policy.vlm.server import ServerConfig

Page = Callable[..., Observation]


@dataclass
class Model:
    """What the server answers, and what it was asked."""

    text: str = "I see it: click((500, 500))"
    tokens: tuple[int, ...] = (7, 9)
    token_ids: bool = True
    statuses: list[int] = field(default_factory=list)  # of the next answers; 200 after them
    delay_s: float = 0.0
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self) -> dict[str, Any]:
        tokens = [f"token_id:{token}" for token in self.tokens] if self.token_ids else ["I", " see"]
        scored = [{"token": token, "logprob": -0.5} for token in tokens]
        usage = {"prompt_tokens": 100, "completion_tokens": 2}
        return {"choices": [{"message": {"content": self.text}, "logprobs": {"content": scored}}], "usage": usage}


@pytest.fixture
def model() -> Iterator[Model]:
    served = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.asked.append((self.path, body))
            time.sleep(served.delay_s)
            data = json.dumps(served.answer()).encode()
            self.send_response(served.statuses.pop(0) if served.statuses else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # who asked has gone
                self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def policy_at(model: Model, **patience: float) -> ServedPolicy:
    server = ServerConfig(url=model.url, model="m", backoff_s=0.01, **patience)  # type: ignore[arg-type]
    return ServedPolicy(VlmConfig(), server)


def test_decisions_carry_tokens_costs_and_what_was_shown(model: Model, page: Page) -> None:
    policy = policy_at(model)
    decisions = policy.act_after([page(), page(2)], [[], [Turn(action=Back())]])
    for decision in decisions:
        assert decision.action == Click(Point(80, 105))
        assert decision.reply is not None
        assert (decision.reply.tokens, decision.reply.log_probs) == ((7, 9), (-0.5, -0.5))
        assert (decision.log_prob, decision.tokens) == (-1.0, 102)
    assert (policy.server.tokens_read, policy.server.tokens_written) == (200, 4)
    path, body = max(model.asked, key=lambda asked: "Done: back()" in str(asked[1]))
    before, image, _ = body["messages"][0]["content"]
    assert path == "/v1/chat/completions"
    assert "Done: back()" in before["text"]
    sent = Image.open(io.BytesIO(base64.b64decode(image["image_url"]["url"].partition(",")[2])))
    assert np.array_equal(np.asarray(sent), page().screenshot)  # type: ignore[arg-type]
    assert (body["temperature"], body["top_p"]) == (1.0, 1.0)


def test_greedy_asks_for_no_chance_and_unknown_tokens_are_not_made_up(model: Model, page: Page) -> None:
    model.token_ids = False
    (decision,) = policy_at(model).act([page()], greedy=True)
    assert model.asked[0][1]["temperature"] == 0.0
    assert decision.reply is None
    assert decision.log_prob == -1.0
    model.text = "Let me think."
    (unread,) = policy_at(model).act([page()])
    assert unread.action == Wait(0)
    assert unread.reply is not None
    assert "no action" in str(unread.reply.error)


def test_a_busy_server_is_asked_again(model: Model, page: Page) -> None:
    model.statuses = [429, 503]
    policy = policy_at(model)
    assert policy.act([page()])[0].action == Click(Point(80, 105))
    assert policy.server.retried == 2


@pytest.mark.parametrize(
    ("trouble", "said"),
    [({"statuses": [401]}, "refused: HTTP 401"), ({"statuses": [500] * 9}, "2 times"), ({"delay_s": 0.4}, "2 times")],
)
def test_a_server_that_fails_is_an_infra_error(model: Model, page: Page, trouble: dict[str, Any], said: str) -> None:
    for name, value in trouble.items():
        setattr(model, name, value)
    with pytest.raises(InfraError, match=said):
        policy_at(model, retries=1, timeout_s=0.2).act([page()])


def test_adapters_replace_each_other(model: Model, page: Page, tmp_path: Path) -> None:
    policy = policy_at(model)
    for version in (1, 2):
        policy.server.push_adapter(tmp_path, name=f"v{version}")
    policy.act([page()])
    paths = [path.rpartition("/")[2] for path, _ in model.asked]
    assert paths == ["load_lora_adapter", "load_lora_adapter", "unload_lora_adapter", "completions"]
    assert model.asked[2][1] == {"lora_name": "v1"}
    assert model.asked[3][1]["model"] == "v2"


def test_a_policy_that_learns_here_acts_by_a_server_with_its_adapters(
    model: Model, page: Page, make_policy: Callable[..., VlmPolicy], tmp_path: Path
) -> None:
    policy = make_policy(server=model.url, server_folder=str(tmp_path))
    model.tokens = policy.reader.target(page(), Click("e2"))
    for version in (0, 0, 1):
        policy.version = version
        (decision,) = policy.act([page()])
        assert decision.action == Click("e2")
        assert decision.reply is not None
        assert decision.reply.tokens == model.tokens
    pushed = [body for path, body in model.asked if path == "/v1/load_lora_adapter"]
    assert len(pushed) == 2, "once for each version"
    assert all((Path(body["lora_path"]) / "adapter_config.json").is_file() for body in pushed)
    model.token_ids = False
    with pytest.raises(InfraError, match="which tokens"):
        policy.act([page()])


def test_misuse_is_said() -> None:
    with pytest.raises(UsageError, match="http://"):
        ServerConfig(url="localhost:8000", model="m")
    with pytest.raises(UsageError, match="constrained=false"):
        ServedPolicy(VlmConfig(constrained=True), ServerConfig(url="http://localhost/v1", model="m"))
    with pytest.raises(UsageError, match="adapters are sent"):
        VlmConfig(server="http://localhost/v1", lora_rank=0)


def test_a_judge_says_how_sure_it_is_and_that_it_is_a_judge(model: Model, page: Page) -> None:
    judge = Judge(ServerConfig(url=model.url, model="m"), rater="judge-m")
    model.text = "The button was pressed. SUCCESS"
    (verdict,) = judge.judge([("e7", page(), [Turn(action=Click("e2"))])])
    assert (verdict.episode, verdict.success, verdict.judge) == ("e7", True, "judge-m")
    assert "Done: click(e2)" in str(model.asked[-1][1])
    model.text = "FAILURE: it says success nowhere"
    assert [v.success for v in judge.judge([("e8", page(), [])])] == [False]
    model.text = "I cannot tell."
    assert [v.success for v in judge.judge([("e9", page(), [])])] == [None]
