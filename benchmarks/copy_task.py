"""The copy-memory task, and networks that learn it, for benchmarks/copy_memory.py."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.errors import UserError
from gameengine.cores import Cell, DilatedCore
from gameengine.curves import Points

SYMBOLS, SHOWN = 8, 10  # kinds of symbols, and how many are to be remembered
BLANK, ASK = 8, 9  # what the gap consists of, and what ends it
CURVE_POINTS = 60


def memoryless(gap: int) -> float:
    """Cross-entropy a tick of a network that knows when to answer, but not what."""
    return SHOWN * math.log(SYMBOLS) / (gap + 2 * SHOWN)


def draw_batch(count: int, gap: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Inputs and targets (B, gap + 20) int64: ten symbols, gap - 1 blanks, the question, ten
    blanks; all blanks until the question is over, then the ten symbols."""
    symbols = torch.randint(SYMBOLS, (count, SHOWN), generator=random)
    inputs = torch.full((count, gap + 2 * SHOWN), BLANK)
    targets = inputs.clone()
    inputs[:, :SHOWN], inputs[:, gap + SHOWN - 1] = symbols, ASK
    targets[:, -SHOWN:] = symbols
    return inputs, targets


class CopyNetwork(nn.Module):
    """A core that sees symbols and says symbols."""

    def __init__(self, width: int, dilations: Sequence[int], cell: Cell) -> None:
        super().__init__()
        self.core = DilatedCore(ASK + 1, 1, width, dilations, cell)
        self.say = nn.Linear(width, BLANK + 1)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (B, T) int64 -> logits (B, T, 9)."""
        seen = F.one_hot(inputs, ASK + 1).float()
        memory = self.core.begin(torch.zeros(len(inputs), 1))
        return self.say(self.core.run(seen, memory)[0])


def widest(dilations: Sequence[int], cell: Cell, parameters: int, seed: int) -> CopyNetwork:
    """The widest network of this kind with at most so many parameters. Raises UserError if there is
    none."""
    width = 0
    with torch.device("meta"):  # counting needs no memory
        while size(CopyNetwork(width + 1, dilations, cell)) <= parameters:
            width += 1
    if not width:
        least = size(CopyNetwork(1, dilations, cell))
        raise UserError(f"{parameters} parameters are too few; at least {least} are needed")
    torch.manual_seed(seed)
    return CopyNetwork(width, dilations, cell)


def size(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@dataclass(frozen=True)
class Options:
    """batch: sequences. rate: of Adam. clip: largest norm of the gradient."""

    batch: int
    rate: float
    clip: float
    seed: int


class Contender:
    """A network in training, and how it fared."""

    def __init__(self, network: CopyNetwork, gap: int, options: Options) -> None:
        self.network, self._gap, self._options = network, gap, options
        self._optimiser = torch.optim.Adam(network.parameters(), options.rate, fused=True)
        self._random = torch.Generator().manual_seed(options.seed)
        self.seconds = 0.0
        self.losses: list[tuple[float, float]] = []  # seconds, cross-entropy a tick

    def learn(self) -> None:
        """One step."""
        began = time.perf_counter()
        inputs, targets = draw_batch(self._options.batch, self._gap, self._random)
        loss = F.cross_entropy(self.network(inputs).flatten(0, 1), targets.flatten())
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._options.clip)
        self._optimiser.step()
        self.seconds += time.perf_counter() - began
        self.losses.append((self.seconds, loss.item()))

    def curve(self) -> Points:
        """Minutes and the mean cross-entropy since the point before."""
        stride = max(1, len(self.losses) // CURVE_POINTS)
        chunks = [self.losses[n : n + stride] for n in range(0, len(self.losses), stride)]
        means = [sum(loss for _, loss in chunk) / len(chunk) for chunk in chunks]
        return [chunk[-1][0] / 60 for chunk in chunks], means

    def judged(self, count: int = 128) -> dict[str, float]:
        """Figures on sequences that were not trained on."""
        random = torch.Generator().manual_seed(self._options.seed + 1_000_000)
        inputs, targets = draw_batch(count, self._gap, random)
        with torch.inference_mode():
            logits = self.network(inputs)
        right = logits[:, -SHOWN:].argmax(2) == targets[:, -SHOWN:]
        return {
            "parameters": size(self.network),
            "width": self.network.core.width,
            "steps": len(self.losses),
            "loss": F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item(),
            "right": right.float().mean().item(),
        }
