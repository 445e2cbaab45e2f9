"""A model in this process that answers messages as a server does."""

from __future__ import annotations

from collections.abc import Sequence

from policy.device import device_of
from policy.vlm.config import VlmConfig
from policy.vlm.encoding import Reader
from policy.vlm.generation import Generation, Row
from policy.vlm.prefixes import Prefixes
from policy.vlm.pretrained import ends_of, inner, load_model, load_tools
from policy.vlm.server import MOST_LETTERS, Completion, Part


class LocalModel:
    """Answers with a model of transformers; nothing of it is trained."""

    is_here = True

    def __init__(self, config: VlmConfig) -> None:
        self.config = config
        tools = load_tools(config)
        self.model = load_model(config, seed=0, device=device_of(config.device)).requires_grad_(False)
        self.reader = Reader(config, tools, ends=ends_of(self.model, tools))

    @property
    def name(self) -> str:
        """Its name at Hugging Face, or its folder."""
        return self.config.model

    @property
    def parallel(self) -> int:
        """How many answers are written side by side."""
        return self.config.batch

    def answer(self, asked: Sequence[Sequence[Part]], *, most: int, system: str) -> list[Completion]:
        """Return the likeliest answer, of so many tokens at most, to each message."""
        rows = [Row(prompt=self.reader.encode_message(parts, system=system), writing=None) for parts in asked]
        known = Prefixes(most=0, image_token=inner(self.model).config.image_token_id)
        generation = Generation(
            self.model, ends=self.reader.ends, prefixes=known, most=most, temperature=1.0, batch=self.parallel
        )
        generation.write(rows)
        return [self._completion(row) for row in rows]

    def _completion(self, row: Row) -> Completion:
        return Completion(
            text=self.reader.text(row.tokens)[-MOST_LETTERS:],
            cut=row.tokens[-1] not in self.reader.ends,
            tokens=tuple(row.tokens),
            log_probs=tuple(row.log_probs),
            tokens_read=len(row.prompt.ids),
            tokens_written=len(row.tokens),
        )
