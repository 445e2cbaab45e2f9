"""Prompts and replies through the chat templates that models come with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from browser_env.action import Click
from browser_env.errors import ActionError
from browser_env.observation import Observation
from policy.vlm.encoding import Reader
from policy.vlm.pretrained import load_tools
from policy.vlm.tiny import TEMPLATE
from tests.policy.vlm.conftest import small

Page = Callable[..., Observation]
THINKING = TEMPLATE.replace("'assistant: '", "'assistant: <think>\\n'")


def reader_of(template: str, **changes: object) -> Reader:
    config = small(**changes)  # type: ignore[arg-type]
    tools = load_tools(config)
    tools.processor.chat_template = template
    return Reader(config, tools, ends=[tools.tokenizer.eos_token_id])


def prompt_of(reader: Reader, page: Observation) -> str:
    return str(reader.tools.tokenizer.decode(reader.encode(page).ids))


def test_a_thought_that_the_prompt_begins_is_not_acted_upon(page: Page) -> None:
    reader = reader_of(THINKING)
    assert prompt_of(reader, page()).endswith("assistant: <think>\n")
    with pytest.raises(ActionError):
        reader.action(page(), "click(e1) would be wrong, so I had better")
    assert reader.action(page(), "click(e1)?</think>click(e2)") == Click("e2")
    taught = reader.text(reader.target(page(), Click("e3")))
    assert taught == "\n</think>\n\nclick(e3)"
    assert reader.action(page(), taught) == Click("e3")


def test_a_reply_that_is_held_to_actions_has_no_room_for_a_thought(page: Page) -> None:
    reader = reader_of(THINKING, constrained=True)
    assert prompt_of(reader, page()).endswith("assistant: <think>\n\n</think>\n\n")
    assert reader.text(reader.target(page(), Click("e3"))) == "click(e3)"
    assert reader.action(page(), "click(e3)") == Click("e3")


def test_thoughts_are_told_apart_where_their_marks_are_special_tokens(page: Page) -> None:
    reader = reader_of(TEMPLATE)
    tokenizer = reader.tools.tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    said = tokenizer("<think>click(e1)</think>click(e2)", add_special_tokens=False)["input_ids"]
    assert reader.action(page(), reader.text(said)) == Click("e2")
