"""Layers whose weights come from elsewhere, other ones for each item of a batch.

Each takes the place of a layer of torch. From `use` on it has weights for B items, and sees
N = B * r inputs, the r of an item one after another. Everything is done for the whole batch at
once, but for convolutions of items with many inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gameengine.engines.blocks import PlaceBias

MANY = 8  # with fewer, groups of channels are faster than batches; see benchmarks/hyper.py


class ItemLayer(nn.Module):
    """Interface. Without `use` an item layer has no weights."""

    def __init__(self) -> None:
        super().__init__()
        self._weights: Sequence[Tensor] = ()

    def use(self, weights: Sequence[Tensor]) -> None:
        """weights: those of the layer whose place it takes, in the order of its parameters, each
        with B before its shape. None at all: the old ones are forgotten."""
        self._weights = weights

    @property
    def weights(self) -> Sequence[Tensor]:
        assert self._weights, "an item layer is used without weights"
        return self._weights


class ItemLinear(ItemLayer):
    """In place of a dense layer: (N, ..., in) -> (N, ..., out)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()

    def forward(self, seen: Tensor) -> Tensor:
        matrix, *bias = self.weights
        if len(matrix) == 1:  # as in play: an ordinary layer
            return F.linear(seen, matrix[0], *[one[0] for one in bias])
        folded = seen.reshape(len(matrix), -1, seen.shape[-1])  # (B, r * ..., in)
        return _products(folded, matrix, bias).view(*seen.shape[:-1], -1)


class ItemConv(ItemLayer):
    """In place of a convolution of one stride: (N, in, h, w) -> (N, out, h, w). many: inputs of an
    item from which on they are a batch of their own."""

    many = MANY

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self._padding = int(layer.padding[0])

    def forward(self, seen: Tensor) -> Tensor:
        kernels, *bias = self.weights
        items = len(kernels)
        assert len(seen) % items == 0, f"{len(seen)} inputs are none of {items} items"
        if items == 1:  # as in play: an ordinary layer
            own = bias[0][0] if bias else None
            return F.conv2d(seen, kernels[0], own, padding=self._padding)
        if kernels.shape[3:] == (1, 1) and not self._padding:
            # A dense layer for each pixel: the channels lie side by side in memory.
            pixels = seen.permute(0, 2, 3, 1)  # (N, h, w, in)
            folded = pixels.reshape(items, -1, seen.shape[1])  # (B, r * h * w, in)
            shown = _products(folded, kernels.flatten(2), bias)
            return shown.view(*pixels.shape[:3], -1).permute(0, 3, 1, 2)
        if len(seen) >= self.many * items:
            own = zip(seen.chunk(items), *self.weights, strict=True)  # nothing has to be moved
            return torch.cat([F.conv2d(*item, padding=self._padding) for item in own])
        # Each item is a group of channels, which lie last in memory: (r, B * in, h, w).
        pixels = seen.permute(0, 2, 3, 1).unflatten(0, (items, -1))  # (B, r, h, w, in)
        grouped = pixels.permute(1, 2, 3, 0, 4).flatten(3).permute(0, 3, 1, 2)
        own = kernels.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        offset = bias[0].flatten() if bias else None
        shown = F.conv2d(grouped, own, offset, padding=self._padding, groups=items)
        pixels = shown.permute(0, 2, 3, 1).unflatten(3, (items, -1))  # (r, h, w, B, out)
        return pixels.permute(3, 0, 4, 1, 2).flatten(0, 1)


class ItemPlaceBias(ItemLayer):
    """In place of a bias for each channel at each place: (N, C, h, w) -> the same."""

    def __init__(self, layer: PlaceBias) -> None:
        super().__init__()

    def forward(self, seen: Tensor) -> Tensor:
        (bias,) = self.weights  # (B, h * w * C)
        pixels = seen.permute(0, 2, 3, 1).unflatten(0, (len(bias), -1))  # (B, r, h, w, C)
        shown = pixels + bias.to(seen.dtype).view(-1, 1, *pixels.shape[2:])
        return shown.flatten(0, 1).permute(0, 3, 1, 2)


class ItemGru(ItemLayer):
    """In place of a GRU of one layer, batch first: (N, T, in) and a state (1, N, out) -> outputs
    (N, T, out) and the last state."""

    def __init__(self, layer: nn.GRU) -> None:
        super().__init__()

    def forward(self, seen: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        into, back, bias, recalling = self.weights
        width, times = back.shape[2], len(seen) // len(into)
        folded = seen.reshape(len(into), -1, seen.shape[2])  # (B, r * T, in)
        told = _products(folded, into, [bias]).view(*seen.shape[:2], -1)
        now, states = state[0].unflatten(0, (-1, times)), list[Tensor]()  # (B, r, out)
        for tick in told.unflatten(0, (-1, times)).unbind(2):
            recalled = _products(now, back, [recalling])
            gates = tick[..., :-width] + recalled[..., :-width]
            reset, update = gates.sigmoid().chunk(2, 2)
            goal = torch.tanh(tick[..., -width:] + reset * recalled[..., -width:])
            now = torch.lerp(goal, now, update)
            states.append(now)
        last = now.flatten(0, 1)
        return torch.stack(states, 2).flatten(0, 1), last[None]


ITEM_LAYERS: dict[type[nn.Module], Callable[[Any], ItemLayer]] = {
    nn.Linear: ItemLinear,
    nn.Conv2d: ItemConv,
    nn.GRU: ItemGru,
    PlaceBias: ItemPlaceBias,
}


def _products(seen: Tensor, matrices: Tensor, bias: Sequence[Tensor]) -> Tensor:
    """seen (B, n, in), matrices (B, out, in), bias (B, out) or none -> (B, n, out)."""
    if bias:
        return torch.baddbmm(bias[0][:, None], seen, matrices.mT)
    return torch.bmm(seen, matrices.mT)
