"""The compact network: goal, elements and screenshot in, one vector for each out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.attention import MASKED, RelationTransformer
from policy.batch import Batch
from policy.choice import KEYS, POINTER_KINDS, SCROLLS, Kind
from policy.config import CompactConfig
from policy.features import ELEMENT_FEATURES, GOAL_FEATURES, MAX_INDEX, MAX_ORDINAL, PAGE_FEATURES, ROLES
from policy.text import Hashing
from policy.vision import COLOUR_WIDTH, ElementVision, Looks, PageVision, cell_grid
from policy.writing import Writing

FIRST_WORD_SCALE = 0.05  # small, so that words never trained on say next to nothing
COMMON_KINDS = (Kind.CLICK, Kind.TYPE, Kind.SELECT)


class Encoded(NamedTuple):
    """What the network made of B observations; all distributions as log-probabilities."""

    state: Tensor  # (B, d)
    goal: Tensor  # (B, G, d)
    elements: Tensor  # (B, N, d)
    goal_mask: Tensor  # (B, G)
    kinds: Tensor  # (B, num_kinds)
    pointers: Tensor  # (B, num_pointer_kinds, N), given each pointer kind
    points: Tensor  # (B, num_cells), given a click at a point
    keys: Tensor  # (B, num_keys), given a press
    scrolls: Tensor  # (B, 2), given a scroll
    value: Tensor  # (B,), expected return


class WordVectors(nn.Module):
    """Hashed words and trigrams as bags of learned vectors."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        size = Hashing(config.word_buckets, config.gram_buckets).size
        self.table = nn.Parameter(torch.randn(size, config.embedding) * FIRST_WORD_SCALE)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the bag of each row of ids (..., width) as a vector (..., embedding); id 0 is nothing."""
        bags = functional.embedding_bag(ids.flatten(0, -2), self.table, mode="sum", padding_idx=0)
        counts = (ids > 0).sum(dim=-1, keepdim=True).clamp(min=1)
        vectors: Tensor = bags.view(*ids.shape[:-1], -1) * counts.rsqrt()
        return vectors


class GoalEncoder(nn.Module):
    """Goal tokens with their nearest neighbours."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.word = nn.Linear(config.embedding, config.d_model)
        self.flags = nn.Linear(GOAL_FEATURES, config.d_model)
        self.neighbours = nn.Conv1d(config.d_model, config.d_model, 5, padding=2)

    def forward(self, words: Tensor, flags: Tensor, mask: Tensor) -> Tensor:
        """Return tokens (B, G, d)."""
        tokens = (self.word(words) + self.flags(flags)) * mask[..., None]
        around = self.neighbours(tokens.transpose(1, 2)).transpose(1, 2)
        encoded: Tensor = tokens + functional.gelu(around)
        return encoded


class ElementEncoder(nn.Module):
    """Everything known of an element before it has looked at the rest."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width = config.d_model
        self.role = nn.Embedding(len(ROLES) + config.role_buckets, width)
        self.ordinal = nn.Embedding(MAX_ORDINAL + 1, width)
        self.index = nn.Embedding(MAX_INDEX + 1, width)
        self.name = nn.Linear(config.embedding, width)
        self.value = nn.Linear(config.embedding, width)
        self.neighbour = nn.Linear(config.embedding, width)
        self.flags = nn.Sequential(nn.Linear(ELEMENT_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.named = nn.Linear(width, width)
        for embedding in (self.role, self.ordinal, self.index):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, batch: Batch, words: WordVectors, goal: Tensor) -> Tensor:
        """Return vectors (B, N, d); ``goal`` (B, G, d) is gathered where it has the element's name."""
        named = batch.named.to(goal.dtype)
        meant = (named @ goal) / named.sum(dim=-1, keepdim=True).clamp(min=1)
        texts = (
            self.name(words(batch.name_ids))
            + self.value(words(batch.value_ids))
            + self.neighbour(words(batch.neighbour_ids))
        )
        places = self.role(batch.roles) + self.ordinal(batch.ordinals) + 0.3 * self.index(batch.indices)
        encoded: Tensor = texts + places + self.flags(batch.element_flags) + self.named(meant)
        return encoded


class CompactNetwork(nn.Module):
    """Encoders, a relation-aware transformer, and the heads."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width = config.d_model
        self.words = WordVectors(config)
        self.goal = GoalEncoder(config)
        self.elements = ElementEncoder(config)
        self.page_vision = PageVision(config)
        self.element_vision = ElementVision(config)
        self.state = nn.Linear(PAGE_FEATURES, width)
        self.twins = nn.Parameter(torch.randn(width) * 0.1)
        self.look_word = nn.Linear(config.embedding, 32)
        self.look = nn.Linear(COLOUR_WIDTH, 32)
        self.transformer = RelationTransformer(config)
        self.kind = nn.Linear(width, len(Kind))
        self.pointer_query = nn.Linear(width, len(POINTER_KINDS) * width)
        self.pointer_key = nn.Linear(width, width)
        self.pointer_bias = nn.Linear(width, len(POINTER_KINDS))
        self.point_query = nn.Linear(width, width)
        self.key = nn.Linear(width, len(KEYS))
        self.scroll = nn.Linear(width, len(SCROLLS))
        self.value_features = nn.Sequential(nn.Linear(width, width), nn.GELU())
        self.value = nn.Linear(width, 1)
        self.writing = Writing(config)
        self.grid = cell_grid(config)
        self._begin_indifferent(config)

    def forward(self, batch: Batch) -> Encoded:
        """Return all distributions but those of texts, which need a chosen element."""
        words = self.words(batch.goal_ids)
        goal = self.goal(words, batch.goal_flags, batch.goal_mask)
        looks = self.element_vision(batch.crops, batch.has_crop)
        elements = (
            self.elements(batch, self.words, goal)
            + looks.vectors
            + self.twins * looks.alike.sum(dim=-1, keepdim=True).clamp(max=2)
        )
        views, cells = self.page_vision(batch.images, batch.has_image)
        state, goal, elements = self._mix(batch, goal, elements, views, looks.alike)
        return Encoded(
            state=state,
            goal=goal,
            elements=elements,
            goal_mask=batch.goal_mask,
            kinds=_log_probs(self.kind(state), batch.kinds),
            pointers=_log_probs(
                self._pointers(state, elements) + self._meant_by_looks(words, looks, batch)[:, None], batch.pointers
            ),
            points=_log_probs(torch.einsum("bd,bcd->bc", self.point_query(state), cells) / cells.shape[-1] ** 0.5),
            keys=_log_probs(self.key(state)),
            scrolls=_log_probs(self.scroll(state)),
            value=self.value(self.value_features(state)).squeeze(-1).float(),
        )

    def _mix(
        self, batch: Batch, goal: Tensor, elements: Tensor, views: Tensor, alike: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Let state, goal, elements and views look at each other; return the first three."""
        goals, extra = goal.shape[1], 1 + views.shape[1]
        state = self.state(batch.page)[:, None]
        tokens = torch.cat([goal, elements, state, views], dim=1)
        always = batch.goal_mask.new_ones(len(goal), extra)
        mask = torch.cat([batch.goal_mask, batch.element_mask, always], dim=1)
        relations = functional.pad(batch.relations, (0, extra, 0, extra))
        mixed = self.transformer(tokens, relations, alike, mask, listed=slice(goals, goals + elements.shape[1]))
        return mixed[:, -extra], mixed[:, :goals], mixed[:, goals:-extra]

    def _pointers(self, state: Tensor, elements: Tensor) -> Tensor:
        """Return how well each element suits each pointer kind: (B, num_pointer_kinds, N)."""
        queries = self.pointer_query(state).unflatten(-1, (len(POINTER_KINDS), -1))
        matched = queries @ self.pointer_key(elements).transpose(1, 2) / elements.shape[-1] ** 0.5
        suited: Tensor = matched + self.pointer_bias(elements).transpose(1, 2)
        return suited

    def _meant_by_looks(self, words: Tensor, looks: Looks, batch: Batch) -> Tensor:
        """Return how well the goal's words suit each element's colour: (B, N)."""
        named = (self.look_word(words) * batch.goal_mask[..., None]).sum(dim=1)
        suited: Tensor = (self.look(looks.colours) @ named[..., None]).squeeze(-1)
        return suited

    def _begin_indifferent(self, config: CompactConfig) -> None:
        """Begin with near-uniform heads, so that early exploration is wide, but seldom leaves the common kinds."""
        with torch.no_grad():
            for head in (self.kind, self.pointer_bias, self.key, self.scroll, self.value):
                head.weight.mul_(0.1)
                head.bias.zero_()
            self.pointer_query.weight.mul_(0.3)
            rare = [kind for kind in Kind if kind not in COMMON_KINDS]
            self.kind.bias[rare] = config.rare_kind_bias


def _log_probs(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return log-probabilities over the last axis in full precision; masked entries are impossible."""
    full = logits.float()
    return (full if mask is None else full.masked_fill(~mask, MASKED)).log_softmax(dim=-1)
