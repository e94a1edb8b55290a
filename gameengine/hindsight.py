"""Hidden motion, told by hindsight: which fraction of a pixel and which speed a sprite must have.

A sprite that moves on evenly by fractions of a pixel shows a row of whole pixels. Looking back,
most such rows leave one or a few fractions and speeds that explain them for as long as they last.
Among these the engine chooses itself, by what it expects there; and it learns to expect what was
chosen, which is a hard form of expectation maximisation. It settles on the truth since nothing else
is consistent: at first where things begin in one known way, then after their first bounce, and so
on. Without reason to think otherwise a thing appears on whole pixels, goes on, or bounces back.

Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", 1977; for
motion that switches, Ghahramani and Hinton, "Variational learning for switching state-space
models", 2000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.kernels import kernel

TRUST = 2.0  # of each tick that a motion explains, in the logarithm of a probability
FAR = 32  # ticks that count, at most
SURE = 6  # ticks that a motion has to explain if the last frame cuts it off, to be taught
_LIKELY = -0.7  # logarithm of the probability above which going on is not doubted
_LEAST = 1e-6  # of the best one's probability: what is less likely is not chosen
_LONGEST = 120  # ticks that are counted; they are kept in bytes


class Expected(NamedTuple):
    """Logits of a sprite's motion along one axis, of N items. Which fraction is likely depends on
    which speed it has from now on."""

    there: Tensor  # (N, 2, F): of each fraction; the second if it turns back as fast as it came
    on: Tensor  # (N, F): of how far the fraction is from where the speed takes it
    speeds: Tensor  # (N, S)


Expect = Callable[[int, Tensor], Sequence[Sequence[Expected]]]


def look_back(
    places: Tensor, fine: int, speeds: int, expect: Expect, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The hidden motion of S sprites in B windows of T frames.

    places (B, T, S, 2): rows and columns, in pixels. fine: steps of a pixel. speeds: how many there
    are, in steps a tick; the middle one stands still. expect: gives of each sprite what is expected
    down and across in frame `tick`, from the hidden tokens (B, S, 4) that were chosen for the frame
    before; at first these mean nothing, and the fraction before is 0.

    Returns hidden tokens (B, T, S, 4), fractions down and across and speeds down and across, and
    whether they are sure, along each axis, (B, T, S, 2) bool: not if the window ends too soon after
    something happened.
    """
    batch, ticks, sprites, _ = places.shape
    rows = places.permute(0, 2, 3, 1).reshape(-1, ticks).contiguous().numpy()
    lasts = np.empty((len(rows), ticks, fine, speeds), np.int8)
    explain(rows, lasts)
    lasts = lasts.reshape(batch, sprites, 2, ticks, fine, speeds)
    moved = np.diff(places.numpy(), axis=1, prepend=0)  # (B, T, S, 2)
    told = np.zeros((batch, ticks, sprites, 4), np.int64)
    sure = np.zeros((batch, ticks, sprites, 2), np.bool_)
    for tick in range(ticks):
        expected = expect(tick, torch.from_numpy(told[:, tick - 1]))
        for sprite in range(sprites):
            for axis in (0, 1):
                there, on, fast = expected[sprite][axis]
                choose(
                    lasts[:, sprite, axis, tick],
                    there.numpy(),
                    on.numpy(),
                    fast.log_softmax(1).numpy(),
                    told[:, tick - 1, sprite, axis::2] if tick else _nothing(batch),
                    moved[:, tick, sprite, axis],
                    rng.random(batch),
                    ticks - tick,
                    told[:, tick, sprite, axis::2],
                    sure[:, tick, sprite, axis],
                )
    return torch.from_numpy(told), torch.from_numpy(sure)


def _nothing(batch: int) -> NDArray[np.int64]:
    """The fraction 0, and no speed at all."""
    return np.tile(np.array([0, -1]), (batch, 1))


@kernel(inline=False)
def explain(places: Any, lasts: Any) -> None:
    """Fill lasts (N, T, F, S): for how many frames, this one included, a fraction and a speed in a
    frame explain the places (N, T), in pixels."""
    steps, middle = lasts.shape[2], lasts.shape[3] // 2
    for item in range(len(places)):
        lasts[item] = 1
        for tick in range(places.shape[1] - 2, -1, -1):
            gone = (places[item, tick + 1] - places[item, tick]) * steps
            for fraction in range(steps):
                slowest = gone - fraction + middle
                end = min(slowest + steps, lasts.shape[3])
                for speed in range(max(slowest, 0), end):
                    onwards = lasts[item, tick + 1, speed - slowest, speed]
                    lasts[item, tick, fraction, speed] = min(onwards + 1, _LONGEST)


@kernel(inline=False)
def choose(
    lasts: Any,
    there: Any,
    on: Any,
    speeds: Any,
    was: Any,
    moved: Any,
    chance: Any,
    left: Any,
    told: Any,
    sure: Any,
) -> None:
    """Choose a fraction and a speed for each of N items: it just goes on if that is what is
    expected and seen; else they are drawn by what is expected and how much they explain.

    lasts (N, F, S): of `explain`. there (N, 2, F) and on (N, F): see `Expected`. speeds (N, S):
    logarithms of probabilities. was (N, 2): fraction and speed in the frame before, the speed -1
    for none. moved (N,): pixels since then. chance (N,): uniform in [0, 1). left: frames to the
    end, this one included. told (N, 2) and sure (N,) are filled.
    """
    steps, middle = lasts.shape[1], lasts.shape[2] // 2
    likely = np.empty((lasts.shape[2], steps))  # logarithms, of each speed with each fraction
    for item in range(len(lasts)):
        if was[item, 1] >= 0:
            fraction, speed = was[item, 0] + was[item, 1] - middle, was[item, 1]
            seen = fraction // steps == moved[item]
            fraction %= steps
            _expect(there[item], on[item], speeds[item], was[item], speed, likely[speed])
            if seen and likely[speed, fraction] > _LIKELY:
                told[item, 0], told[item, 1], sure[item] = fraction, speed, True
                continue
            for other in range(len(likely)):
                _expect(there[item], on[item], speeds[item], was[item], other, likely[other])
            if seen and likely[speed, fraction] >= likely.max():
                told[item, 0], told[item, 1], sure[item] = fraction, speed, True
                continue
        else:
            for other in range(len(likely)):
                _expect(there[item], on[item], speeds[item], was[item], other, likely[other])
        _draw(lasts[item], likely, chance[item], told[item])
        last = lasts[item, told[item, 0], told[item, 1]]
        sure[item] = last < left or last >= SURE


@kernel(inline=False)
def _expect(there: Any, on: Any, speeds: Any, was: Any, speed: Any, likely: Any) -> None:
    """Fill likely (F,): how likely a speed is, with each fraction."""
    steps, middle = len(likely), len(speeds) // 2
    turned = int(was[1] >= 0 and speed != middle and speed + was[1] == 2 * middle)
    most = -np.inf
    for fraction in range(steps):
        off = (fraction - was[0] - speed + middle) % steps
        likely[fraction] = there[turned, fraction] + on[off]
        most = max(most, likely[fraction])
    total = 0.0
    for fraction in range(steps):
        total += np.exp(likely[fraction] - most)
    for fraction in range(steps):
        likely[fraction] += speeds[speed] - most - np.log(total)


@kernel(inline=False)
def _draw(lasts: Any, likely: Any, chance: Any, told: Any) -> None:
    """Draw a fraction and a speed, told (2,), by likely (S, F) and by what they explain."""
    best = -np.inf
    for speed in range(likely.shape[0]):
        for fraction in range(likely.shape[1]):
            likely[speed, fraction] += TRUST * min(lasts[fraction, speed], FAR)
            best = max(best, likely[speed, fraction])
    total = 0.0
    for speed in range(likely.shape[0]):
        for fraction in range(likely.shape[1]):
            share = np.exp(likely[speed, fraction] - best)
            likely[speed, fraction] = share if share > _LEAST else 0.0
            total += likely[speed, fraction]
    goal = chance * total
    for speed in range(likely.shape[0]):
        for fraction in range(likely.shape[1]):
            if likely[speed, fraction] > 0:
                told[0], told[1] = fraction, speed
                goal -= likely[speed, fraction]
                if goal < 0:
                    return
