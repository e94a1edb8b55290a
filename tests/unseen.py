"""A game that hides something: an answer is shown once, and asked for five ticks later."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.engine import Context, Engine
from gameengine.frames import snap

TICKS = 5
SPEC = GameSpec(
    name="unseen",
    version=1,
    shape=(1, 4, 6),
    actions=("wait", "look away"),
    fps=1,
    colours=("dark", "light"),
    palette=((0, 0, 0), (255, 255, 255)),
    description=("a number",),
)


def unseen(count: int, seed: int) -> Tensor:
    """Frames (B, TICKS + 1, 1, 4, 6): a lamp in the corner is on or off at first, dark afterwards,
    and as at first in the last frame; a light in the lowest row counts the ticks."""
    answers = torch.randint(0, 2, (count,), generator=torch.Generator().manual_seed(seed))
    frames = torch.zeros(count, TICKS + 1, 1, 4, 6, dtype=torch.uint8)
    frames[:, range(TICKS + 1), 0, 3, range(TICKS + 1)] = 1
    frames[:, 0, 0, 0, 0] = frames[:, TICKS, 0, 0, 0] = answers.to(torch.uint8)
    return frames


def shown(engine: Engine, frames: Tensor) -> Tensor:
    """The logits (B, TICKS, K, 4, 6) that an engine predicts with true frames fed back."""
    count = len(frames)
    context = Context(frames[:, :1], torch.zeros(count, 0, 1, dtype=torch.int64))
    hidden = engine.encode(context, torch.zeros(count, 1))
    actions = torch.zeros(count, TICKS, 1, dtype=torch.int64)
    return engine.unroll(hidden, actions, frames[:, 1:])[0].logits


def answers_right(engine: Engine, steps: int = 300) -> float:
    """The share of answers that the engine gives right in new games after training."""
    optimiser = torch.optim.Adam(engine.parameters(), 0.01)
    for step in range(steps):
        frames = unseen(16, step)
        loss = F.cross_entropy(
            shown(engine, frames).flatten(0, 1), frames[:, 1:].flatten(0, 2).long()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    frames = unseen(64, steps)
    answers = snap(shown(engine, frames))[:, -1, 0, 0, 0]
    return (answers == frames[:, -1, 0, 0, 0]).float().mean().item()
