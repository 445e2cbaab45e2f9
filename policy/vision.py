"""What is seen: the shrunk screenshot as a few tokens and a map of cells, and each element's own picture."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from policy.config import CompactConfig

COLOUR_WAVES = 2
COLOUR_WIDTH = 64
COLOUR_TOLERANCE = 0.05  # difference, on a scale of 2, at which colours begin to differ
COLOUR_FEATURES = 3 + 3 * 2 * COLOUR_WAVES


def cell_grid(config: CompactConfig) -> tuple[int, int]:
    """Return the columns and rows of the screenshot's map: an eighth of its size."""
    width, height = config.image_size
    return -(-width // 8), -(-height // 8)


class PageVision(nn.Module):
    """Three strided convolutions over the screenshot."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        width = config.channels
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, width, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
        )
        columns, rows = config.image_tokens
        self.pool = nn.AdaptiveAvgPool2d((rows, columns))
        self.token = nn.Linear(4 * width, config.d_model)
        self.cell = nn.Linear(4 * width, config.d_model)
        grid = cell_grid(config)
        self.token_place = nn.Parameter(torch.randn(rows * columns, config.d_model) * 0.02)
        self.cell_place = nn.Parameter(torch.randn(grid[0] * grid[1], config.d_model) * 0.02)
        self.absent = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, images: Tensor, has_image: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (B, T, d) and cells (B, C, d) of images (B, 3, height, width)."""
        seen = self.convolutions(_normalised(images))  # (B, channels, rows, columns)
        present = has_image[:, None, None]
        tokens = self.token(self.pool(seen).flatten(2).transpose(1, 2))
        cells = self.cell(seen.flatten(2).transpose(1, 2))
        return (
            torch.where(present, tokens, self.absent) + self.token_place,
            torch.where(present, cells, self.absent) + self.cell_place,
        )


class Looks(NamedTuple):
    """How N elements look."""

    vectors: Tensor  # (B, N, d), shape and colour
    colours: Tensor  # (B, N, COLOUR_WIDTH), nothing but the mean colour
    alike: Tensor  # (B, N, N), 1 where two elements have one mean colour, near 0 where not


class ElementVision(nn.Module):
    """A small network over the picture of one element, and its mean colour."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        side = -(-config.crop_size // 4)
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(24, 32, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Flatten(),
        )
        self.shape = nn.Linear(32 * side * side, config.d_model)
        self.colour = nn.Sequential(nn.Linear(COLOUR_FEATURES, COLOUR_WIDTH), nn.GELU())
        self.colour_vector = nn.Linear(COLOUR_WIDTH, config.d_model)
        self.absent = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, crops: Tensor, has_crop: Tensor) -> Looks:
        """Return how elements look by their pictures (B, N, 3, side, side)."""
        pictures = _normalised(crops[has_crop])  # (P, 3, side, side), of those that have one
        means = pictures.mean(dim=(2, 3))
        colours = self.colour(_colour_features(means))
        seen = self.shape(self.convolutions(pictures)) + self.colour_vector(colours)
        vectors = self.absent.expand(*has_crop.shape, -1).masked_scatter(has_crop[..., None], seen)
        return Looks(
            vectors=vectors,
            colours=_spread(colours, has_crop),
            alike=_alike(_spread(means, has_crop), has_crop),
        )


def _spread(rows: Tensor, mask: Tensor) -> Tensor:
    """Return rows (P, d) where a mask (B, N) of P places is set, and zeros elsewhere: (B, N, d)."""
    return rows.new_zeros(*mask.shape, rows.shape[-1]).masked_scatter(mask[..., None], rows)


def _alike(means: Tensor, has_crop: Tensor) -> Tensor:
    """Return how alike the mean colours (B, N, 3) of different elements are: (B, N, N)."""
    distances = (means[:, :, None] - means[:, None, :]).square().sum(dim=-1)
    different = ~torch.eye(means.shape[1], dtype=torch.bool, device=means.device)
    both = has_crop[:, :, None] & has_crop[:, None, :] & different
    return (-distances / (2 * COLOUR_TOLERANCE**2)).exp() * both


def _normalised(pixels: Tensor) -> Tensor:
    """Return bytes as numbers from -1 to 1, channels last in memory, which convolves faster."""
    return (pixels.float() / 127.5 - 1.0).contiguous(memory_format=torch.channels_last)


def _colour_features(means: Tensor) -> Tensor:
    """Return mean colours (P, 3) and waves of them: (P, COLOUR_FEATURES)."""
    waves = torch.cat([means * math.pi * (k + 1) / 2 for k in range(COLOUR_WAVES)], dim=1)
    return torch.cat([means, waves.sin(), waves.cos()], dim=1)
