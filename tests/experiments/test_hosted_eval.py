"""A model behind a server is evaluated in a real browser, and what it read and wrote is paid for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from replay import ReplayStore
from tests.policy.vlm.chat_server import Model, serving


class Reader(Model):
    """A model that thinks aloud first, and then presses the button that the goal names, as the elements tell."""

    def reply(self, body: dict[str, Any]) -> str:
        before, _, after = body["messages"][0]["content"]
        if "but the reply was cut" not in before["text"]:
            self.finish_reason = "length"
            return "Let me think."
        self.finish_reason = "stop"
        name = re.search(r"Goal: Click button (\w+)", before["text"])
        button = name and re.search(rf"(e\d+) button '{name.group(1)}'", after["text"])
        return f"The goal names it.\nclick({button.group(1)})" if button else "I see no such button."


def test_a_model_behind_a_server_is_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result, kept = tmp_path / "result.json", tmp_path / "store"
    with serving(Reader(names=("org/reader:1",))) as model:
        command = ["eval", "hosted:org/reader:1", "--server", model.url, "--tasks", "click-test-2", "--episodes", "2"]
        command += ["--envs", "1", "--token-price", "1000", "--set", "policy.max_new_tokens=99", "--json", str(result)]
        assert main([*command, "--store", str(kept)]) == 0
    assert {body["max_tokens"] for _, body in model.asked} == {99}
    data = json.loads(result.read_text())
    (task,) = data["tasks"]
    assert (data["mean"], data["tokens"], data["unread"]) == (1.0, 4 * 102, 2)
    assert task["cost"] > 0.408
    said = " ".join(capsys.readouterr().out.split())
    assert "408 tokens were read and written" in said
    assert "2 replies held no action, the last one as the reply was cut after 99 tokens" in said
    with ReplayStore(kept, read_only=True) as store:
        assert [episode.success for episode in store.episodes(tag="hosted:org/reader:1")] == [True, True]


@pytest.mark.parametrize(
    "wrong",
    [
        ["hosted:m"],
        ["untrained", "--server", "http://127.0.0.1:9/v1"],
        ["hosted:", "--server", "http://127.0.0.1:9/v1"],
        ["hosted:m", "--server", "127.0.0.1:9"],
        ["hosted:m", "--server", "http://127.0.0.1:9/v1", "--recipe", "smoke"],
        ["untrained", "--set", "policy.batch=2"],
        ["untrained", "--token-price", "-1"],
        ["untrained", "--token-price", "nan"],
        ["untrained", "--token-price", "inf"],
    ],
)
def test_misuse_is_exit_code_2(wrong: list[str]) -> None:
    assert main(["eval", *wrong, "--episodes", "1"]) == 2
