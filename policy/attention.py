"""A small transformer whose attention knows how its tokens are related.

Each kind of relation adds a learned number to the attention logits, as in relation-aware
self-attention (Shaw et al. 2018; RAT-SQL, Wang et al. 2020, with scalars in place of vectors), and so does how far
two elements are apart in their list (Raffel et al. 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from policy.alignment import Link
from policy.batch import LINK, LINK_BACK, NUM_RELATIONS
from policy.config import CompactConfig

MASKED = -1e9  # the logit of what cannot be
MOST_PLACES = 12  # elements further apart in the list count as this far
FIRST_LINK_BIAS = 2.0  # half of the heads begin by looking along links between goal and element


class RelationLayer(nn.Module):
    """One pre-norm transformer layer."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width = config.d_model
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, config.feedforward * width),
            nn.GELU(),
            nn.Linear(config.feedforward * width, width),
        )

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Return tokens (B, L, d), having looked at each other under a bias (B, heads, L, L)."""
        batch, length, width = tokens.shape
        qkv = self.qkv(self.attention_norm(tokens)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        tokens = tokens + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        fed: Tensor = tokens + self.feed(tokens)
        return fed


class RelationTransformer(nn.Module):
    """All layers, and the biases that relations give them."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RelationLayer(config) for _ in range(config.layers))
        self.relation_bias = nn.Parameter(_first_biases(config))
        self.place_bias = nn.Parameter(torch.zeros(2 * MOST_PLACES + 1, config.layers * config.heads))
        self.alike_bias = nn.Parameter(torch.zeros(config.layers * config.heads))
        self.norm = nn.LayerNorm(config.d_model)

    def forward(self, tokens: Tensor, relations: Tensor, alike: Tensor, mask: Tensor, listed: slice) -> Tensor:
        """Return tokens (B, L, d).

        ``relations`` (B, L, L) are numbered, ``alike`` (B, N, N) tells which elements look alike,
        ``mask`` (B, L) which tokens there are, ``listed`` which of them are the elements.
        """
        bias = self._biases(relations.masked_fill(~mask[:, None, :], NUM_RELATIONS))
        between = alike * self.alike_bias[:, None, None, None] + self._places(alike.shape[-1])[:, None]
        bias[:, :, listed, listed] += between
        for layer, part in zip(self.layers, bias.chunk(len(self.layers)), strict=True):
            tokens = layer(tokens, part.transpose(0, 1))
        normed: Tensor = self.norm(tokens)
        return normed

    def _places(self, count: int) -> Tensor:
        """Return what the places of elements in their list add to the logits: (layers * heads, N, N)."""
        places = torch.arange(count, device=self.place_bias.device)
        away = (places[None, :] - places[:, None]).clamp(-MOST_PLACES, MOST_PLACES) + MOST_PLACES
        added: Tensor = self.place_bias[away].permute(2, 0, 1)
        return added

    def _biases(self, relations: Tensor) -> Tensor:
        """Return what relations (B, L, L) add to the logits, (layers * heads, B, L, L); the last one is no relation."""
        table = torch.cat([self.relation_bias, self.relation_bias.new_full((1, self.relation_bias.shape[1]), MASKED)])
        biases: Tensor = table.t().contiguous().index_select(1, relations.flatten())
        return biases.view(-1, *relations.shape)


def _first_biases(config: CompactConfig) -> Tensor:
    biases = torch.zeros(NUM_RELATIONS, config.layers, config.heads)
    for link in (Link.VALUE, Link.NAME, Link.EXACT, Link.QUOTED):
        biases[LINK + link, :, ::2] = FIRST_LINK_BIAS
        biases[LINK_BACK + link, :, ::2] = FIRST_LINK_BIAS
    return biases.flatten(1)
