"""What is seen: the shrunk screenshot as a few tokens and a map of cells, and each element's own picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from policy.config import CompactConfig

COLOUR_WAVES = 2
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
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(),
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


class ElementVision(nn.Module):
    """A small network over the picture of one element, and its mean colour."""

    def __init__(self, config: CompactConfig) -> None:
        super().__init__()
        side = -(-config.crop_size // 4)
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.shape = nn.Linear(32 * side * side, config.d_model)
        self.colour = nn.Sequential(nn.Linear(COLOUR_FEATURES, 64), nn.GELU(), nn.Linear(64, config.d_model))
        self.absent = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, crops: Tensor, has_crop: Tensor) -> Tensor:
        """Return one vector (B, N, d) for each picture (B, N, 3, side, side)."""
        pictures = _normalised(crops.flatten(0, 1))
        seen = self.shape(self.convolutions(pictures)) + self.colour(_colour_features(pictures))
        return torch.where(has_crop[..., None], seen.unflatten(0, has_crop.shape), self.absent)


def _normalised(pixels: Tensor) -> Tensor:
    """Return bytes as numbers from -1 to 1."""
    return pixels.float() / 127.5 - 1.0


def _colour_features(pictures: Tensor) -> Tensor:
    """Return the mean colour of pictures (P, 3, side, side) and waves of it: (P, COLOUR_FEATURES)."""
    mean = pictures.mean(dim=(2, 3))  # (P, 3)
    waves = torch.cat([mean * math.pi * (k + 1) / 2 for k in range(COLOUR_WAVES)], dim=1)
    return torch.cat([mean, waves.sin(), waves.cos()], dim=1)
