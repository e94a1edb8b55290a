"""Loops of hindsight: which motions explain what was seen, and which are expected."""

from __future__ import annotations

from typing import Any

import numpy as np

from data_gen.kernels import kernel

PARTS = 8.0  # of the logarithms' unit, in which worth is told in bytes
_BEST = 255  # the most that a motion is worth
_TURNS_BACK = 0.01  # how likely it is, in any tick, that a thing turns back as fast as it came
_LIKELY = -0.7  # logarithm of the probability above which going on is not doubted
_NEVER = -10.0  # the same of what is not seen
_WORTHY = _BEST - 3 * PARTS  # unless it is worth less


@kernel(inline=False)
def explain(places: Any, chances: Any, worth: Any) -> None:
    """Fill worth (N, T, V, F) uint8: how likely a speed and a fraction in a frame make the places
    (N, T), in pixels, that come after it, if a thing goes on, turns back as fast as it came, or
    does anything at all, of which the chances (N, T) are, from a frame to the next. In logarithms,
    see `PARTS`, of which the best motion of each frame has the largest."""
    speeds, steps = worth.shape[2:]
    later, now = np.empty((speeds, steps)), np.empty((speeds, steps))
    for item in range(len(places)):
        later[:] = 1.0
        worth[item, -1] = _BEST
        for tick in range(places.shape[1] - 2, -1, -1):
            moved = places[item, tick + 1] - places[item, tick]
            now[:] = chances[item, tick] * later.mean()
            for speed in range(speeds):
                for fraction in range(steps):
                    gone = fraction + speed - speeds // 2
                    now[speed, fraction] += _TURNS_BACK * later[speeds - 1 - speed, -gone % steps]
                    if gone // steps == moved:
                        now[speed, fraction] += later[speed, gone % steps]
            later[:] = now / now.max()
            worth[item, tick] = np.maximum(_BEST + 0.5 + PARTS * np.log(later), 0.0)


@kernel(inline=False)
def find_changes(places: Any, chances: Any, worth: Any, changes: Any) -> None:
    """Fill changes (N, T): whether what moves as `explain` finds best does not just go on from a
    frame to the next one."""
    speeds, steps = worth.shape[2:]
    changes[:] = False
    for item in range(len(places)):
        at = worth[item, 0].argmax()
        for tick in range(places.shape[1] - 1):
            speed, gone = at // steps, at % steps + at // steps - speeds // 2
            moved, after = (
                places[item, tick + 1] - places[item, tick],
                worth[item, tick + 1].ravel(),
            )
            anything = PARTS * np.log(chances[item, tick] / len(after)) + _BEST
            back = (speeds - 1 - speed) * steps + -gone % steps
            turning = PARTS * np.log(_TURNS_BACK) + after[back]
            at = speed * steps + gone % steps
            if gone // steps != moved or after[at] < max(anything, turning):
                changes[item, tick] = True
                at = back if turning > anything else after.argmax()


@kernel(inline=False)
def count_frames(places: Any, motions: Any, steps: Any, frames: Any) -> None:
    """Fill frames (N,): for how many of them, from the first on, motions (N, 2) explain places
    (N, T), in pixels. They are fractions and speeds, in steps."""
    for item in range(len(places)):
        at, tick = motions[item, 0], 0
        while tick < places.shape[1] and places[item, tick] - places[item, 0] == at // steps:
            at += motions[item, 1]
            tick += 1
        frames[item] = tick


@kernel(inline=False)
def weigh(
    there: Any,
    on: Any,
    speeds: Any,
    was: Any,
    moved: Any,
    chances: Any,
    worth: Any,
    scores: Any,
    told: Any,
    goes_on: Any,
) -> None:
    """Which of N items just go on, since that is expected and seen; of others, how good each
    motion is.

    there (N, 2, F), on (N, F) and speeds (N, V): see `Expected.arrays`. was (N, 2): fraction and
    speed in the frame before, the speed -1 for none. moved (N,): pixels since then. chances (N,)
    and worth (N, V, F): see `explain`. Fills goes_on (N,) and, of those that do, told (N, 2), the
    fraction and the speed; of others scores (N, V, F): logarithms of how likely they are, before
    and after what was learned, and of their worth.
    """
    steps, middle = worth.shape[2], worth.shape[1] // 2
    for item in range(len(was)):
        likely, goes_on[item] = scores[item], False
        fraction, speed = was[item, 0] + was[item, 1] - middle, was[item, 1]
        seen = speed >= 0 and fraction // steps == moved[item]
        fraction %= steps
        if seen and worth[item, speed, fraction] > _WORTHY:
            _expect(there[item], on[item], speeds[item], was[item], speed, likely[speed])
            goes_on[item] = likely[speed, fraction] > _LIKELY
        if goes_on[item]:
            told[item, 0], told[item, 1] = fraction, speed
            continue
        for other in range(len(likely)):
            _expect(there[item], on[item], speeds[item], was[item], other, likely[other])
        likely += worth[item] / PARTS
        if speed >= 0:
            change = np.log(chances[item])
            likely += change
            likely[speed, fraction] += _NEVER if not seen else -change
            if speed != middle:
                likely[2 * middle - speed, -fraction % steps] += np.log(_TURNS_BACK) - change


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
