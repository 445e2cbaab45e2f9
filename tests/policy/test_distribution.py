import math

import pytest
import torch

from browser_env.observation import Observation
from policy.choice import Choice, Kind
from policy.config import CompactConfig
from policy.distribution import entropy, expressible, goal_spans, span_text
from policy.network import Encoded
from policy.page import read_page

CONFIG = CompactConfig()


def test_spans_are_found_wherever_the_goal_reads_so() -> None:
    page = read_page(Observation(goal="anna b and anna  b, anna b"), CONFIG)
    assert goal_spans("anna b", page, CONFIG) == [(0, 1), (6, 1)]
    assert span_text(page, 3, 1) == "anna  b"


@pytest.mark.parametrize("text", ["", "ann", "anna b ", "Anna", "b anna"])
def test_what_is_no_whole_span_is_not_found(text: str) -> None:
    assert goal_spans(text, read_page(Observation(goal="anna b"), CONFIG), CONFIG) == []


def test_spans_have_at_most_eight_tokens() -> None:
    page = read_page(Observation(goal="a b c d e f g h i"), CONFIG)
    assert goal_spans("a b c d e f g h", page, CONFIG) == [(0, 7)]
    assert goal_spans("a b c d e f g h i", page, CONFIG) == []


@pytest.mark.parametrize(
    ("text", "can"),
    [("", True), ("spelled", True), ("日本", True), ("日", False), ("x" * 32, True), ("x" * 33, False)],
)
def test_texts_are_expressible_by_copying_or_spelling(text: str, can: bool) -> None:
    page = read_page(Observation(goal="copy 日本 here"), CONFIG)
    assert expressible(Choice(kind=Kind.ANSWER, text=text), page, CONFIG) is can


def test_entropy_by_hand() -> None:
    kinds = torch.tensor([[0.5, 0.0, 0.25, 0.0, 0.125, 0.0, 0.0, 0.0, 0.125, 0.0]]).clamp(min=1e-30).log()
    pointers = torch.tensor([[[0.5, 0.5], [1.0, 1e-30], [0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]]).log()
    none = torch.zeros(1, 1)
    mask = torch.ones(1, 1, dtype=torch.bool)
    encoded = Encoded(none, none[None], none[None], mask, kinds, pointers, none, none, none, none[0])
    of_kind = 0.5 * math.log(2) + 0.25 * math.log(4) + 2 * 0.125 * math.log(8)
    assert entropy(encoded).item() == pytest.approx(of_kind + (0.5 + 0.125) * math.log(2), abs=1e-5)
