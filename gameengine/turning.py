"""A gated recurrent memory whose parts turn like the hands of clocks."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TurningMemory(nn.Module):
    """A recurrent vector of `width` numbers, in pairs. Each tick, a gate decides how much of a pair
    is replaced by something new, and then every pair turns by an angle of its own. So what moves
    evenly needs no work to go on moving, to fractions of a pixel, which a plain gated memory would
    have to compute anew each tick.

    The angles begin as those of a discrete Fourier transform over `width` ticks, which has a hand
    that stands still for what just has to be kept.
    seen: numbers that are seen each tick. Cho et al. 2014 for the gates; turning: Jing et al.,
    "Gated orthogonal recurrent units", Neural Computation 2019. Raises ValueError for an odd width.
    """

    def __init__(self, seen: int, width: int) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"a memory in pairs needs an even width, not {width}")
        self.angles = nn.Parameter(torch.arange(width // 2) * (2 * torch.pi / width))
        self.told = nn.Linear(seen, 2 * width)
        self.recall = nn.Linear(width, 2 * width, bias=False)
        with torch.no_grad():
            self.told.bias[:width] -= 2.0  # at first most is kept

    def forward(self, seen: Tensor, memory: Tensor) -> Tensor:
        """seen (B, T, seen), memory (B, width) -> memories after each tick (B, T, width)."""
        turn = torch.polar(torch.ones_like(self.angles), self.angles)  # (width / 2,)
        memories: list[Tensor] = []
        for told in self.told(seen).unbind(1):
            gate, new = (told + self.recall(memory)).chunk(2, 1)
            memory = torch.lerp(memory, new.tanh(), gate.sigmoid())
            hands = torch.view_as_complex(memory.unflatten(1, (-1, 2)).contiguous()) * turn
            memory = torch.view_as_real(hands).flatten(1)
            memories.append(memory)
        return torch.stack(memories, 1)
