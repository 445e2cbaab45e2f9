"""Exact log-probabilities of choices, and how choices are drawn.

A choice factors into kind, then element (or cell, key, direction), then text; each action's
probability sums over every way the network could have produced it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from policy.attention import MASKED
from policy.choice import POINTER_KINDS, TEXT_KINDS, Choice, Kind
from policy.config import CompactConfig
from policy.network import Encoded
from policy.page import Page
from policy.writing import ALPHABET, END, Writer, Writing, spelling

NO_ELEMENT = -1  # an answer's target


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """B choices as tensors; T of them have a text."""

    kinds: Tensor  # (B,)
    elements: Tensor  # (B, N), true at elements that give the same action
    indices: Tensor  # (B,), of a cell, key or direction
    text_rows: Tensor  # (T,), which of the B
    text_elements: Tensor  # (T,), index or NO_ELEMENT
    spans: Tensor  # (T, G, max_span), true where the goal reads so
    characters: Tensor  # (T, C)
    counts: Tensor  # (T,), characters, or -1 where the text cannot be spelled

    def to(self, device: torch.device) -> Targets:
        """Return the targets on a device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device, non_blocking=True) for f in fields(self)})


def expressible(choice: Choice, page: Page, config: CompactConfig) -> bool:
    """Tell whether the network can produce a choice: its text can be copied or spelled."""
    if choice.kind not in TEXT_KINDS or choice.kind is Kind.READ or spelling(choice.text, config.max_spell) is not None:
        return True
    return bool(goal_spans(choice.text, page, config))


def goal_spans(text: str, page: Page, config: CompactConfig) -> list[tuple[int, int]]:
    """Return (start, length - 1) in tokens of every span of the goal that is exactly this text."""
    goal = page.observation.goal
    ends = {token.end: i for i, token in enumerate(page.goal)}
    found = []
    for i, token in enumerate(page.goal):
        last = ends.get(token.start + len(text))
        if last is not None and i <= last < i + config.max_span and goal.startswith(text, token.start):
            found.append((i, last - i))
    return found


def span_text(page: Page, start: int, extra: int) -> str:
    """Return the goal's text from token ``start`` to the token ``extra`` further on."""
    return page.observation.goal[page.goal[start].start : page.goal[start + extra].end]


def build_targets(
    choices: Sequence[Choice], pages: Sequence[Page], *, config: CompactConfig, shape: tuple[int, int]
) -> Targets:
    """Return choices as tensors for a batch padded to ``shape``: goal tokens, elements."""
    elements = np.zeros((len(choices), shape[1]), dtype=np.bool_)
    for i, choice in enumerate(choices):
        elements[i, list(choice.elements)] = True
    texts = [i for i, choice in enumerate(choices) if choice.kind in TEXT_KINDS]
    aims = [choices[i].elements[0] if choices[i].kind is Kind.TYPE else NO_ELEMENT for i in texts]
    spans = np.zeros((len(texts), shape[0], config.max_span), dtype=np.bool_)
    spelled = [spelling(choices[i].text, config.max_spell) for i in texts]
    characters = np.full((len(texts), max((len(s) for s in spelled if s), default=0)), END, dtype=np.int64)
    for row, (i, letters) in enumerate(zip(texts, spelled, strict=True)):
        for start, extra in goal_spans(choices[i].text, pages[i], config):
            spans[row, start, extra] = True
        characters[row, : len(letters or ())] = letters or ()
    return Targets(
        kinds=torch.tensor([int(choice.kind) for choice in choices]),
        elements=torch.from_numpy(elements),
        indices=torch.tensor([choice.index for choice in choices]),
        text_rows=torch.tensor(texts, dtype=torch.long),
        text_elements=torch.tensor(aims, dtype=torch.long),
        spans=torch.from_numpy(spans),
        characters=torch.from_numpy(characters),
        counts=torch.tensor([-1 if letters is None else len(letters) for letters in spelled], dtype=torch.long),
    )


def log_probs(writing: Writing, encoded: Encoded, targets: Targets) -> Tensor:
    """Return the log-probability of each choice: (B,)."""
    total = encoded.kinds.gather(1, targets.kinds[:, None]).squeeze(1)
    for pointer, kind in enumerate(POINTER_KINDS):
        chosen = encoded.pointers[:, pointer].masked_fill(~targets.elements, MASKED).logsumexp(dim=1)
        total = total + torch.where(targets.kinds == kind, chosen, 0.0)
    for kind, table in ((Kind.POINT, encoded.points), (Kind.PRESS, encoded.keys), (Kind.SCROLL, encoded.scrolls)):
        of_kind = targets.kinds == kind
        index = torch.where(of_kind, targets.indices, 0)
        total = total + torch.where(of_kind, table.gather(1, index[:, None]).squeeze(1), 0.0)
    if not len(targets.text_rows):
        return total
    rows = targets.text_rows
    writer = begin_writing(writing, encoded, rows, targets.text_elements)
    texts = writing.score(writer, targets.spans, targets.characters, targets.counts)
    read = total[rows]
    written = torch.logaddexp(read, encoded.kinds[rows, int(Kind.ANSWER)] + texts)
    scored = torch.where(targets.kinds[rows] == Kind.READ, written, read + texts)
    return total.index_copy(0, rows, scored)


def entropy(encoded: Encoded) -> Tensor:
    """Return the entropy of kind and element together, in nats: (B,)."""
    kinds = _entropy(encoded.kinds)
    pointers = _entropy(encoded.pointers)  # (B, num_pointer_kinds)
    return kinds + (encoded.kinds.exp()[:, list(POINTER_KINDS)] * pointers).sum(dim=1)


def begin_writing(writing: Writing, encoded: Encoded, rows: Tensor, elements: Tensor) -> Writer:
    """Return how the texts of some rows are written for their elements."""
    pointed = encoded.elements[rows, elements.clamp(min=0)]
    target = torch.where((elements == NO_ELEMENT)[:, None], writing.answer.to(pointed.dtype), pointed)
    return writing.begin(encoded.state[rows], target, encoded.goal[rows], encoded.goal_mask[rows])


def choose(
    writing: Writing, encoded: Encoded, pages: Sequence[Page], *, generator: torch.Generator | None
) -> list[Choice]:
    """Draw one choice for each page; the likeliest at each factor without a generator."""
    kinds = _pick(encoded.kinds, generator)
    choices = [Choice(kind=Kind(kind)) for kind in kinds]
    for pointer, kind in enumerate(POINTER_KINDS):
        choices = _fill(choices, kind, encoded.pointers[:, pointer], generator, pointing=True)
    for kind, table in ((Kind.POINT, encoded.points), (Kind.PRESS, encoded.keys), (Kind.SCROLL, encoded.scrolls)):
        choices = _fill(choices, kind, table, generator, pointing=False)
    rows = [i for i, choice in enumerate(choices) if choice.kind in (Kind.TYPE, Kind.ANSWER)]
    if rows:
        for i, text in zip(rows, _write(writing, encoded, pages, choices, rows, generator), strict=True):
            choices[i] = replace(choices[i], text=text)
    return choices


def _fill(
    choices: list[Choice], kind: Kind, table: Tensor, generator: torch.Generator | None, *, pointing: bool
) -> list[Choice]:
    """Complete the choices of one kind from a table of log-probabilities (B, M)."""
    rows = [i for i, choice in enumerate(choices) if choice.kind is kind]
    filled = list(choices)
    for i, index in zip(rows, _pick(table[rows], generator) if rows else (), strict=True):
        filled[i] = replace(choices[i], elements=(index,)) if pointing else replace(choices[i], index=index)
    return filled


def _write(
    writing: Writing,
    encoded: Encoded,
    pages: Sequence[Page],
    choices: list[Choice],
    rows: list[int],
    generator: torch.Generator | None,
) -> list[str]:
    """Return the texts of the choices in some rows."""
    device = encoded.state.device
    elements = torch.tensor([(*choices[i].elements, NO_ELEMENT)[0] for i in rows], device=device)
    writer = begin_writing(writing, encoded, torch.tensor(rows, device=device), elements)
    copied = writer.mode[:, 0] + writer.spans.flatten(1).amax(dim=1)
    # without a generator, spelling can be likelier only where even its mode is
    may_spell = (writer.mode[:, 1] > copied).tolist() if generator is None else _pick(writer.mode, generator)
    texts = []
    for row, (i, span) in enumerate(zip(rows, _pick(writer.spans.flatten(1), generator), strict=True)):
        text, score = _spell(writing, writer, row, generator) if may_spell[row] else ("", MASKED)
        spell = may_spell[row] and (generator is not None or writer.mode[row, 1].item() + score > copied[row].item())
        texts.append(text if spell else span_text(pages[i], *divmod(span, writing.max_span)))
    return texts


def _spell(writing: Writing, writer: Writer, row: int, generator: torch.Generator | None) -> tuple[str, float]:
    """Spell one text; return it with its log-probability."""
    memory, character = writer.memory[:, row : row + 1].contiguous(), END
    score, letters = 0.0, []
    for _ in range(writing.max_spell):
        chances, memory = writing.step(torch.tensor([character], device=memory.device), memory)
        character = _pick(chances, generator)[0]
        score += chances[0, character].item()
        if character == END:
            break
        letters.append(ALPHABET[character])
    return "".join(letters), score


def _pick(table: Tensor, generator: torch.Generator | None) -> list[int]:
    """Return an index for each row of log-probabilities (R, M): drawn, or the likeliest without a generator."""
    if generator is None:
        picked: list[int] = table.argmax(dim=1).tolist()
        return picked
    drawn: list[int] = torch.multinomial(table.exp().cpu(), 1, generator=generator).squeeze(1).tolist()
    return drawn


def _entropy(table: Tensor) -> Tensor:
    """Return the entropy over the last axis of log-probabilities."""
    return -(table.exp() * table).sum(dim=-1)
