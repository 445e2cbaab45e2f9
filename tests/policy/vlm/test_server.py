"""Requests to a real server that is sometimes busy, slow, hostile or wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from browser_env.action import Click
from browser_env.errors import InfraError, UsageError
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig
from policy.vlm.policy import VlmPolicy
from policy.vlm.posting import KEY, MOST_BYTES
from policy.vlm.requests import Requests
from policy.vlm.server import MOST_LETTERS, Completion, Server, ServerConfig
from tests.policy.vlm.chat_server import Model, Trouble, refusal

Page = Callable[..., Observation]


def server_at(model: Model, name: str = "m", **patience: Any) -> Server:
    return Server(ServerConfig(url=model.url, model=name, **{"backoff_s": 0.01} | patience))


def ask(server: Server, *texts: str, temperature: float = 1.0) -> list[Completion]:
    requests = Requests[int](server, most=9, temperature=temperature)
    for number, text in enumerate(asked := texts or ("hello",)):
        requests.ask(number, [text])
    answered: dict[int, Completion] = {}
    try:
        while len(answered) < len(asked):
            answered |= requests.answered(wait_s=1.0)
    finally:
        requests.close()
    return [answered[number] for number in range(len(asked))]


def posted(model: Model) -> list[str]:
    return [path.rpartition("/")[2] for path, _ in model.asked]


def test_questions_are_asked_side_by_side_and_answered_in_order(model: Model) -> None:
    model.delay_s = 0.1
    server, begun = server_at(model, parallel=8), time.monotonic()
    answers = ask(server, *map(str, range(16)))
    assert time.monotonic() - begun < 1.0, "two rounds of eight, not sixteen"
    assert len(answers) == 16
    assert (server.tokens_read, server.tokens_written) == (1600, 32)


def test_a_busy_server_is_asked_again(model: Model) -> None:
    model.troubles = [refusal(429, "slow down"), refusal(503, "loading"), Trouble(promised=100)]
    server = server_at(model)
    assert ask(server)[0].text.endswith("click((500, 500))")
    assert server.retried == 3


@pytest.mark.parametrize("dated", [False, True])
def test_a_server_is_left_alone_for_as_long_as_it_wants(model: Model, dated: bool) -> None:
    wanted = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if dated else "1"
    model.troubles = [Trouble(status=429, headers={"Retry-After": wanted})]
    begun = time.monotonic()
    ask(server_at(model))
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize("wanted", ["soon", "-5", "Sun, 99 Foo"])
def test_a_wish_that_makes_no_sense_is_passed_over(model: Model, wanted: str) -> None:
    model.troubles = [Trouble(status=429, headers={"Retry-After": wanted})]
    assert ask(server_at(model))


def test_a_server_that_wants_to_be_left_alone_for_long_is_given_up(model: Model) -> None:
    model.troubles = [Trouble(status=429, said=b"quota", headers={"Retry-After": "3600"})]
    with pytest.raises(InfraError, match=r"3600 s.*quota"):
        ask(server_at(model))
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"troubles": [refusal(500, "oh") for _ in range(9)]}, "2 times: HTTP 500: .*oh"),
        ({"delay_s": 0.4}, "2 times: .*timed out"),
        ({"troubles": [Trouble(said=b"{" * 99, drip_s=0.02)] * 2}, "2 times: the answer took more than 0.2 s"),
        ({"troubles": [refusal(400, "maximum context length is 10 tokens")]}, "refused: HTTP 400: .*maximum context"),
        ({"troubles": [Trouble(said=b"<html>")]}, "something else than a completion: '<html>'"),
        ({"troubles": [Trouble(said=b"[" * 100_000)]}, "something else"),
        ({"troubles": [Trouble(said=b'{"choices": [{"message": {"content": 3}}]}')]}, "something else"),
        ({"troubles": [Trouble(said=b'{"error": {"message": "overloaded"}}')]}, "something else .*overloaded"),
        ({"troubles": [Trouble(said=b"x" * (MOST_BYTES + 1))]}, "more than 32 MiB"),
    ],
)
def test_a_server_that_fails_is_an_infra_error(model: Model, trouble: dict[str, Any], said: str) -> None:
    for name, value in trouble.items():
        setattr(model, name, value)
    slow = model.delay_s or any(answer.drip_s for answer in model.troubles)
    with pytest.raises(InfraError, match=said):
        ask(server_at(model, retries=1, timeout_s=0.2 if slow else 60))


def test_nobody_there_is_an_infra_error() -> None:
    with pytest.raises(InfraError, match=r"did not answer, 2 times: .*refused"):
        ask(Server(ServerConfig(url="http://127.0.0.1:9/v1", model="m", retries=1, backoff_s=0.0)))


def test_a_model_that_is_not_there_is_named_with_those_that_are(model: Model) -> None:
    with pytest.raises(UsageError, match="no model 'n'; it has m"):
        ask(server_at(model, "n"))
    model.troubles = [refusal(404, "Not Found")]
    with pytest.raises(UsageError, match=r"ends in /v1 mostly.*Not Found"):
        ask(server_at(model))


def test_a_key_comes_from_the_environment_and_is_never_told(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    model.key = "sk-right"
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(UsageError, match=f"wants a key; put it into the environment variable {KEY}"):
        ask(server_at(model))
    monkeypatch.setenv(KEY, "sk-wrong")
    with pytest.raises(UsageError, match=f"refuses the key in {KEY}") as wrong:
        ask(server_at(model))
    assert "provided: Bearer ***" in str(wrong.value)
    assert "sk-wrong" not in repr(wrong.value) + repr(wrong.value.__cause__)
    monkeypatch.setenv(KEY, " sk-right\n")
    server = server_at(model)
    model.text = "Your key is sk-right."
    assert ask(server)[0].text == "Your key is ***."
    model.troubles = [Trouble(said=b'"sk-right"')]
    with pytest.raises(InfraError, match=r"\*\*\*"):
        ask(server)
    assert "sk-right" not in json.dumps(model.asked) + repr(vars(server)) + repr(server.config)
    monkeypatch.setenv(KEY, "two\nlines")
    with pytest.raises(UsageError, match="more than a key") as broken:
        ask(server)
    assert "two" not in str(broken.value)


def test_a_key_follows_no_redirect(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "sk-right")
    model.troubles = [Trouble(status=302, headers={"Location": f"{model.url}/elsewhere"})]
    with pytest.raises(InfraError, match="HTTP 302"):
        ask(server_at(model))
    assert posted(model) == ["completions"]


def test_no_proxy_sees_what_stays_on_this_machine(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert ask(server_at(model, retries=0))


def test_what_a_server_does_not_know_is_asked_for_once(model: Model) -> None:
    model.unknown = ("top_k", "return_tokens_as_token_ids", "logprobs")
    server = server_at(model)
    for _ in range(2):
        ask(server)
    assert len(model.asked) == 5, "three refusals, then two answers"
    first, last = model.asked[0][1], model.asked[-1][1]
    assert first["top_k"] == -1
    assert set(first) - set(last) == set(model.unknown)
    assert "response_format" not in first


def test_a_value_that_is_refused_is_no_unknown_field(model: Model) -> None:
    """What narrows the draws is not left out silently."""
    model.troubles = [refusal(400, "top_k must be 0 or greater, got -1")]
    with pytest.raises(InfraError, match="top_k must be"):
        ask(server_at(model))


@pytest.mark.parametrize(
    "said", ["Unrecognized request argument supplied: top_p", "top_p: Extra inputs are not permitted"]
)
def test_learning_gives_up_no_wish(model: Model, said: str) -> None:
    model.troubles = [refusal(422, said)]
    with pytest.raises(UsageError, match=r"does not know top_p, which learning .*top_p"):
        server_at(model).complete(["hello"], most=9, temperature=1.0, exact=True)


def test_a_limit_goes_by_the_name_that_the_server_gives_it(model: Model) -> None:
    model.troubles = [refusal(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")]
    ask(server_at(model))
    assert model.asked[-1][1]["max_completion_tokens"] == 9
    assert "max_tokens" not in model.asked[-1][1]


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -5, "completion_tokens": "many"}])
def test_costs_that_are_not_told_are_not_made_up(model: Model, usage: dict[str, Any] | None) -> None:
    model.usage = usage
    (answer,) = ask(server_at(model))
    assert (answer.tokens_read, answer.tokens_written) == (0, 0)


def test_of_a_huge_reply_the_end_is_read(model: Model) -> None:
    model.text = "click(" * 100_000 + "back()"
    (answer,) = ask(server_at(model))
    assert len(answer.text) == MOST_LETTERS
    assert answer.text.endswith("back()")


def test_adapters_replace_each_other(model: Model, tmp_path: Path) -> None:
    server = server_at(model)
    for version in (1, 2):
        server.push_adapter(tmp_path, name=f"v{version}")
    ask(server)
    assert posted(model) == ["load_lora_adapter", "load_lora_adapter", "unload_lora_adapter", "completions"]
    assert model.asked[0][1] == {"lora_name": "v1", "lora_path": str(tmp_path)}
    assert model.asked[2][1] == {"lora_name": "v1"}
    assert model.asked[3][1]["model"] == "v2"


def test_an_adapter_that_cannot_be_unloaded_is_left_there(model: Model, tmp_path: Path) -> None:
    server = server_at(model)
    server.push_adapter(tmp_path, name="v1")
    model.troubles = [Trouble(said=b"Success"), refusal(404, "The lora adapter 'v1' cannot be found.")]
    model.names = (*model.names, "v2")
    server.push_adapter(tmp_path, name="v2")
    ask(server)
    assert model.asked[-1][1]["model"] == "v2"


def test_a_server_that_was_restarted_gets_its_adapter_anew(model: Model, tmp_path: Path) -> None:
    server = server_at(model)
    server.push_adapter(tmp_path, name="v1")
    model.names = ("m",)
    assert len(ask(server, *"abcdefgh")) == 8
    assert posted(model).count("load_lora_adapter") == 2
    model.troubles = [refusal(404, "Not Found"), *[refusal(404, "nor here")] * 3]
    with pytest.raises((InfraError, UsageError), match=r"nor here"):
        ask(server)


def test_an_adapter_that_an_unanswered_request_loaded_is_there(model: Model, tmp_path: Path) -> None:
    loaded = refusal(400, "The lora adapter 'v1' has already been loaded.")
    model.troubles = [refusal(504, "late"), loaded]
    server = server_at(model)
    server.push_adapter(tmp_path, name="v1")
    model.troubles = [loaded]
    with pytest.raises(InfraError, match=r"already been loaded.*VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
        server.push_adapter(tmp_path, name="v1")


def test_a_policy_that_learns_here_acts_by_a_server_with_its_adapters(
    model: Model, page: Page, make_policy: Callable[..., VlmPolicy], tmp_path: Path
) -> None:
    policy = make_policy(server=model.url, server_folder=str(tmp_path))
    length = len(policy.reader.encode(page()).ids)
    model.usage = {"prompt_tokens": length, "completion_tokens": 2}
    model.tokens = policy.reader.target(page(), Click("e2"))
    for version in (0, 0, 1):
        policy.version = version
        (decision,) = policy.act([page()])
        assert decision.action == Click("e2")
        assert decision.reply is not None
        assert decision.reply.tokens == model.tokens
    pushed = [body for path, body in model.asked if path == "/v1/load_lora_adapter"]
    assert len(pushed) == 2, "once for each version"
    kept = [(Path(body["lora_path"]) / "adapter_config.json").is_file() for body in pushed]
    assert kept == [False, True], "what was replaced is not needed any more"
    model.usage = {"prompt_tokens": length + 7, "completion_tokens": 2}
    with pytest.raises(UsageError, match=rf"read {length + 7} tokens of a prompt that has {length} here"):
        policy.act([page()])
    model.token_ids = False
    with pytest.raises(InfraError, match="which tokens"):
        policy.act([page()])


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "localhost:8000"},
        {"url": "http://localhost:port/v1"},
        {"url": "http://me:secret@localhost/v1"},
        {"url": "http://localhost/v1?key=secret"},
        {"model": ""},
        {"timeout_s": 0},
        {"retries": -1},
    ],
)
def test_misuse_is_said_without_secrets(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as said:
        ServerConfig(**{"url": "http://localhost:8000/v1", "model": "m"} | wrong)
    assert "secret" not in str(said.value)


@pytest.mark.parametrize(
    ("host", "here"), [("localhost", True), ("127.3.0.1", True), ("[::1]", True), ("10.0.0.1", False), ("a.b", False)]
)
def test_a_server_of_this_machine_is_known(host: str, here: bool) -> None:
    assert ServerConfig(url=f"http://{host}:1/v1", model="m").is_here is here


def test_a_server_needs_adapters() -> None:
    with pytest.raises(UsageError, match="adapters are sent"):
        VlmConfig(server="http://localhost/v1", lora_rank=0)
