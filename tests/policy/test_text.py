import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.text import Hashing, quoted, stable_hash, text_ids, tokenize

HASHING = Hashing(4096, 2048)


def test_words_and_punctuation_are_tokens_with_their_place() -> None:
    tokens = tokenize('Click "O.K."!')
    assert [token.text for token in tokens] == ["Click", '"', "O", ".", "K", ".", '"', "!"]
    assert (tokens[2].start, tokens[2].end) == (7, 8)


@given(st.text(max_size=200))
def test_tokens_are_what_stands_at_their_offsets(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))


@given(st.text(max_size=100), st.integers(1, 30))
def test_ids_fill_their_width_and_fit_the_table(text: str, width: int) -> None:
    ids = text_ids(text, width, HASHING)
    assert len(ids) == width
    assert all(0 <= row < HASHING.size for row in ids)


def test_ids_ignore_case() -> None:
    assert text_ids("Submit", 12, HASHING) == text_ids("SUBMIT", 12, HASHING)


def test_hashes_are_the_same_in_another_process() -> None:
    program = "from policy.text import stable_hash; import sys; sys.stdout.write(str(stable_hash('héllo')))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    assert int(told) == stable_hash("héllo")


@pytest.mark.parametrize(
    ("text", "inside"),
    [('a "b c" d', ["b", "c"]), ('no quotes "here', []), ('"a" and "b"', ["a", "b"]), ("", [])],
)
def test_quoted_words_are_found_where_quotes_are_closed(text: str, inside: list[str]) -> None:
    tokens = tokenize(text)
    assert [t.text for t, flag in zip(tokens, quoted(tokens), strict=True) if flag] == inside
