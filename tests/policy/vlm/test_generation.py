"""How replies are written: drawn where the model is, prompts read together, what is known read once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from browser_env.acting import Decision
from browser_env.observation import Observation
from policy.vlm.generation import draw, log_distribution
from policy.vlm.policy import VlmPolicy

Page = Callable[..., Observation]
Make = Callable[..., VlmPolicy]
LOGITS = torch.tensor([[0.0, 1.0, 2.0, -1.0], [3.0, 0.0, 0.0, 0.0]])


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    allowed = torch.tensor([[True, True, True, True], [False, True, True, False]])
    scores = log_distribution(LOGITS, temperature=1.5, allowed=allowed)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([draw(scores, generator) for _ in range(4000)])
    for row in range(2):
        shares = torch.bincount(drawn[:, row], minlength=4) / 4000
        assert shares.tolist() == pytest.approx(scores[row].exp().tolist(), abs=0.03)
        assert not shares[~allowed[row]].any()
    assert draw(scores, None).tolist() == [2, 1], "the likeliest"


@given(st.integers(0, 2**31), st.sets(st.integers(0, 49), min_size=1))
def test_only_what_is_allowed_is_drawn(seed: int, possible: set[int]) -> None:
    generator = torch.Generator().manual_seed(seed)
    allowed = torch.zeros(1, 50, dtype=torch.bool)
    allowed[0, sorted(possible)] = True
    scores = log_distribution(100 * torch.randn(1, 50, generator=generator), temperature=1.0, allowed=allowed)
    token = int(draw(scores, generator))
    assert token in possible
    assert scores[0, token] > float("-inf")


def test_the_same_numbers_draw_the_same_tokens_side_by_side_and_alone() -> None:
    scores = log_distribution(LOGITS, temperature=1.0, allowed=None)
    one, other = (torch.Generator().manual_seed(5) for _ in range(2))
    assert draw(scores, one).tolist() == [int(draw(scores[i : i + 1], other)) for i in range(2)]


def read(policy: VlmPolicy, pages: list[Observation]) -> tuple[list[Decision], list[int]]:
    """Return decisions, and how many tokens each pass over prompts read."""
    passes: list[int] = []

    def note(_: object, args: object, kwargs: dict[str, torch.Tensor], __: object) -> None:
        rows, length = kwargs["input_ids"].shape
        if "logits_to_keep" in kwargs:  # not when replies are written
            passes.append(rows * length)

    hook = policy.model.register_forward_hook(note, with_kwargs=True)
    decisions = policy.act(pages, greedy=True)
    hook.remove()
    return decisions, passes


@pytest.mark.parametrize("model", ["tiny-llava", "tiny-idefics3", "tiny-qwen2-vl"])
def test_prompts_are_read_together_and_what_is_alike_once(model: str, page: Page, make_policy: Make) -> None:
    together, alone = make_policy(model, batch=4), make_policy(model, batch=1, prefixes=0)
    pages = [page(i + 1, seed=i) for i in range(4)]
    lengths = [len(together.reader.encode(seen).ids) for seen in pages]
    decisions, passes = read(together, pages)
    wanted, apart = read(alone, pages)
    assert apart == lengths
    assert len(passes) == 2, "the first, by which the beginning is known, then the others"
    assert sum(passes) < sum(lengths)
    again, known = read(together, pages)
    assert known == [4], "the last token of each"
    for found in (decisions, again):
        assert [decision.action for decision in found] == [decision.action for decision in wanted]
        assert [d.log_prob for d in found] == pytest.approx([d.log_prob for d in wanted], abs=1e-3)


def test_siblings_of_one_page_are_read_once(page: Page, make_policy: Make) -> None:
    policy = make_policy(batch=4)
    (_, *_), passes = read(policy, [page(3)] * 4)
    assert passes == [len(policy.reader.encode(page(3)).ids), 3]


def test_models_that_see_through_windows_read_one_prompt_after_the_other(page: Page, make_policy: Make) -> None:
    policy = make_policy("tiny-windowed", batch=3)
    pages = [page(i + 1, seed=i) for i in range(3)]
    _, passes = read(policy, pages)
    assert passes == [len(policy.reader.encode(seen).ids) for seen in pages]


@pytest.mark.parametrize("model", ["tiny-llava", "tiny-idefics3", "tiny-qwen2-vl", "tiny-windowed"])
def test_a_page_that_comes_while_replies_are_written_joins_them(model: str, page: Page, make_policy: Make) -> None:
    pages = [page(i + 1, seed=i) for i in range(5)]
    wanted = [make_policy(model, batch=1, prefixes=0).act([seen], greedy=True)[0] for seen in pages]
    policy = make_policy(model, batch=3)
    passes: list[int] = []
    hook = policy.model.register_forward_hook(lambda _, __, ___: passes.append(1))
    stream, found = policy.stream(greedy=True), dict[int, Decision]()
    for key, seen in enumerate(pages):  # more than there is room for
        stream.put(key, seen, ())
        found |= stream.take(wait_s=0.0)
        found |= stream.take(wait_s=0.0)
    while len(found) < len(pages):
        found |= stream.take(wait_s=0.0)
    hook.remove()
    assert stream.take(wait_s=0.0) == []
    lengths = [len(decision.reply.tokens) for decision in wanted if decision.reply]
    if model != "tiny-windowed":  # whose rows are read one by one
        assert len(passes) < sum(lengths), "several wrote in one pass"
    for key, decision in enumerate(wanted):
        assert found[key].action == decision.action
        assert found[key].log_prob == pytest.approx(decision.log_prob, abs=1e-3)


def test_what_is_given_up_leaves_nothing_behind(page: Page, make_policy: Make) -> None:
    policy = make_policy(batch=2)
    stream = policy.stream(greedy=True)
    for key in range(3):
        stream.put(key, page(key + 1), ())
    stream.take(wait_s=0.0)
    stream.close()
    assert stream.take(wait_s=0.0) == []
    assert policy.act([page(1)], greedy=True)[0].log_prob == pytest.approx(
        make_policy(batch=2).act([page(1)], greedy=True)[0].log_prob, abs=1e-3
    )
