"""Cell engine: a neural cellular automaton, for games on grids.

One small network sees a neighbourhood and says the cell's next colour; all cells share it. The
frame that it shows is snapped and seen at the next tick. After Gilpin, "Cellular automata as
convolutional neural networks", Phys. Rev. E 2019; inner steps after Mordvintsev et al., "Growing
neural cellular automata", Distill 2020.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engines.blocks import block_features, frames_of_blocks
from gameengine.engines.last_frames import Given, LastFramesEngine
from gameengine.frames import shares


class CellEngine(LastFramesEngine):
    """width: features of a cell. depth: hidden layers between neighbourhood and features.
    edges: what a cell at the border sees, "torus" the other side, "dead" nothing at all.
    cell: pixels on a cell's side, for games that are drawn on a grid coarser than pixels.
    steps: how far a cell sees; in each after the first, neighbours exchange features.
    token: width of a vector that all cells write to and read from in each step; 0: none. Without
    one no reward and no end is predicted.
    described: every cell is given the description, as it is given the actions.

    Cells of one pixel may be uncertain: frames (N, T0, K, H, W) of shares are seen as well.
    It knows neither time nor place beyond the last frames. Raises ValueError for steps or token out
    of range.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 16,
        depth: int = 2,
        edges: Literal["torus", "dead"] = "torus",
        cell: int = 1,
        steps: int = 1,
        token: int = 0,
        described: bool = False,
    ) -> None:
        given = Given(spec, described, acting=len(spec.actions) > 1)
        options = {"width": width, "depth": depth, "edges": edges}
        options |= {"cell": cell, "steps": steps, "token": token, "described": described}
        super().__init__(spec, given, None, options)
        for name, value, least in (
            ("depth", depth, 1),
            ("cell", cell, 1),
            ("steps", steps, 1),
            ("token", token, 0),
        ):
            if value < least:
                raise ValueError(f"{name} of CellEngine must be at least {least}, not {value}")
        self._cell, self._steps = cell, steps
        self._mode = "circular" if edges == "torus" else "constant"
        # Colour 0 is left out: it is what is there when no other colour is.
        self._seen = spec.context * cell**2 * (len(spec.colours) - 1)
        widths = [9 * self._seen, *[width] * depth]
        layers: list[nn.Module] = []
        for seen, features in pairwise(widths):
            layers += [nn.Conv2d(seen, features, 1), nn.ReLU()]
        self.network = nn.Sequential(*layers)
        self.head = nn.Conv2d(width, cell**2 * len(spec.colours), 1)
        self.choice = nn.Linear(given.width, width) if given.width else None
        self.message = nn.Conv2d(width, width, 3) if steps > 1 else None
        self.token = Token(width, token) if token else None
        self.outcome = nn.Linear(token, len(spec.players) + 1) if token else None

    def look(self, frames: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        features = self._neighbourhoods(frames)  # (N, width, h, w)
        if self.choice is not None:
            features = features + self.choice(given)[:, :, None, None]
        features = self.network[1:](features)
        token = features.new_zeros(len(frames), 0)
        for step in range(self._steps):
            if step and self.message is not None:
                features = features + F.relu(self.message(self._around(features)))
            if self.token is not None:
                features, token = self.token(features, token)
        return features, token

    def show(self, frames: Tensor, local: Tensor, insight: Tensor) -> tuple[Tensor, Tensor]:
        colours = self.head(local).float()  # (N, K * cell^2, h, w)
        logits = (
            frames_of_blocks(colours, frames.shape[-2:], self._cell) if self._cell > 1 else colours
        )
        if self.outcome is not None:
            return logits, self.outcome(insight).float()
        nothing = torch.zeros(len(frames), len(self.spec.players), device=frames.device)
        return logits, F.pad(nothing, (0, 1), value=-10.0)  # (N, P + 1): no reward, no end

    def _neighbourhoods(self, frames: Tensor) -> Tensor:
        """The first layer: frames (N, T0, H, W) -> (N, width, h, w)."""
        if self._cell == 1:  # faster than blocks of one pixel
            hot = shares(frames, len(self.spec.colours))[:, :, 1:].flatten(1, 2)
        else:
            hot = block_features(frames, len(self.spec.colours), self._cell, first=1).contiguous()
        height, width = hot.shape[2:]
        around = self._around(hot)  # (N, T0 * cell^2 * (K - 1), h + 2, w + 2)
        first = self.network[0]
        if self._seen == 1:
            # Nine shifted copies and a dense layer: the same as a 3 x 3 convolution, and on CPUs
            # twice as fast at play. With more channels a convolution is, 3 times in training.
            shifted = [
                around[..., r : r + height, c : c + width] for r in range(3) for c in range(3)
            ]
            return first(torch.cat(shifted, 1))
        weight, bias = first.parameters()
        weight = weight.flatten(1).unflatten(1, (3, 3, self._seen)).permute(0, 3, 1, 2)
        return F.conv2d(around, weight, bias)

    def _around(self, cells: Tensor) -> Tensor:
        """Cells (N, features, h, w) and what lies beyond the edges: (N, features, h + 2, w + 2)."""
        return F.pad(cells, (1, 1, 1, 1), mode=self._mode)


class Token(nn.Module):
    """A vector of `size` that all cells share: each says what it writes and how much that counts,
    and reads the sum. width: features of a cell."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.write = nn.Conv2d(width, 2 * size, 1)
        self.think = nn.Linear(size, size)
        self.read = nn.Linear(size, width)
        self.mix = nn.Conv2d(width, width, 1)

    def forward(self, features: Tensor, token: Tensor) -> tuple[Tensor, Tensor]:
        """features (N, width, h, w) and token (N, size), empty before the first step -> the same
        after it."""
        values, counts = self.write(features).flatten(2).chunk(2, 1)  # (N, size, h * w)
        written = F.relu(self.think((values * counts.softmax(2)).sum(2)))  # (N, size)
        token = token + written if token.shape[1] else written
        return features + F.relu(self.mix(features) + self.read(token)[:, :, None, None]), token
