"""Filters engine: runtime feature detectors. One network looks at the whole frame and makes, each
tick, the filters that a second network looks at the same frame with.

De Brabandere et al., "Dynamic filter networks", NeurIPS 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engines.blocks import (
    PlaceBias,
    block_features,
    block_grid,
    frames_of_blocks,
    global_path,
)
from gameengine.engines.last_frames import Given, LastFramesEngine
from gameengine.frames import one_hot

BLOCK = 2  # pixels: the network works on blocks of 2 x 2


class FiltersEngine(LastFramesEngine):
    """width: channels, and filters made each tick. reach: their size in blocks of 2 x 2 pixels, an
    odd number. depth: residual blocks behind them. squeeze: channels that the first network sees
    the places of, and insight: its width.
    described: it reads the description.
    Raises ValueError if reach is even.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 32,
        depth: int = 2,
        squeeze: int = 4,
        insight: int = 128,
        reach: int = 3,
        described: bool = False,
    ) -> None:
        given = Given(spec, described)
        super().__init__(
            spec,
            given,
            None,
            {
                "width": width,
                "depth": depth,
                "squeeze": squeeze,
                "insight": insight,
                "reach": reach,
                "described": described,
            },
        )
        if reach % 2 == 0:
            raise ValueError(f"reach must be odd, not {reach}")
        rows, columns = block_grid(*spec.shape[1:], BLOCK)
        colours = len(spec.colours)
        seen = spec.context * (colours - 1) * BLOCK**2  # background is what no other colour is
        self._filter = (width, seen, reach, reach)
        self.stem = nn.Conv2d(seen, width, 3, padding=1)
        self.squeeze = nn.Conv2d(width, squeeze, 1)
        self.far = global_path(squeeze * rows * columns + given.width, insight)
        self.filters = nn.Linear(insight // 2, width * (seen * reach**2 + 1))
        nn.init.uniform_(self.filters.bias, -1.0, 1.0)
        self._scale = (seen * reach**2) ** -0.5  # an ordinary filter starts between - and + this
        self.place = PlaceBias(width, rows, columns)
        self.near = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.head = nn.Conv2d(width, colours * BLOCK**2, 1)
        self.keep = nn.Parameter(torch.tensor(3.0))  # by default a pixel stays as it was
        self.outcome = nn.Linear(insight // 2, len(spec.players) + 1)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def look(self, frames: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        seen = block_features(frames, len(self.spec.colours), BLOCK, first=1)
        summary = self.squeeze(F.relu(self.stem(seen))).permute(0, 2, 3, 1).flatten(1)
        return seen, self.far(torch.cat([summary, given.to(summary.dtype)], 1))

    def show(self, frames: Tensor, local: Tensor, insight: Tensor) -> tuple[Tensor, Tensor]:
        weight, bias = self.make_filters(insight)
        features = F.relu(self.place(convolve_each(local, weight, bias)))  # (N, width, h, w)
        for near in self.near:
            features = features + F.relu(near(features))
        changes = frames_of_blocks(self.head(features), frames.shape[2:], BLOCK)  # (N, K, H, W)
        stays = one_hot(frames[:, -1:], len(self.spec.colours))
        return changes.float() + self.keep * stays, self.outcome(insight).float()

    def make_filters(self, insight: Tensor) -> tuple[Tensor, Tensor]:
        """insight (N, features) -> weights (N, width, seen, reach, reach), biases (N, width)."""
        made = self.filters(insight) * self._scale
        width = self._filter[0]
        return made[:, width:].unflatten(1, self._filter), made[:, :width]


def convolve_each(seen: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution with filters of its own for each item: seen (N, S, h, w), weight (N, width, S,
    reach, reach), bias (N, width) -> (N, width, h, w)."""
    items, channels = seen.shape[:2]
    # The items become groups of one convolution: on CPUs 1.5 to 4 times faster than unfold and bmm.
    side_by_side = F.conv2d(
        seen.reshape(1, items * channels, *seen.shape[2:]),
        weight.flatten(0, 1),
        bias.flatten(),
        padding=weight.shape[-1] // 2,
        groups=items,
    )  # (1, N * width, h, w)
    return side_by_side.unflatten(1, (items, -1))[0]
