"""Weights of a layer from an embedding: as sums of changes, or as entries to choose from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LOUD = 32.0  # with 4 or less, learning to choose got stuck on most seeds


class Generator(nn.Module):
    """A layer's weights from an embedding: those of the base engine's layer, and a change for each
    entry, a vector or a matrix. The changes together begin with half the scale of the weights.
    apart: for games that have an entry each. Changes are all that they learn: weights of all would
    be disturbed by each."""

    kept: Tensor

    def __init__(self, layer: nn.Module, entries: int, apart: bool = False) -> None:
        super().__init__()
        self.start = layer.requires_grad_(not apart)
        speaking = 1 if apart else entries
        changes: list[Tensor] = []
        for weight in layer.parameters():
            spread = 0.5 * float(weight.detach().std(correction=0)) * speaking**0.5
            shape = weight.shape if weight.ndim == 1 else weight.flatten(1).shape
            changes.append(spread * torch.randn(entries, *shape))
        self.changes = nn.ParameterList(changes)
        # 1 for each entry that counts. A float, since averaged weights are lerped.
        self.register_buffer("kept", torch.ones(entries))
        self.register_state_dict_post_hook(_leave_out)
        self.register_load_state_dict_pre_hook(_put_back)

    def forward(self, embedding: Tensor) -> list[Tensor]:
        """embedding (B, E) -> weights (B, *shape), in the order of the layer's parameters."""
        # Of all entries the mean, so that a step of the optimiser is as large for many as for few.
        mean = embedding * (self.kept > 0.5) / embedding.shape[1]
        return [
            weight + (mean @ change.flatten(1)).view(-1, *weight.shape)
            for weight, change in zip(self.start.parameters(), self.changes, strict=True)
        ]


def _leave_out(make: Generator, weights: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """A checkpoint needs no changes by entries that were dropped."""
    for name in _changes(make, prefix):
        weights[name] = weights[name][make.kept > 0.5]


def _put_back(make: Generator, weights: dict[str, Tensor], prefix: str, *_: Any) -> None:
    kept = weights[f"{prefix}kept"] > 0.5
    for name, change in zip(_changes(make, prefix), make.changes, strict=True):
        whole = torch.zeros(change.shape)
        whole[kept] = weights[name]
        weights[name] = whole


def _changes(make: Generator, prefix: str) -> list[str]:
    return [f"{prefix}changes.{number}" for number in range(len(make.changes))]


class Entries(nn.Module):
    """The weights of a layer that sees which of the entries was chosen, or, last, none of them.
    An entry can be chosen to speak for any of the outputs, with `LOUD` times its value at first."""

    def __init__(self, outputs: int, entries: int) -> None:
        super().__init__()
        own = torch.eye(outputs)[:, :, None].expand(-1, -1, entries)  # each for its output alone
        self.slope = nn.Parameter(LOUD * own.flatten(1))  # (outputs, outputs * E)
        self.none = nn.Parameter(torch.zeros(outputs, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))

    @staticmethod
    def choices(outputs: int, entries: int) -> int:
        """How many there are to choose from."""
        return outputs * entries + 1

    def forward(self, embedding: Tensor) -> list[Tensor]:
        """embedding (B, E) -> kernels (B, outputs, choices, 1, 1) and biases (B, outputs)."""
        values = embedding.repeat(1, len(self.bias))[:, None]  # (B, 1, outputs * E)
        matrix = torch.cat([self.slope * values, self.none.expand(len(values), -1, -1)], 2)
        return [matrix[..., None, None], self.bias.expand(len(values), -1)]
