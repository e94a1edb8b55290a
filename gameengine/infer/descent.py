"""Looking for what came before by gradient: the engine itself, asked about cells that are more or
less alive, many boards at once.

Relaxed states with Gumbel noise after Jang, Gu and Poole, "Categorical reparameterization with
Gumbel-softmax", ICLR 2017; straight-through after Bengio, Leonard and Courville, 2013.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.engines.cell import CellEngine
from gameengine.relaxed import relaxed


@dataclass(frozen=True)
class Descent:
    """boards: tries, all in one batch. steps, rate: of Adam, on what decides whether a cell lives.
    noise: Gumbel's, at first; it falls to 0. sharp: how certain cells are at the end; 1 at first.
    snapped: the engine is shown cells that live or do not, and gradients pass straight through."""

    boards: int = 64
    steps: int = 200
    rate: float = 0.3
    noise: float = 1.0
    sharp: float = 4.0
    snapped: bool = False


def descend(
    engine: CellEngine,
    target: Tensor,
    ticks: int,
    how: Descent,
    seed: int = 0,
    progress: Callable[[int, float], None] | None = None,
) -> Tensor:
    """Boards (N, H, W) uint8 that should become `target` (H, W) uint8 after so many ticks of an
    engine of two colours, one frame of context and no actions to choose from."""
    generator = torch.Generator().manual_seed(seed)
    wanted = target.long().expand(how.boards, -1, -1)  # (N, H, W)
    tendency = torch.randn(wanted.shape, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([tendency], how.rate)
    for step in range(how.steps):
        left = 1 - step / how.steps
        sharp = how.sharp ** (1 - left)
        alive = torch.sigmoid(
            sharp * (tendency + how.noise * left * _logistic(tendency, generator))
        )
        if how.snapped:
            alive = alive + ((alive > 0.5).float() - alive).detach()
        logits = relaxed(engine, torch.stack([1 - alive, alive], 1), ticks)
        loss = F.cross_entropy(logits, wanted, reduction="sum") / how.boards
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if progress is not None:
            progress(step, loss.item())
    return (tendency > 0).to(torch.uint8)


def _logistic(like: Tensor, generator: torch.Generator) -> Tensor:
    """The difference of two Gumbel variables."""
    chance = torch.rand(like.shape, generator=generator).clamp(1e-6, 1 - 1e-6)
    return torch.logit(chance)
