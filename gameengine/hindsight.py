"""Hidden motion, told by hindsight: which fraction of a pixel and which speed a sprite must have.

A sprite that moves on evenly by fractions of a pixel shows a row of whole pixels. Looking back,
each fraction and speed makes such a row more or less likely, and what comes after it: the chances
are known without any learning if things mostly go on, sometimes turn back as fast as they came, and
seldom do anything else, across and down at once. Among those that explain it well the engine
chooses itself, by what it expects there; and it learns to expect what was chosen, which is a hard
form of expectation maximisation. It settles on the truth since nothing else is consistent.

Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977;
what comes after a frame is weighed as in a hidden Markov model, Baum and Petrie, "Statistical
inference for probabilistic functions of finite state Markov chains", 1966; for motion that
switches, Ghahramani and Hinton, "Variational learning for switching state-space models", 2000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gameengine.hindsight_kernels import count_frames, explain, find_changes, weigh

DOWN, ACROSS = range(2)
SURE = 6  # ticks that a motion has to explain if the last frame cuts it off, to be taught
CHANGES = 0.003  # how likely it is, in any tick, that anything happens to a thing's way across
OFTEN, SELDOM = 0.3, 0.0001  # the same of its way down, if something does, and does not, across
SHARP = 2


class Expected(NamedTuple):
    """Logits of a sprite's motion along one axis, of N items. Which fraction is likely depends on
    which speed it has from now on."""

    there: Tensor  # (N, 2, F): of each fraction; the second if it turns back as fast as it came
    on: Tensor  # (N, F): of how far the fraction is from where the speed takes it
    speeds: Tensor  # (N, V)

    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """The same, with logarithms of probabilities for speeds."""
        return self.there.numpy(), self.on.numpy(), self.speeds.log_softmax(1).numpy()


Expect = Callable[[int, Tensor, Tensor, Tensor | None], Sequence[Sequence[Expected]]]


def look_back(
    places: Tensor, fine: int, speeds: int, expect: Expect, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The hidden motion of S sprites in B windows of T frames.

    places (B, T, S, 2): rows and columns, in pixels. fine: steps of a pixel. speeds: how many there
    are, in steps a tick; the middle one stands still. expect: gives of each sprite what is expected
    down and across in a frame of windows (N,), from the hidden tokens (N, S, 4) that were chosen
    for the frame before, and from the speeds across (N, S) that they have from now on, if these are
    known. Before frame 0 there are no tokens, and the fraction was 0.

    Returns hidden tokens (B, T, S, 4), fractions down and across and speeds down and across, and
    whether they are sure, along each axis, (B, T, S, 2) bool: not if the window ends too soon after
    something happened.
    """
    past = _Past(places.numpy(), fine, speeds, expect, rng)
    for tick in range(places.shape[1]):
        past.choose(tick)
    return torch.from_numpy(past.told), torch.from_numpy(past.sure)


class _Past:
    """What was seen, and what was chosen until now; see `look_back`."""

    def __init__(
        self,
        places: NDArray[np.int64],
        fine: int,
        speeds: int,
        expect: Expect,
        rng: np.random.Generator,
    ) -> None:
        batch, ticks, sprites, _ = places.shape
        self._places = np.ascontiguousarray(places.transpose(2, 3, 0, 1))  # (S, 2, B, T)
        self._moved = np.diff(self._places, axis=3, prepend=0)
        self._chances = np.full(self._places.shape, CHANGES)
        self._worth = np.empty((*self._places.shape, speeds, fine), np.uint8)
        for sprite in range(sprites):
            self._explain(sprite)
        self._expect, self._rng = expect, rng
        self.told = np.zeros((batch, ticks, sprites, 4), np.int64)
        self.sure = np.zeros((batch, ticks, sprites, 2), np.bool_)

    def _explain(self, sprite: int) -> None:
        """Fill in what motions of a sprite are worth: across, and then down."""
        places, chances, worth = self._places[sprite], self._chances[sprite], self._worth[sprite]
        explain(places[ACROSS], chances[ACROSS], worth[ACROSS])
        changes = np.empty(places[ACROSS].shape, np.bool_)
        find_changes(places[ACROSS], chances[ACROSS], worth[ACROSS], changes)
        chances[DOWN] = np.where(changes, OFTEN, SELDOM)
        explain(places[DOWN], chances[DOWN], worth[DOWN])

    def choose(self, tick: int) -> None:
        """Fill in a frame: across first, since how fast a thing flies down depends on that."""
        items = torch.arange(len(self.told))
        before = torch.from_numpy(self.told[:, tick - 1])
        expected = self._expect(tick, items, before, None)
        for sprite, axes in enumerate(expected):
            self._choose(tick, sprite, ACROSS, axes[ACROSS])
        across = torch.from_numpy(self.told[:, tick, :, 2 + ACROSS])
        likeliest = torch.stack([axes[ACROSS].speeds.argmax(1) for axes in expected], 1)
        items = (across != likeliest).any(1).nonzero()[:, 0]  # down, these expect something else
        if len(items):
            again = self._expect(tick, items, before[items], across[items])
            for axes, others in zip(expected, again, strict=True):
                for part, other in zip(axes[DOWN], others[DOWN], strict=True):
                    part[items] = other
        for sprite, axes in enumerate(expected):
            self._choose(tick, sprite, DOWN, axes[DOWN])

    def _choose(self, tick: int, sprite: int, axis: int, expected: Expected) -> None:
        """A sprite just goes on if that is what is expected and seen; else its fraction and its
        speed are drawn by what is expected and how well they explain what comes."""
        batch, ticks = self.told.shape[:2]
        worth = self._worth[sprite, axis, :, tick]  # (B, V, F)
        speeds, fine = worth.shape[1:]
        told, sure = self.told[:, tick, sprite, axis::2], self.sure[:, tick, sprite, axis]
        was = self.told[:, tick - 1, sprite, axis::2] if tick else np.tile([0, -1], (batch, 1))
        moved, chances = (
            known[sprite, axis, :, place]
            for known, place in ((self._moved, tick), (self._chances, tick - 1))
        )
        scores = np.empty(worth.shape)
        weigh(*expected.arrays(), was, moved, chances, worth, scores, told, sure)
        items = np.flatnonzero(~sure)
        for item in items:
            shares = np.exp(SHARP * (scores[item] - scores[item].max())).ravel()
            chosen = self._rng.choice(len(shares), p=shares / shares.sum())
            told[item, 1], told[item, 0] = divmod(chosen, fine)
        frames = np.empty_like(items)
        motions = told[items] - np.array([0, speeds // 2])
        count_frames(self._places[sprite, axis, items, tick:], motions, fine, frames)
        gone = was.sum(1) - speeds // 2
        kept = (gone // fine == moved) & (told == np.stack([gone % fine, was[:, 1]], 1)).all(1)
        sure[items] = kept[items] | (frames < ticks - tick) | (frames >= SURE)
