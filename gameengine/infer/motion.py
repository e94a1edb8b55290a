"""What a few frames tell of a hidden motion, by a learned engine alone.

Which speeds there are, and how often, is known from games that were watched before. Each of these,
with each fraction of a pixel, is a case; from frame to frame the engine says what may become of it,
and cases that do not lead to what is seen are dropped: a filter of Bayes that keeps likely cases,
and trusts what is likely more than the engine does (SHARP).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.errors import UserError
from data_gen.game import Frames
from gameengine.engines.slots import SlotsEngine
from gameengine.infer.experience import Experience

LEAST = 0.02  # how likely what comes of a tick must be to be followed
SHARP = 4  # how much more what an engine says counts: the game has no chance, the rest is its doubt
MOST = 8192  # cases that are followed from one tick to the next
GIVEAWAY = "serve angle"  # a number of a description that tells too much


@dataclass(frozen=True)
class Window:
    """T frames of a game, and what is told of it: all that there is to infer from."""

    frames: Frames  # (T, 1, H, W)
    actions: NDArray[np.uint8]  # (T - 1, P)
    description: NDArray[np.float32]  # (D,)
    told: bool  # whether the GIVEAWAY in the description may be used

    def until(self, count: int) -> Window:
        """Its first frames."""
        return replace(self, frames=self.frames[:count], actions=self.actions[: count - 1])


@dataclass(frozen=True)
class Belief:
    """What is held for possible in the last frame: M cases."""

    tokens: Tensor  # (M, 2, V), in the frame before it and in it
    motion: NDArray[np.int64]  # (M, 4) fractions down and across, speeds down and across, in steps
    shares: NDArray[np.float64]  # (M,): how likely each is held, sharpened, together 1

    def velocities(self) -> dict[tuple[int, int], float]:
        """How likely each velocity is, down and across, in steps a tick; the likeliest first."""
        found: dict[tuple[int, int], float] = {}
        for (down, across), share in zip(self.motion[:, 2:].tolist(), self.shares, strict=True):
            found[down, across] = found.get((down, across), 0.0) + float(share)
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def best(self) -> NDArray[np.int64]:
        """The likeliest motion (4,) with the likeliest velocity."""
        likeliest = next(iter(self.velocities()))
        there = (self.motion[:, 2:] == likeliest).all(1)
        return self.motion[np.where(there, self.shares, 0).argmax()]


def check_hides(engine: object) -> SlotsEngine:
    """The engine, if it has one hidden motion. Raises UserError if there is nothing to find."""
    name = type(engine).__name__
    if not isinstance(engine, SlotsEngine):
        raise UserError(
            f"this {name} cannot be asked for a motion; give a slots engine with a smooth sprite"
        )
    if not engine.options["smooth"]:
        raise UserError(
            f"there is nothing to find: nothing is hidden from this {name} of {engine.spec.name},"
            f" {engine.spec.context} frames show where everything flies"
        )
    if len(engine.options["smooth"]) > 1:
        raise UserError(f"this {name} has more than one smooth sprite; give one with one")
    return engine


def beliefs(
    engine: SlotsEngine, experience: Experience, window: Window, seed: int = 0
) -> list[Belief]:
    """What is possible in each frame but the first, after those up to it. What is not told is drawn
    for each case. A speed that is not known is a mistake, and dropped. Where no case explains a
    frame, all of them begin anew from it."""
    frames, actions = torch.from_numpy(window.frames[:, 0]), torch.from_numpy(window.actions).long()
    rng = torch.Generator().manual_seed(seed)
    tokens, likely = _all_cases(engine, experience, window, 0, rng)
    found: list[Belief] = []
    for tick, chosen in enumerate(actions):
        came_from, after, more = engine.follow(tokens, chosen, frames[tick : tick + 2], LEAST)
        known = _known(engine.motion(after[:, 1])[:, 2:], experience.speeds)
        if known.any():
            tokens, likely = _merged(after[known], (likely[came_from] + SHARP * more)[known])
        else:
            tokens, likely = _all_cases(engine, experience, window, tick + 1, rng)
        shares = likely.double().softmax(0).numpy()
        found.append(Belief(tokens, engine.motion(tokens[:, 1]).numpy(), shares))
    return found


def _known(speeds: Tensor, known: Tensor) -> Tensor:
    """Which of speeds (M, 2) are among known ones (K, 2): (M,) bool."""
    return (speeds[:, None] == known).all(2).any(1)


def _merged(tokens: Tensor, likely: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest cases, each of them once. tokens (M, 2, V), whose frames are the same for all,
    so that they are the same if they are so now; likely (M,), logarithms."""
    different, same = tokens[:, 1].unique(dim=0, return_inverse=True)
    best = likely.max()
    shares = torch.zeros(len(different)).scatter_add_(0, same, (likely - best).exp())
    first = torch.empty(len(different), dtype=torch.long).scatter_(0, same, torch.arange(len(same)))
    shares, kept = shares.topk(min(MOST, len(shares)))
    return tokens[first[kept]], shares.log() + best


def _all_cases(
    engine: SlotsEngine, experience: Experience, window: Window, frame: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Tokens (N, 2, V) of each speed with all fractions, and logarithms of how likely (N,)."""
    fine = torch.arange(engine.options["fine"])
    fractions = torch.cartesian_prod(fine, fine)  # (F * F, 2)
    each = len(fractions)
    speeds = experience.speeds.repeat_interleave(each, 0)
    motion = torch.cat([fractions.repeat(len(experience.speeds), 1), speeds], 1)  # (N, 4)
    description = torch.from_numpy(window.description).repeat(len(motion), 1)
    if not window.told:
        drawn = torch.randint(len(experience.descriptions), (len(motion),), generator=rng)
        column = engine.spec.description.index(GIVEAWAY)
        description[:, column] = experience.descriptions[drawn, column]
    tokens = engine.suppose(torch.from_numpy(window.frames[frame, 0]), description, motion)
    return tokens, experience.shares.log().repeat_interleave(each)


def futures(
    engine: SlotsEngine, belief: Belief, frame: Frames, actions: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Where the engine dreams that the sprite will be, (M, T, 2) row and column, in each case, by
    actions (T, P) from the last frame (1, H, W) on."""
    many = len(belief.shares)
    hidden = {
        "before": belief.tokens[:, 0],
        "now": belief.tokens[:, 1],
        "frame": torch.from_numpy(frame).expand(many, -1, -1, -1),
    }
    places: list[Tensor] = []
    for chosen in torch.from_numpy(actions).long():
        with torch.inference_mode():
            hidden = engine.advance(hidden, chosen.expand(many, -1))
        places.append(engine.place(hidden["now"]))
    return torch.stack(places, 1).numpy()
