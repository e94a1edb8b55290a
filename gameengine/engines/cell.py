"""Cell engine: a neural cellular automaton whose frame is its own hidden state.

One small network sees a neighbourhood and says the cell's next colour; all cells share it. The
frame that it shows is snapped and seen at the next tick. After Gilpin, "Cellular automata as
convolutional neural networks", Phys. Rev. E 2019.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits, one_hot, snap


class CellEngine(Engine):
    """width: features of a cell. depth: hidden layers between neighbourhood and colour.
    edges: what a cell at the border sees, "torus" the other side, "dead" nothing at all.

    It sees no actions and one frame, and predicts no reward: for games that run by themselves.
    Raises ValueError for others.
    """

    reads_frames = True
    memoryless = True

    def __init__(
        self,
        spec: GameSpec,
        width: int = 16,
        depth: int = 2,
        edges: Literal["torus", "dead"] = "torus",
    ) -> None:
        super().__init__(spec, width=width, depth=depth, edges=edges)
        if len(spec.actions) > 1 or spec.context > 1:
            raise ValueError(
                f"CellEngine learns games that run by themselves and hide nothing; {spec.name} has"
                f" {len(spec.actions)} actions and needs {spec.context} frames"
            )
        self._colours = len(spec.colours)
        self._mode = "circular" if edges == "torus" else "constant"
        # Colour 0 is left out: it is what is there when no other colour is.
        widths = [9 * (self._colours - 1), *[width] * depth]
        layers: list[nn.Module] = []
        for seen, features in pairwise(widths):
            layers += [nn.Conv2d(seen, features, 1), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Conv2d(width, self._colours, 1))

    def encode(self, context: Context, description: Tensor) -> Hidden:
        frame = context.frames[:, -1]  # (B, 1, H, W)
        return {"frame": frame, "logits": certain_logits(frame, self._colours)}

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        cells = one_hot(hidden["frame"], self._colours)[:, 1:]  # (B, K - 1, H, W)
        height, width = cells.shape[2:]
        around = F.pad(cells, (1, 1, 1, 1), mode=self._mode)
        # Nine shifted copies and dense layers: the same as a 3 x 3 convolution, and on CPUs several
        # times faster for so few channels.
        seen = torch.cat(
            [around[..., r : r + height, c : c + width] for r in range(3) for c in range(3)], 1
        )  # (B, 9 * (K - 1), H, W)
        logits = self.network(seen).float()
        return {"frame": snap(logits), "logits": logits}

    def decode(self, hidden: Hidden) -> Prediction:
        logits = hidden["logits"]
        nothing = torch.zeros(len(logits), len(self.spec.players), device=logits.device)  # (B, P)
        return Prediction(logits, nothing, torch.full_like(nothing[:, 0], -10.0))

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden | {"frame": frames}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions, frames)
