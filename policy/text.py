"""Words of goals and elements: tokens with their place, and stable hashed ids."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

HASH = "crc32"  # recorded in checkpoints: other hashes give other ids
TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")
MAX_CHARS = 2000  # read of any one text
GRAMS_PER_WORD = 8
MATCHED_WORDS = 12  # read of an element's text when it is looked for in the goal


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a single punctuation mark, and where it stands in its text."""

    text: str
    start: int  # first character's offset
    end: int  # offset after the last character

    @property
    def lower(self) -> str:
        """The token regardless of case."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class Hashing:
    """How many ids words and trigrams share; id 0 is padding."""

    word_buckets: int
    gram_buckets: int

    @property
    def size(self) -> int:
        """Rows of the embedding table."""
        return 1 + self.word_buckets + self.gram_buckets

    def word_id(self, word: str) -> int:
        """Return the id of a word, the same in every process."""
        return 1 + stable_hash(word) % self.word_buckets

    def gram_ids(self, word: str) -> tuple[int, ...]:
        """Return the ids of the first character trigrams of a word of letters or digits."""
        padded = f"^{word}$"
        grams = (padded[i : i + 3] for i in range(min(len(padded) - 2, GRAMS_PER_WORD)))
        return tuple(1 + self.word_buckets + stable_hash(gram) % self.gram_buckets for gram in grams)


def stable_hash(text: str) -> int:
    """Return a hash that is the same in every process and on every machine."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=65_536)
def tokenize(text: str, limit: int = 1000) -> tuple[Token, ...]:
    """Split a text's beginning into words and punctuation marks, at most ``limit``."""
    matches = TOKEN.finditer(text[:MAX_CHARS])
    return tuple(Token(m.group(), m.start(), m.end()) for m, _ in zip(matches, range(limit), strict=False))


@lru_cache(maxsize=65_536)
def text_ids(text: str, width: int, hashing: Hashing) -> tuple[int, ...]:
    """Return ``width`` ids: those of the words first, then of their trigrams, then padding."""
    words = [token.lower for token in tokenize(text, width)]
    ids = [hashing.word_id(word) for word in words]
    for word in words:
        if len(ids) >= width:
            break
        ids.extend(hashing.gram_ids(word))
    return tuple(ids[:width] + [0] * (width - len(ids)))


def quoted(tokens: tuple[Token, ...]) -> tuple[bool, ...]:
    """Tell for each token whether it stands between double quotes."""
    inside, flags = False, []
    for token in tokens:
        if token.text in '"“”':
            inside = not inside
            flags.append(False)
        else:
            flags.append(inside)
    return tuple(flags) if not inside else tuple(False for _ in flags)
