"""Texts: copied from the goal, or spelled character by character."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from policy.attention import MASKED
from policy.config import CompactConfig

ALPHABET = "".join(map(chr, range(32, 127)))
END = len(ALPHABET)  # ends a spelled text; also stands before its first character
CHARACTER_WIDTH = 32


class Writer(NamedTuple):
    """How T texts are written: given what the network saw and whom they are for."""

    mode: Tensor  # (T, 2), log-probabilities of copying and spelling
    spans: Tensor  # (T, G, max_span), log-probabilities of start and length, given copying
    memory: Tensor  # (1, T, hidden), first state of the speller


class Writing(nn.Module):
    """A mixture of a pointer to a span of the goal and a character decoder."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width, hidden = config.d_model, config.spell_hidden
        self.max_spell, self.max_span, self.copy_bias = config.max_spell, config.max_span, config.copy_bias
        self.answer = nn.Parameter(torch.randn(width) * 0.02)  # stands for the element of an answer
        self.query = nn.Sequential(nn.Linear(2 * width, width), nn.GELU())
        self.mode = nn.Linear(width, 2)
        self.start_query = nn.Linear(width, width)
        self.end_query = nn.Linear(width, width)
        self.length = nn.Linear(width, config.max_span)
        self.first_memory = nn.Linear(width, hidden)
        self.character = nn.Embedding(len(ALPHABET) + 1, CHARACTER_WIDTH)
        self.speller = nn.GRU(CHARACTER_WIDTH, hidden, batch_first=True)
        self.next_character = nn.Linear(hidden, len(ALPHABET) + 1)

    def begin(self, state: Tensor, target: Tensor, goal: Tensor, goal_mask: Tensor) -> Writer:
        """Return how texts are written for states (T, d), targets (T, d) and goals (T, G, d)."""
        query = self.query(torch.cat([state, target], dim=-1).float())
        bias = query.new_tensor([self.copy_bias, 0.0])
        no_goal = torch.stack([~goal_mask.any(dim=1), torch.zeros_like(goal_mask[:, 0])], dim=-1)
        mode = (self.mode(query) + bias).masked_fill(no_goal, MASKED).log_softmax(dim=-1)
        return Writer(mode, self._spans(query, goal.float(), goal_mask), torch.tanh(self.first_memory(query))[None])

    def _spans(self, query: Tensor, goal: Tensor, goal_mask: Tensor) -> Tensor:
        scale = goal.shape[-1] ** -0.5
        starts = torch.einsum("td,tgd->tg", self.start_query(query), goal) * scale
        ends = torch.einsum("td,tgd->tg", self.end_query(query), goal) * scale
        places = torch.arange(goal.shape[1] + self.max_span, device=goal.device)
        last = places[: goal.shape[1], None] + places[None, : self.max_span]
        inside = last < goal_mask.sum(dim=1)[:, None, None]  # (T, G, max_span)
        last_scores = ends[:, last.clamp(max=goal.shape[1] - 1)]
        scores = starts[:, :, None] + last_scores + self.length(query)[:, None, :]
        spans: Tensor = scores.masked_fill(~inside, MASKED).flatten(1).log_softmax(dim=-1).view_as(scores)
        return spans

    def score(self, writer: Writer, spans: Tensor, characters: Tensor, counts: Tensor) -> Tensor:
        """Return log-probabilities (T,) of texts, over all ways to write them.

        ``spans`` (T, G, max_span) marks every span that reads so; ``characters`` (T, C) with
        ``counts`` (T,) spell it, a count of -1 where the alphabet or the limit does not allow it.
        """
        copied = writer.spans.masked_fill(~spans, MASKED).flatten(1).logsumexp(dim=-1)
        spelled = self._score_spelling(writer, characters, counts)
        return torch.logsumexp(torch.stack([copied, spelled], dim=-1) + writer.mode, dim=-1)

    def _score_spelling(self, writer: Writer, characters: Tensor, counts: Tensor) -> Tensor:
        first = characters.new_full((len(characters), 1), END)
        inputs, outputs = torch.cat([first, characters], dim=1), torch.cat([characters, first], dim=1)
        hidden, _ = self.speller(self.character(inputs), writer.memory)
        steps = torch.arange(inputs.shape[1], device=inputs.device)
        written = (steps <= counts[:, None]) & (steps < self.max_spell)  # the end costs nothing at the limit
        outputs = torch.where(steps == counts[:, None], END, outputs)
        chances = self.next_character(hidden).log_softmax(dim=-1).gather(2, outputs[..., None]).squeeze(-1)
        spelled: Tensor = (chances * written).sum(dim=1).masked_fill(counts < 0, MASKED)
        return spelled

    def step(self, characters: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next character's log-probabilities (T, characters) and the new memory."""
        hidden, memory = self.speller(self.character(characters)[:, None], memory)
        return self.next_character(hidden[:, 0]).log_softmax(dim=-1), memory


def spelling(text: str, limit: int) -> tuple[int, ...] | None:
    """Return a text's characters as numbers, or None where it cannot be spelled."""
    if len(text) > limit or any(character not in ALPHABET for character in text):
        return None
    return tuple(ord(character) - ord(ALPHABET[0]) for character in text)
