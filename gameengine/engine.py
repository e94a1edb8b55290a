"""The contract of an engine: what learns to be a game.

An engine supplies a network and its verbs: `encode` true frames to a hidden state, `advance` it by
one tick, `decode` it to a frame, and `see` a true frame in place of the one it showed. The time
loop, optimiser and curriculum are elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_gen.game import GameSpec
from gameengine.frames import wrong_pixels

Hidden = dict[str, Tensor]  # every tensor has B first


@dataclass(frozen=True)
class Context:
    """What an engine is shown before it dreams."""

    frames: Tensor  # (B, T0, C, H, W) uint8, true frames, the newest last
    actions: Tensor  # (B, T0 - 1, P) int64, between them
    hindsight: Tensor | None = None  # (B, T0 + T, ...) of `look_back`, in training


@dataclass(frozen=True)
class Prediction:
    """What an engine shows; `unroll` puts a time axis behind B."""

    logits: Tensor  # (B, [T,] K, H, W): of each pixel's palette index
    reward: Tensor  # (B, [T,] P)
    termination: Tensor  # (B, [T]): logit


@dataclass(frozen=True)
class Judged:
    """What an engine was taught by B windows of T ticks."""

    loss: Tensor  # (): of the frames, per tick
    wrong: Tensor  # (B, T) int: how many pixels, or other parts, of each frame were wrong
    reward: Tensor  # (B, T, P)
    termination: Tensor  # (B, T): logit


class Engine(nn.Module, ABC):
    """Interface of engines. spec: the game to be learned; it must have a palette.

    reads_frames: the engine sees the frames that it shows, so that training may feed it true ones
    instead (teacher forcing). memoryless: its hidden state follows from the last `spec.context`
    frames alone, so that it can be asked about every one there is. glimpses: how many true frames
    `prepare` wants to be shown before training. looks_back: it is taught what no frame shows by
    `look_back`. least_ticks: in windows that are all shorter it never does some of what it does
    when it plays on. can_forget: it can drop what nothing depends on.
    """

    reads_frames: bool = False
    memoryless: bool = False
    glimpses: int = 0
    looks_back: bool = False
    least_ticks: int = 1
    can_forget: bool = False

    def __init__(self, spec: GameSpec, **options: Any) -> None:
        """options: what the subclass was made with, so that a checkpoint can make it again."""
        super().__init__()
        if spec.palette is None:
            raise ValueError(
                f"{type(self).__name__} needs a palette game; {spec.name} has true colour"
            )
        self.spec = spec
        self.options = options

    @abstractmethod
    def encode(self, context: Context, description: Tensor) -> Hidden:
        """The hidden state after the context. description (B, D) float32."""

    @abstractmethod
    def advance(self, hidden: Hidden, actions: Tensor) -> Hidden:
        """One tick. actions (B, P) int64. `hidden` is not changed."""

    @abstractmethod
    def decode(self, hidden: Hidden) -> Prediction:
        """The frame that the hidden state shows, as logits, with reward and termination."""

    @abstractmethod
    def see(self, hidden: Hidden, frames: Tensor) -> Hidden:
        """The hidden state as if `frames` (B, C, H, W) uint8 had been shown last. It stays as it is
        in engines that do not read frames."""

    @abstractmethod
    def unroll(
        self, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
    ) -> tuple[Prediction, Hidden]:
        """T ticks at once. actions (B, T, P). Equals T times `advance` and `decode` to 1e-5.

        frames (B, T, C, H, W): the true ones that the ticks lead to, for teacher forcing; each is
        seen after its tick.
        """

    def prepare(self, frames: Tensor, descriptions: Tensor) -> None:
        """Look at true frames (N, C, H, W), and at descriptions (N, D) of the games that there are,
        before training, for engines that ask for `glimpses`."""

    def look_back(
        self, frames: Tensor, actions: Tensor, description: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """What no frame shows, of whole rollouts, for engines that ask for it: (B, T + 1, ...)
        int64, of frames (B, T + 1, C, H, W) with actions (B, T, P) between them. Raises TypeError
        for other engines."""
        raise TypeError(f"{type(self).__name__} does not look back")

    def forget(self, hidden: Hidden, actions: Tensor, frames: Tensor, outcome: Tensor) -> None:
        """Drop what nothing depends on in a sample, for engines that can; arguments as for `judge`.
        outcome (B, T, P + 1): rewards and whether the game ended. Raises TypeError for others."""
        raise TypeError(f"{type(self).__name__} has nothing to drop")

    def judge(self, hidden: Hidden, actions: Tensor, frames: Tensor, forced: bool) -> Judged:
        """How surprising frames (B, T, C, H, W) are after `hidden`: cross-entropy, summed over
        pixels. An engine whose frames are made of other parts than pixels sums over those.

        actions (B, T, P). forced: true frames are fed back, as in `unroll`.
        """
        shown, _ = self.unroll(hidden, actions, frames if forced else None)
        ticks = frames.shape[0] * frames.shape[1]
        targets = frames.flatten(0, 2).long()  # (B * T, H, W)
        loss = F.cross_entropy(shown.logits.flatten(0, 1), targets, reduction="sum") / ticks
        with torch.no_grad():
            wrong = wrong_pixels(frames, shown.logits).sum((-2, -1))
        return Judged(loss, wrong, shown.reward, shown.termination)


def unroll_by_ticks(
    engine: Engine, hidden: Hidden, actions: Tensor, frames: Tensor | None = None
) -> tuple[Prediction, Hidden]:
    """`unroll` for engines that have no faster way: the definition itself."""
    shown: list[Prediction] = []
    for tick in range(actions.shape[1]):
        hidden = engine.advance(hidden, actions[:, tick])
        shown.append(engine.decode(hidden))
        if frames is not None:
            hidden = engine.see(hidden, frames[:, tick])
    together = Prediction(
        logits=torch.stack([one.logits for one in shown], 1),  # (B, T, K, H, W)
        reward=torch.stack([one.reward for one in shown], 1),
        termination=torch.stack([one.termination for one in shown], 1),
    )
    return together, hidden
