"""Layers whose weights come from elsewhere, other ones for each item of a batch.

Each takes the place of a layer of torch. Between `use` and `use(None)` it has weights (B, size) for
B items, and sees N = B * r inputs, the r of an item one after another. Everything is a product of
matrices for the whole batch, without a loop over items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ItemLayer(nn.Module, ABC):
    """Interface. size: how many numbers are an item's weights."""

    size: int

    def __init__(self) -> None:
        super().__init__()
        self._weights: Tensor | None = None

    def use(self, weights: Tensor | None) -> None:
        """weights (B, size), or None: forget them."""
        self._weights = weights

    @property
    def weights(self) -> Tensor:
        assert self._weights is not None, "an item layer is used without weights"
        return self._weights

    @staticmethod
    @abstractmethod
    def flat(layer: nn.Module) -> Tensor:
        """The weights of the layer whose place it takes, (size,)."""


class ItemLinear(ItemLayer):
    """In place of a dense layer: (N, ..., in) -> (N, ..., out)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self._shape = layer.out_features, layer.in_features
        self.size = layer.out_features * (layer.in_features + 1)

    @staticmethod
    def flat(layer: nn.Module) -> Tensor:
        return _flat(cast(nn.Linear, layer))

    def forward(self, seen: Tensor) -> Tensor:
        matrix, bias = _split(self.weights, *self._shape)
        if len(matrix) == 1:  # as in play: an ordinary layer
            return F.linear(seen, matrix[0], bias[0])
        folded = seen.reshape(len(matrix), -1, seen.shape[-1])  # (B, r * ..., in)
        return torch.baddbmm(bias[:, None], folded, matrix.mT).view(*seen.shape[:-1], -1)


class ItemConv(ItemLayer):
    """In place of a convolution of one stride: (N, in, h, w) -> (N, out, h, w)."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self._side, self._padding = layer.kernel_size[0], int(layer.padding[0])
        self._shape = layer.out_channels, layer.in_channels * self._side**2
        self.size = layer.out_channels * (self._shape[1] + 1)

    @staticmethod
    def flat(layer: nn.Module) -> Tensor:
        return _flat(cast(nn.Conv2d, layer))

    def forward(self, seen: Tensor) -> Tensor:
        matrix, bias = _split(self.weights, *self._shape)
        if len(matrix) == 1:  # as in play: an ordinary layer
            kernel = matrix[0].view(self._shape[0], -1, self._side, self._side)
            return F.conv2d(seen, kernel, bias[0], padding=self._padding)
        smaller = self._side - 1 - 2 * self._padding
        size = seen.shape[2] - smaller, seen.shape[3] - smaller
        columns = (
            seen.flatten(2) if self._side == 1 else F.unfold(seen, self._side, 1, self._padding)
        )
        items, times = len(matrix), len(seen) // len(matrix)
        if times > 1:
            matrix, bias = (one.repeat_interleave(times, 0) for one in (matrix, bias))
        assert len(matrix) == len(seen), f"{len(seen)} inputs are none of {items} items"
        return torch.baddbmm(bias[:, :, None], matrix, columns).unflatten(2, size)


class ItemGru(ItemLayer):
    """In place of a GRU of one layer, batch first: (N, T, in) and a state (1, N, out) -> outputs
    (N, T, out) and the last state."""

    def __init__(self, layer: nn.GRU) -> None:
        super().__init__()
        self._width, self._seen = layer.hidden_size, layer.input_size
        self.size = 3 * self._width * (self._seen + self._width + 2)

    @staticmethod
    def flat(layer: nn.Module) -> Tensor:
        return torch.cat([weight.detach().flatten() for weight in layer.parameters()])

    def forward(self, seen: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        width, times = 3 * self._width, len(seen) // len(self.weights)
        sizes = [width * self._seen, width * self._width, width, width]
        into, back, *biases = self.weights.split(sizes, 1)
        told = torch.baddbmm(
            biases[0][:, None],
            seen.reshape(len(into), -1, self._seen),
            into.unflatten(1, (width, -1)).mT,
        ).view(*seen.shape[:2], width)
        back = back.unflatten(1, (width, -1)).mT
        now, states = state[0].unflatten(0, (-1, times)), list[Tensor]()  # (B, r, out)
        for tick in told.unflatten(0, (-1, times)).unbind(2):
            recalled = torch.baddbmm(biases[1][:, None], now, back)
            gates = tick[..., : -self._width] + recalled[..., : -self._width]
            reset, update = gates.sigmoid().chunk(2, 2)
            goal = torch.tanh(tick[..., -self._width :] + reset * recalled[..., -self._width :])
            now = torch.lerp(goal, now, update)
            states.append(now)
        last = now.flatten(0, 1)
        return torch.stack(states, 2).flatten(0, 1), last[None]


ITEM_LAYERS: dict[type[nn.Module], type[ItemLayer]] = {
    nn.Linear: ItemLinear,
    nn.Conv2d: ItemConv,
    nn.GRU: ItemGru,
}


def _flat(layer: nn.Linear | nn.Conv2d) -> Tensor:
    weight = layer.weight.detach()
    bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach()
    return torch.cat([weight.flatten(), bias])


def _split(weights: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """weights (B, size) -> matrices (B, rows, columns) and biases (B, rows)."""
    return weights[:, :-rows].unflatten(1, (rows, columns)), weights[:, -rows:]
