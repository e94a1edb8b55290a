"""Cell engines on cells that are not certain, so that gradients pass through several ticks: to what
came before, and to the weights when only the last frame of a trajectory is given."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.engines.cell import CellEngine
from gameengine.frames import shares, snap
from gameengine.windows import Batch


def takes_shares(engine: object) -> bool:
    """Whether an engine sees uncertain cells: one of cells of a pixel, with one frame of context,
    no actions to choose from and no description."""
    return (
        isinstance(engine, CellEngine)
        and engine.spec.context == 1
        and engine.options["cell"] == 1
        and not engine.given.width
    )


def relaxed(engine: CellEngine, seen: Tensor, ticks: int) -> Tensor:
    """The logits (N, K, H, W) of the last of so many ticks, which begin with frames that are not
    certain: `seen` (N, K, H, W), shares of the colours of each pixel."""
    given = torch.zeros(len(seen), engine.given.width)
    logits = seen
    for tick in range(ticks):
        frames = seen[:, None] if not tick else logits.softmax(1)[:, None]  # (N, 1, K, H, W)
        local, insight = engine.look(frames, given)
        logits, _ = engine.show(frames, local, insight)
    return logits


def judged_at_the_end(engine: CellEngine, batch: Batch) -> tuple[Tensor, Tensor]:
    """The loss, and how many pixels are wrong (B, 1), of the last frame of each window; what lies
    between is as uncertain as the engine is."""
    colours = len(engine.spec.colours)
    frames = batch["frames"][:, :, 0]  # (B, 1 + T, H, W)
    logits = relaxed(engine, shares(frames[:, 0], colours), frames.shape[1] - 1)
    loss = F.cross_entropy(logits, frames[:, -1].long(), reduction="sum") / len(frames)
    wrong = (snap(logits.detach())[:, 0] != frames[:, -1]).sum((-2, -1))
    return loss, wrong[:, None]
