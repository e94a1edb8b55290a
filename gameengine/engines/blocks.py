"""Frames as square blocks of pixels, which convolutions cross in fewer steps, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gameengine.engines.last_frames import working_dtype

NO_COLOUR = 255  # beyond the edge of a frame whose size is no multiple of the block


def block_grid(height: int, width: int, block: int) -> tuple[int, int]:
    """Rows and columns of blocks of `block` pixels a side that cover a frame."""
    return -(-height // block), -(-width // block)


def block_features(frames: Tensor, colours: int, block: int, first: int = 0) -> Tensor:
    """Which colour, from `first` on, each pixel of a block has in each frame: frames (B, T0, H, W)
    uint8 -> (B, T0 * block^2 * (K - first), rows, columns) zeros and ones, channels last in
    memory."""
    palette = torch.arange(first, colours, dtype=torch.uint8, device=frames.device)
    beyond = (0, -frames.shape[3] % block, 0, -frames.shape[2] % block)
    if any(beyond):
        frames = F.pad(frames, beyond, value=NO_COLOUR)
    split = frames.unflatten(3, (-1, block)).unflatten(
        2, (-1, block)
    )  # (B, T0, h, block, w, block)
    blocks = split.permute(0, 2, 4, 1, 3, 5).flatten(3)  # (B, h, w, T0 * block^2)
    hot = (blocks[..., None] == palette).to(working_dtype(frames.device))
    return hot.flatten(3).permute(0, 3, 1, 2)


def frames_of_blocks(features: Tensor, size: torch.Size, block: int) -> Tensor:
    """Undo the blocks: (B, K * block^2, rows, columns) -> (B, K, *size)."""
    return F.pixel_shuffle(features.contiguous(), block)[..., : size[0], : size[1]]


class PlaceBias(nn.Module):
    """A bias for each channel at each place: (N, C, h, w) -> the same, channels last in memory. It
    begins with 0, and lies (h * w * C,) as it is applied."""

    def __init__(self, channels: int, rows: int, columns: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(rows * columns * channels))

    def forward(self, features: Tensor) -> Tensor:
        last = features.permute(0, 2, 3, 1)  # (N, h, w, C)
        return (last + self.bias.to(last.dtype).view(last.shape[1:])).permute(0, 3, 1, 2)


def global_path(seen: int, width: int) -> nn.Sequential:
    """Layers that see everything at once: (B, seen) -> (B, width / 2)."""
    return nn.Sequential(nn.Linear(seen, width), nn.ReLU(), nn.Linear(width, width // 2), nn.ReLU())
