"""Vectors that stand for games: from a game's description, or learned for each game."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    """Descriptions (B, D) to embeddings (B, size).

    known: of `Embedding.known`. source, size, encoder: see HyperEngine. fixed: the embedding of
    every game, if there is one.
    games (N, D): the known descriptions. is_description: embeddings are descriptions, but for their
    scale. apart: each game begins with an entry of its own, which is a table's with room for them.
    Raises ValueError for a table or an encoder without a size, and for games without a description.
    """

    def __init__(
        self,
        known: Mapping[str, Any],
        source: str,
        size: int,
        encoder: int,
        fixed: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        mean, scale = torch.tensor(known["mean"]), torch.tensor(known["scale"])
        self._mean, self._scale = mean, scale
        self.games = torch.tensor(known["games"])  # (N, D)
        self.fixed = None if fixed is None else torch.tensor(fixed)  # (size,)
        self.is_description = plain = source == "description" and not encoder
        self.size = len(mean) if plain else size
        if self.size < 1:
            raise ValueError(
                "there is no description to take an embedding from; use source: table"
                if plain
                else f"size must be at least 1, not {size}"
            )
        self.table = self.encoder = None
        self.apart = source == "table" and len(self.games) <= size
        if self.apart:  # a Generator takes the mean of what entries make
            self.table = nn.Parameter(size * torch.eye(len(self.games), size))
        elif source == "table":
            self.table = nn.Parameter(torch.randn(len(self.games), size))
        elif encoder:
            self.encoder = nn.Sequential(
                nn.Linear(len(mean), encoder), nn.ReLU(), nn.Linear(encoder, size)
            )

    @staticmethod
    def known(descriptions: Tensor) -> dict[str, Any]:
        """What descriptions (N, D) have in common, as plain values: the different ones, and mean
        and spread of each number; a number that never changes has spread 1."""
        games = descriptions.unique(dim=0) if descriptions.shape[1] else descriptions[:1]
        spread = (games - games.mean(0)).square().mean(0).sqrt()
        return {
            "games": games.tolist(),
            "mean": games.mean(0).tolist(),
            "scale": torch.where(spread > 0, spread, 1.0).tolist(),
        }

    def forward(self, description: Tensor) -> Tensor:
        if self.fixed is not None:
            return self.fixed.expand(len(description), -1)
        return self.of_description(description)

    def of_description(self, description: Tensor) -> Tensor:
        """The same, whatever is fixed."""
        if self.table is not None:
            same = (description[:, None] == self.games).all(2)  # (B, N)
            # A game that is not in the table is the mean of all.
            there = same.any(1, keepdim=True)
            weights = torch.where(there, same.float(), 1 / len(self.games))
            return weights @ self.table
        scaled = (description - self._mean) / self._scale
        return scaled if self.encoder is None else self.encoder(scaled)

    @torch.no_grad()
    def of_known_games(self) -> Tensor:
        """(N, size)."""
        return self.of_description(self.games)

    def nearest(self, embedding: Tensor) -> Tensor:
        """The descriptions (B, D) of embeddings that are descriptions, (B, size): each number is
        the nearest of those that the known games have."""
        values = embedding * self._scale + self._mean
        columns = [
            known.unique()[(value[:, None] - known.unique()).abs().argmin(1)]
            for value, known in zip(values.unbind(1), self.games.unbind(1), strict=True)
        ]
        return torch.stack(columns, 1)
