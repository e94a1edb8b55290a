"""Muon: steps of equal size in all directions of a weight matrix, Adam for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # coefficients of Jordan et al.
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Two kinds of parameters: `matrices`, whose momentum is made orthogonal before it is applied
    (a convolution's weight counts as a matrix with a row for each output channel, one of three axes
    as a stack of matrices), and `others`, which get Adam.

    lr: of the matrices, in the scale of an orthogonal matrix. adam_lr: of the others.
    weight_decay: on matrices, times lr. momentum: Nesterov's.
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. torch.optim.Muon
    takes no convolutions and no Adam beside it.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        others: Iterable[Tensor],
        lr: float = 0.02,
        adam_lr: float = 3e-3,
        betas: tuple[float, float] = (0.9, 0.98),
        weight_decay: float = 0.01,
        momentum: float = 0.95,
    ) -> None:
        groups: list[dict[str, Any]] = [  # an empty group does no harm
            {"params": list(matrices), "lr": lr, "momentum": momentum, "decay": weight_decay},
            {"params": list(others), "lr": adam_lr, "betas": betas},
        ]
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if "momentum" in group:
                self._muon(weights, group)
            else:
                for weight in weights:
                    self._adam(weight, group)
        return loss

    def _muon(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        momentum, rate = group["momentum"], group["lr"]
        alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
        for weight in weights:
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            state["momentum"].mul_(momentum).add_(weight.grad)
            step = _as_matrices(weight.grad + momentum * state["momentum"])
            alike.setdefault(step.shape[1:], []).append((weight, step))
        for (rows, columns), members in alike.items():
            steps = orthogonal(torch.cat([step for _, step in members]))
            scale = max(1.0, rows / columns) ** 0.5
            counts = [len(step) for _, step in members]
            for (weight, _), step in zip(members, steps.split(counts), strict=True):
                weight.mul_(1 - rate * group["decay"])
                weight.add_(step.view_as(weight), alpha=-rate * scale)

    def _adam(self, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = 0
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(weight.grad, 1 - first)
        state["square"].mul_(second).addcmul_(weight.grad, weight.grad, value=1 - second)
        mean = state["mean"] / (1 - first ** state["step"])
        deviation = (state["square"] / (1 - second ** state["step"])).sqrt_().add_(1e-8)
        weight.addcdiv_(mean, deviation, value=-group["lr"])


def _as_matrices(weight: Tensor) -> Tensor:
    """(n, rows, columns)."""
    return weight if weight.ndim == 3 else weight.flatten(1)[None]


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (n, rows, columns) with all their singular values brought near 1 (0.7 to 1.2), by
    Newton-Schulz iteration."""
    first, third, fifth = NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    wide = matrices.mT if tall else matrices
    wide = wide / (wide.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = wide @ wide.mT
        mixed = torch.baddbmm(gram, gram, gram, beta=third, alpha=fifth)
        wide = torch.baddbmm(wide, mixed, wide, beta=first)
    return wide.mT if tall else wide
