"""Feedback engine: the last frames are the hidden state; a network turns them into the next one.

The frame that is shown is snapped to palette indices before it is fed back, so that errors below
one half vanish instead of growing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits, one_hot_actions, snap

BLOCK = 2  # pixels: the network works on blocks of 2 x 2


class FeedbackEngine(Engine):
    """Convolutions for what is near, a global path for what is far (a ball that leaves on the left
    changes the score and appears in the middle).

    width: channels. depth: residual blocks. squeeze: channels that the global path sees, and
    insight: its width. stem: size of the first convolution.
    It does not read the description: for games that the last frames and the actions determine.
    Raises ValueError if the frame's height or width is odd.
    """

    reads_frames = True
    memoryless = True

    def __init__(
        self,
        spec: GameSpec,
        width: int = 32,
        depth: int = 3,
        squeeze: int = 4,
        insight: int = 128,
        stem: int = 3,
    ) -> None:
        super().__init__(
            spec,
            width=width,
            depth=depth,
            squeeze=squeeze,
            insight=insight,
            stem=stem,
        )
        _, height, frame_width = spec.shape
        if height % BLOCK or frame_width % BLOCK:
            raise ValueError(f"FeedbackEngine needs even frame sizes, not {height} x {frame_width}")
        rows, columns = height // BLOCK, frame_width // BLOCK
        colours = len(spec.colours)
        choices = len(spec.players) * len(spec.actions)
        self.stem = nn.Conv2d(spec.context * colours * BLOCK**2, width, stem, padding=stem // 2)
        self.place = nn.Parameter(torch.zeros(1, width, rows, columns))
        self.choice = nn.Linear(choices, width)
        self.near = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.squeeze = nn.Conv2d(width, squeeze, 1)
        self.far = nn.Sequential(
            nn.Linear(squeeze * rows * columns + choices, insight),
            nn.ReLU(),
            nn.Linear(insight, insight // 2),
            nn.ReLU(),
        )
        self.told = nn.Linear(insight // 2, depth * width)
        self.head = nn.Conv2d(width, colours * BLOCK**2, 1)
        self.keep = nn.Parameter(torch.tensor(3.0))  # by default a pixel stays as it was
        self.outcome = nn.Linear(insight // 2, len(spec.players) + 1)  # rewards and termination
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def encode(self, context: Context, description: Tensor) -> Hidden:
        frames = context.frames[:, -self.spec.context :].squeeze(2)  # (B, T0, H, W)
        players = len(self.spec.players)
        return {
            "frames": frames,
            "logits": certain_logits(frames[:, -1:], len(self.spec.colours)),
            "outcome": torch.zeros(len(frames), players + 1, device=frames.device),
        }

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        logits, outcome = self._predict(hidden["frames"], actions)
        frames = torch.cat([hidden["frames"][:, 1:], snap(logits)], 1)
        return {"frames": frames, "logits": logits, "outcome": outcome}

    def decode(self, hidden: Hidden) -> Prediction:
        outcome = hidden["outcome"]
        return Prediction(hidden["logits"], outcome[:, :-1], outcome[:, -1])

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return hidden | {"frames": torch.cat([hidden["frames"][:, :-1], frames], 1)}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        if frames is None:
            return unroll_by_ticks(self, hidden, actions)
        batch, ticks = actions.shape[:2]
        seen = torch.cat([hidden["frames"], frames.squeeze(2)], 1)  # (B, T0 + T, H, W)
        context = seen.unfold(1, self.spec.context, 1).movedim(-1, 2)  # (B, T + 1, T0, H, W)
        logits, outcome = self._predict(context[:, :-1].flatten(0, 1), actions.flatten(0, 1))
        logits, outcome = logits.unflatten(0, (batch, ticks)), outcome.unflatten(0, (batch, ticks))
        last = {"frames": context[:, -1], "logits": logits[:, -1], "outcome": outcome[:, -1]}
        return Prediction(logits, outcome[..., :-1], outcome[..., -1]), last

    def _predict(self, frames: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """frames (B, T0, H, W) uint8 -> logits (B, K, H, W) and outcome (B, P + 1), float32."""
        dtype = (
            torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
        )
        palette = torch.arange(len(self.spec.colours), dtype=torch.uint8, device=frames.device)
        blocks = _blocks(frames)  # (B, h, w, T0 * 4)
        hot = (blocks[..., None] == palette).to(dtype)  # (B, h, w, T0 * 4, K)
        seen = hot.flatten(3).permute(0, 3, 1, 2)  # (B, T0 * 4 * K, h, w), channels last
        chosen = one_hot_actions(actions, self.spec).to(dtype)
        features = F.relu(
            self.stem(seen) + self.choice(chosen)[:, :, None, None] + self.place.to(dtype)
        )
        summary = self.squeeze(features).permute(0, 2, 3, 1).flatten(1)  # (B, h * w * squeeze)
        insight = self.far(torch.cat([summary, chosen], 1))
        told = self.told(insight).unflatten(1, (len(self.near), -1))  # (B, depth, width)
        for number, near in enumerate(self.near):
            features = features + F.relu(near(features) + told[:, number, :, None, None])
        changes = F.pixel_shuffle(self.head(features).contiguous(), BLOCK)  # (B, K, H, W)
        stays = frames[:, -1:] == palette[:, None, None]  # (B, K, H, W)
        return changes.float() + self.keep * stays, self.outcome(insight).float()


def _blocks(frames: Tensor) -> Tensor:
    """(B, T0, H, W) -> (B, H / 2, W / 2, T0 * 4): the pixels of a block side by side."""
    split = frames.unflatten(3, (-1, BLOCK)).unflatten(2, (-1, BLOCK))  # (B, T0, h, 2, w, 2)
    return split.permute(0, 2, 4, 1, 3, 5).flatten(3)
