"""Feedback engine: the last frames are the hidden state; a network turns them into the next one."""

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
from gameengine.engines.last_frames import Given, LastFramesEngine, Memory, working_dtype
from gameengine.frames import one_hot

BLOCK = 2  # pixels: the network works on blocks of 2 x 2


class FeedbackEngine(LastFramesEngine):
    """Convolutions for what is near, a global path for what is far (a ball that leaves on the left
    changes the score and appears in the middle).

    width: channels. depth: residual blocks. squeeze: channels that the global path sees, and
    insight: its width. stem: size of the first convolution.
    memory: width of a recurrent vector for what the last frames do not show; 0: none.
    described: it reads the description; with a memory it always does.
    Raises ValueError if memory is negative.
    """

    def __init__(
        self,
        spec: GameSpec,
        width: int = 32,
        depth: int = 3,
        squeeze: int = 4,
        insight: int = 128,
        stem: int = 3,
        memory: int = 0,
        described: bool = False,
    ) -> None:
        given = Given(spec, described or memory != 0)
        super().__init__(
            spec,
            given,
            Memory(insight // 2, given, memory) if memory else None,
            {
                "width": width,
                "depth": depth,
                "squeeze": squeeze,
                "insight": insight,
                "stem": stem,
                "memory": memory,
                "described": described,
            },
        )
        rows, columns = block_grid(*spec.shape[1:], BLOCK)
        colours = len(spec.colours)
        self.stem = nn.Conv2d(spec.context * colours * BLOCK**2, width, stem, padding=stem // 2)
        self.place = PlaceBias(width, rows, columns)
        self.choice = nn.Linear(given.width, width)
        self.near = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.squeeze = nn.Conv2d(width, squeeze, 1)
        self.far = global_path(squeeze * rows * columns + given.width, insight)
        self.told = nn.Linear(insight // 2 + memory, depth * width)
        self.head = nn.Conv2d(width, colours * BLOCK**2, 1)
        self.keep = nn.Parameter(torch.tensor(3.0))  # by default a pixel stays as it was
        self.outcome = nn.Linear(insight // 2 + memory, len(spec.players) + 1)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def look(self, frames: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        seen = block_features(frames, len(self.spec.colours), BLOCK)  # (N, T0 * 4 * K, h, w)
        given = given.to(working_dtype(frames.device))
        features = F.relu(self.place(self.stem(seen)) + self.choice(given)[:, :, None, None])
        summary = self.squeeze(features).permute(0, 2, 3, 1).flatten(1)  # (N, h * w * squeeze)
        return features, self.far(torch.cat([summary, given], 1))

    def show(self, frames: Tensor, local: Tensor, insight: Tensor) -> tuple[Tensor, Tensor]:
        features = local  # (N, width, h, w)
        told = self.told(insight).unflatten(1, (len(self.near), -1))  # (N, depth, width)
        for number, near in enumerate(self.near):
            features = features + F.relu(near(features) + told[:, number, :, None, None])
        changes = frames_of_blocks(self.head(features), frames.shape[2:], BLOCK)  # (N, K, H, W)
        stays = one_hot(frames[:, -1:], len(self.spec.colours))
        return changes.float() + self.keep * stays, self.outcome(insight).float()
