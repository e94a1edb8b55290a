"""The one place inside torch where frames change their form: uint8 indices, one-hot, logits."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from data_gen.game import GameSpec


def one_hot(frames: Tensor, colours: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Palette indices (..., 1, H, W) uint8 as (..., K, H, W) of zeros and ones."""
    palette = torch.arange(colours, dtype=torch.uint8, device=frames.device)
    return (frames == palette[:, None, None]).to(dtype)


def shares(frames: Tensor, colours: int) -> Tensor:
    """How much each pixel is of each colour, (..., K, H, W). Palette indices (..., H, W) in uint8
    are certain; frames that are shares already stay as they are."""
    return frames if frames.is_floating_point() else one_hot(frames.unsqueeze(-3), colours)


def snap(logits: Tensor) -> Tensor:
    """The frame that logits (..., K, H, W) show: palette indices (..., 1, H, W) uint8; the first of
    equal ones."""
    # Not argmax or max().indices: on CPUs they are slow over an inner axis, 2 to 5 times as this.
    worse = (logits != logits.amax(-3, keepdim=True)).to(torch.uint8)  # (..., K, H, W)
    steps = torch.zeros_like(worse.select(-3, 0))  # from a colour to the first best one after it
    for colour in reversed(range(logits.shape[-3] - 1)):
        steps = worse.select(-3, colour) * (steps + 1)
    return steps.unsqueeze(-3)


def with_noise(frames: Tensor, share: float, colours: int, rng: np.random.Generator) -> Tensor:
    """Palette indices (..., H, W) uint8, a share of the pixels replaced by one of so many colours,
    each as likely as another. `frames` is not changed."""
    size = tuple(frames.shape)
    hit = torch.from_numpy(rng.random(size, np.float32) < share)
    colour = torch.from_numpy(rng.integers(0, colours, size, np.uint8))
    return torch.where(hit.to(frames.device), colour.to(frames.device), frames)


def certain_logits(frames: Tensor, colours: int) -> Tensor:
    """Logits (..., K, H, W) that show exactly these frames (..., 1, H, W)."""
    return one_hot(frames, colours) * 10.0


def one_hot_actions(actions: Tensor, spec: GameSpec) -> Tensor:
    """Actions (..., P) int64 as (..., P * A) of zeros and ones."""
    hot = torch.nn.functional.one_hot(actions, len(spec.actions))  # (..., P, A)
    return hot.flatten(-2).to(torch.float32)


def wrong_pixels(frames: Tensor, logits: Tensor) -> Tensor:
    """Where the shown frame differs from frames (..., 1, H, W). Returns (..., H, W) bool."""
    return (snap(logits) != frames).squeeze(-3)
