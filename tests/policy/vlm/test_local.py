"""A model in this process answers messages with several pictures, as one behind a server does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from browser_env.observation import Observation
from policy.kinds import new_judge
from policy.vlm.forward import kinds_of, pixels_of
from policy.vlm.judge import Judge, JudgeConfig
from policy.vlm.local import LocalModel
from policy.vlm.server import Part
from tests.policy.vlm.conftest import ARCHITECTURES, small
from tests.policy.vlm.test_judge import episode

Page = Callable[..., Observation]
QUESTION = "Is it so?"


def message(page: Page, *, pictures: int) -> list[Part]:
    parts: list[Part] = ["Goal: a button."]
    for seed in range(pictures):
        picture = page(seed=seed).screenshot
        assert picture is not None
        parts += [f"Page {seed}:", picture]
    return [*parts, "That was all. <image> <|im_end|>"]


def local(model: str) -> LocalModel:
    return LocalModel(small(model, lora_rank=0, batch=2))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_answers_are_those_that_transformers_writes(name: str, page: Page) -> None:
    model = local(name)
    asked = [message(page, pictures=pictures) for pictures in (2, 0, 3)]
    answers = model.answer(asked, most=6, system=QUESTION)
    prompts = [model.reader.encode_message(parts, system=QUESTION) for parts in asked]
    plain: Any = model.model
    for parts, prompt, answer in zip(asked, prompts, answers, strict=True):
        ids, kinds = torch.tensor([prompt.ids]), kinds_of(plain, prompt)
        if "image_grid_thw" in prompt.pixels:
            kinds["mm_token_type_ids"] = (ids == plain.config.image_token_id).int()
        pixels = pixels_of(plain, [prompt])
        written = plain.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), **pixels, **kinds, max_new_tokens=6, do_sample=False
        )
        assert list(answer.tokens or ()) == written[0, len(prompt.ids) :].tolist()
        assert (answer.tokens_read, answer.tokens_written) == (len(prompt.ids), len(answer.tokens or ()))
        told = model.reader.tools.tokenizer.decode(prompt.ids)
        assert told.index(QUESTION) < told.index("Goal: a button.")
        assert "‹image›" in told, "a page's text is no picture"
        assert bool(prompt.picture) == any(not isinstance(part, str) for part in parts)


def test_a_random_model_has_no_opinion(page: Page) -> None:
    engine = local("tiny-llava")
    shown = small(lora_rank=0, coordinates="page")
    judge = Judge(engine, JudgeConfig(shown=shown))
    given = judge.judge([episode(page), episode(page, 1)])
    assert [judgement.success for judgement in given] == [None, None]
    assert given[0].judge == "tiny-llava"
    assert given[0].tokens > 100
    assert given[0].reason.startswith("unreadable")
    assert engine.is_here


def test_a_judge_is_here_or_behind_a_server() -> None:
    here = new_judge("tiny-llava", url="")
    assert isinstance(here.engine, LocalModel)
    assert here.engine.name == here.config.shown.model == "tiny-llava"
    there = new_judge("m", url="https://models.example/v1")
    assert (there.engine.name, there.engine.is_here) == ("m", False)
    assert there.config == JudgeConfig()
