"""Dense engine: snapped feedback without convolutions. Every pixel of the next frame may depend on
every pixel of the last ones, and nothing is known of neighbours."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engines.last_frames import Given, LastFramesEngine, Memory
from gameengine.frames import one_hot


class DenseEngine(LastFramesEngine):
    """width: of the hidden layers. depth: how many there are before the memory joins; one follows.
    memory: width of a recurrent vector for what the last frames do not show; 0: none.
    described: it reads the description; with a memory it always does.
    Raises ValueError if memory is negative.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 512,
        depth: int = 1,
        memory: int = 0,
        described: bool = False,
    ) -> None:
        given = Given(spec, described or memory != 0)
        super().__init__(
            spec,
            given,
            Memory(width, given, memory) if memory else None,
            {"width": width, "depth": depth, "memory": memory, "described": described},
        )
        _, height, frame_width = spec.shape
        pixels, self._colours = height * frame_width, len(spec.colours)
        # A sum over the pixels that are not background, not a product with all the zeros and ones:
        # it trains 10 times as fast where 3 % of the pixels are, 2 times where half are.
        painted = spec.context * pixels * (self._colours - 1)
        self.pixels = nn.EmbeddingBag(painted, width, mode="sum")
        nn.init.normal_(self.pixels.weight, std=pixels**-0.5)
        self.choice = nn.Linear(given.width, width)
        layers: list[nn.Module] = []
        for seen, features in pairwise([width] * depth):
            layers += [nn.Linear(seen, features), nn.ReLU()]
        self.deep = nn.Sequential(*layers)
        self.join = nn.Linear(width + memory, width)
        self.draw = nn.Linear(width, self._colours * pixels)
        self.keep = nn.Parameter(torch.tensor(3.0))  # by default a pixel stays as it was
        self.outcome = nn.Linear(width, len(spec.players) + 1)

    def look(self, frames: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        flat = frames.flatten(1)  # (N, T0 * H * W)
        items, places = flat.nonzero(as_tuple=True)
        painted = places * (self._colours - 1) + flat[items, places].long() - 1
        first = torch.searchsorted(items, torch.arange(len(flat), device=flat.device))
        insight = self.deep(F.relu(self.pixels(painted, first) + self.choice(given)))
        return insight[:, :0], insight  # nothing local

    def show(self, frames: Tensor, local: Tensor, insight: Tensor) -> tuple[Tensor, Tensor]:
        joined = F.relu(self.join(insight))
        changes = self.draw(joined).unflatten(1, (self._colours, *frames.shape[2:]))
        stays = one_hot(frames[:, -1:], self._colours)
        return changes.float() + self.keep * stays, self.outcome(joined).float()
