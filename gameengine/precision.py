"""bfloat16 where the processor makes it faster, never because a config says so."""

from __future__ import annotations

import time

import torch
from torch import nn


def bfloat16_is_faster(rounds: int = 5) -> bool:
    """Whether a small convolution trains faster in bfloat16 on this CPU. Takes about 0.1 s.

    Processors without bfloat16 instructions emulate them, several times slower.
    """
    return _training_seconds(torch.bfloat16, rounds) < _training_seconds(torch.float32, rounds)


def _training_seconds(dtype: torch.dtype, rounds: int) -> float:
    layer = nn.Conv2d(32, 32, 3, padding=1, dtype=dtype)
    features = torch.zeros(64, 32, 16, 16, dtype=dtype)
    features = features.contiguous(memory_format=torch.channels_last)
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        layer(features).sum().backward()
        best = min(best, time.perf_counter() - started)
    return best
