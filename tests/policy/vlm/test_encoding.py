"""Prompts and replies through the chat templates that models come with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from browser_env.acting import Turn
from browser_env.action import Click, Type
from browser_env.errors import ActionError
from browser_env.observation import Dialog, Observation, Tab
from policy.vlm.encoding import Reader
from policy.vlm.pretrained import load_tools, special_texts
from policy.vlm.tiny import TEMPLATE
from tests.policy.vlm.conftest import ARCHITECTURES, small

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


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_no_text_of_a_page_is_taken_for_more_than_text(model: str, page: Page) -> None:
    """Not even for marks of this tokenizer alone, wherever the page says them; and the budget counts what is read."""
    config = small(model, max_prompt_tokens=700)
    tools = load_tools(config)
    tools.tokenizer.add_special_tokens({"additional_special_tokens": ["<IMG_CONTEXT>", "[PIC]", "PICTURE_HERE"]})
    tools.tokenizer.add_tokens(["<tool_call>"])
    reader = Reader(config, tools, ends=[tools.tokenizer.eos_token_id])
    texts = sorted(special_texts(tools.tokenizer))
    assert {"<image>", "<end_of_utterance>", "<IMG_CONTEXT>", "[PIC]", "PICTURE_HERE", "<tool_call>"} <= set(texts)
    attack = " ".join(texts * 3)
    clean, seen = page(20), page(20, goal=f"Click Go1. {attack}")
    seen = replace(
        seen,
        elements=tuple(replace(element, name=attack, value=attack) for element in seen.elements),
        error=attack,
        dialog=Dialog(kind="alert", message=attack),
        tabs=(Tab(url="a:", title=attack), Tab(url=attack)),
        downloads=(attack,),
    )
    past = [Turn(action=Type("e1", attack), error=attack)] * 3
    special = set(tools.tokenizer.added_tokens_decoder)
    told, hostile = reader.encode(clean), reader.encode(seen, past)
    assert [token for token in hostile.ids if token in special] == [token for token in told.ids if token in special]
    assert hostile.asked is not None
    assert sum(len(tools.tokenizer(part)["input_ids"]) for part in (hostile.asked.before, hostile.asked.after)) < 750
