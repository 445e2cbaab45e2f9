from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from browser_env.action import parse_action
from browser_env.errors import UsageError
from browser_env.observation import Observation
from policy.vlm.config import VlmConfig
from policy.vlm.constraint import Vocabulary, Writing, masks
from policy.vlm.grammar import action_automaton
from policy.vlm.pretrained import load_tools, spelling

Page = Callable[..., Observation]
CONFIG = VlmConfig(coordinates="thousand")
WORDS = [b"click(", b"e1", b"(e", b", '", b"')", b"type(e2, 'a", b"12", "é".encode(), b"\xc3", b"['", b"True)", b" "]
SPELLING = [None, *(bytes([code]) for code in range(256)), *WORDS]
END = 0


def vocabulary() -> Vocabulary:
    return Vocabulary(SPELLING, ends=[END], size=len(SPELLING) + 3)


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("click(e2)", True),
        (" click(e2)", True),
        ("click(e4)", False),
        ("click(e22)", False),
        ("click((10, 999))", True),
        ("click((01, 9))", False),
        ("type(e1, 'it\\'s é')", True),
        ('type(e1, "it\'s")', True),
        ("type(e1, 'a\nb')", False),
        ("select(e1, ['a', 'b'])", True),
        ("drag([e1, (3, 4)])", True),
        ("scroll(e1, 0, -120)", True),
        ("check(e1, True)", True),
        ("back()", True),
        ("press('Control+a')", True),
        ("back", False),
    ],
)
def test_the_language_holds_actions_on_this_page(page: Page, text: str, can: bool) -> None:
    automaton = action_automaton(page(3), CONFIG)
    assert automaton.accepts(automaton.read(automaton.start, text.encode())) == can


def test_what_is_written_by_chance_is_an_action_within_its_room(page: Page) -> None:
    rng, words = random.Random(0), vocabulary()
    for number in range(24):
        seen = page(number % 4)
        config = replace(CONFIG, coordinates=rng.choice(["thousand", "unit"]))
        writing, tokens = Writing(words, action_automaton(seen, config), room=30), list[int]()
        while not tokens or tokens[-1] != END:
            tokens.append(rng.choice(torch.nonzero(writing.mask())[:, 0].tolist()))
            writing.write(tokens[-1])
        assert len(tokens) <= 30
        parse_action(b"".join(SPELLING[token] or b"" for token in tokens).decode())


def test_masks_are_the_same_again_and_on_other_pages(page: Page) -> None:
    words, tokens = vocabulary(), [1 + code for code in b"type(e1, 'ab')"] + [END]
    first = masks(words, action_automaton(page(2), CONFIG), tokens, room=99)
    masks(words, action_automaton(page(40), CONFIG), tokens, room=99)
    assert torch.equal(masks(words, action_automaton(page(2), CONFIG), tokens, room=99), first)
    assert torch.equal(masks(vocabulary(), action_automaton(page(2), CONFIG), tokens, room=99), first)
    assert all(row[token] for row, token in zip(first, tokens, strict=True))


def test_no_room_for_any_action_is_said(page: Page) -> None:
    with pytest.raises(UsageError, match="max_new_tokens"):
        Writing(vocabulary(), action_automaton(page(2), replace(CONFIG, verbs=("click",))), room=6)


def test_tokens_are_spelled_as_they_are_written() -> None:
    tokenizer = load_tools(VlmConfig()).tokenizer
    spelled = spelling(tokenizer, 700)
    for text in ("click(e12)", " type(e3, 'Zoë\\n')", "日本"):
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert b"".join(spelled[token] or b"" for token in tokens) == text.encode()
    assert spelled[tokenizer.eos_token_id] is None
    assert len(spelled) == 700


def test_pieces_of_sentences_are_spelled_as_they_are_written() -> None:
    """Though one of them is a letter that byte-level tokenizers show for a space."""
    trained = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    pieces = ["<unk>", "</s>", *(f"<0x{code:02X}>" for code in range(256)), "Ġ"]
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=pieces, show_progress=False)
    trained.train_from_iterator(["click(e1) type(e2, 'some text here') back() Ġabc"] * 3, trainer)
    whole = PreTrainedTokenizerFast(tokenizer_object=trained, unk_token="<unk>", eos_token="</s>")
    written = json.loads(whole.backend_tokenizer.to_str())
    written["added_tokens"] = [token for token in written["added_tokens"] if token["id"] < 2]  # the others are text
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(written)), unk_token="<unk>", eos_token="</s>"
    )
    spelled = spelling(tokenizer, len(tokenizer))
    for text in ("click(e1)", "type(e2, 'Zoë Ġ')", "日本"):
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert b"".join(spelled[token] or b"" for token in tokens) == f" {text}".encode()
        assert tokenizer.decode(tokens) == text
    assert spelled[tokenizer.eos_token_id] is None
