"""The baseline of every block: nothing moves."""

from __future__ import annotations

import torch
from torch import Tensor

from gameengine.engine import Context, Engine, Hidden, Prediction, unroll_by_ticks
from gameengine.frames import certain_logits


class CopyLastFrame(Engine):
    """Shows the last true frame for ever. It has nothing to learn, so it is not in the registry."""

    reads_frames = True
    memoryless = True

    def encode(self, context: Context, description: Tensor) -> Hidden:
        return {"frame": context.frames[:, -1]}  # (B, 1, H, W)

    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        return hidden

    def decode(self, hidden: Hidden) -> Prediction:
        logits = certain_logits(hidden["frame"], len(self.spec.colours))
        nothing = torch.zeros(len(logits), len(self.spec.players))  # (B, P)
        return Prediction(logits, nothing, torch.full_like(nothing[:, 0], -10.0))

    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        return {"frame": frames}

    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        return unroll_by_ticks(self, hidden, actions, frames)
