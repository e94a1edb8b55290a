"""Cell engines on cells that are not certain, so that gradients pass through several ticks: to what
came before, and to the weights when only the last frame of a trajectory is given.

An engine that saw certain cells only may say anything of others. One that is given chances, and
what became of cells that were drawn by them, learns how likely each cell is to live.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gameengine.engines.cell import CellEngine
from gameengine.frames import shares, snap
from gameengine.windows import Batch

VAGUE = (0.05, 20.0)  # how much the usual colours say of a pixel, beside its own: least and most


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


def chances(frames: Tensor, colours: int, rng: np.random.Generator) -> Tensor:
    """How likely each pixel is of each colour, (B, K, H, W), so that frames (B, H, W) may have been
    drawn by that, pixel by pixel. Frames differ in how much is known of their pixels.

    What is likely is drawn from a Dirichlet distribution around the shares that colours have in all
    of the frames, given the colours that were drawn.
    """
    hot = shares(frames, colours).double()
    usual = hot.mean((0, 2, 3)).clamp(min=1e-6)  # (K,)
    least, most = np.log(VAGUE)
    vague = torch.from_numpy(rng.uniform(least, most, len(frames))).exp()  # (B,)
    weights = vague[:, None, None, None] * usual[:, None, None] + hot
    drawn = torch.from_numpy(rng.standard_gamma(weights.numpy()))
    return (drawn / drawn.sum(1, keepdim=True)).float()


def judged_at_the_end(engine: CellEngine, batch: Batch, seen: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, and how many pixels are wrong (B, 1), of the last frame of each window, which begin
    with shares (B, K, H, W) of colours; what lies between is as uncertain as the engine is."""
    frames = batch["frames"][:, :, 0]  # (B, 1 + T, H, W)
    logits = relaxed(engine, seen, frames.shape[1] - 1)
    loss = F.cross_entropy(logits, frames[:, -1].long(), reduction="sum") / len(frames)
    wrong = (snap(logits.detach())[:, 0] != frames[:, -1]).sum((-2, -1))
    return loss, wrong[:, None]
