"""How long a dream stays true: the true game and the learned one, side by side, tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, Seeds
from data_gen.players import Cast
from data_gen.randomness import held_out_seeds
from gameengine.learned_game import LearnedGame

NEAR = 1.0  # pixels that a tracked object may be off


@dataclass(frozen=True)
class Horizon:
    """Predicted ticks before the dream goes wrong, over N rollouts.

    ticks (N,): of each rollout; those that never went wrong (`censored` of them) count as long as
    they were watched, so the true figures are at least these.
    """

    ticks: NDArray[np.int64]
    censored: int

    def summary(self) -> dict[str, float | int]:
        median, p10 = np.percentile(self.ticks, [50, 10])
        return {"median": float(median), "p10": float(p10), "censored": self.censored}


@dataclass(frozen=True)
class Judgement:
    """What was measured over N rollouts of T ticks; arrays (T,) are by tick, the first at index 0.

    tracked is None for games without tracked objects.
    """

    rollouts: int
    ticks: int
    exact: Horizon
    tracked: Horizon | None
    frame_accuracy: NDArray[np.float64]  # (T,): share of exact frames
    survival: NDArray[np.float64]  # (T,): share of rollouts that are still exact
    pixel_error: NDArray[np.float64]  # (T,): share of wrong pixels
    overlap: NDArray[np.float64] | None  # (T,): mean IoU of the tracked colours


def judge(
    learned: LearnedGame,
    cast: Cast,
    rollouts: int = 256,
    ticks: int = 1000,
    seed: int = 7,
    progress: Callable[[], Any] = lambda: None,
) -> Judgement:
    """Compare a dream with the truth on held-out seeds. `progress` is called once a tick.

    Raises ValueError for less than 1 rollout or 1 tick.
    """
    if rollouts < 1 or ticks < 1:
        raise ValueError(f"at least 1 rollout and 1 tick are needed, not {rollouts} and {ticks}")
    seeds = held_out_seeds(seed, rollouts)
    exact, near = _Watch(rollouts), _Watch(rollouts)
    colours = [learned.spec.colours.index(name) for name in learned.spec.tracked]
    by_tick = np.zeros((4, ticks))
    for tick, (truth, dream) in enumerate(islice(beside(learned, cast, seeds), ticks)):
        wrong = (truth != dream).any(1)  # (N, H, W)
        right = ~wrong.any((1, 2))
        exact.see(right)
        near.see(right | objects_near(truth, dream, colours, ~right))
        by_tick[:3, tick] = right.mean(), exact.alive.mean(), wrong.mean()
        if colours:
            by_tick[3, tick] = _overlap(truth, dream, colours)
        progress()
    return Judgement(
        rollouts=rollouts,
        ticks=ticks,
        exact=exact.horizon(),
        tracked=near.horizon() if colours else None,
        frame_accuracy=by_tick[0],
        survival=by_tick[1],
        pixel_error=by_tick[2],
        overlap=by_tick[3] if colours else None,
    )


def exact_horizon(
    learned: LearnedGame, cast: Cast, rollouts: int, ticks: int, seed: int = 7
) -> Horizon:
    """The exact horizon alone; stops as soon as every rollout has gone wrong."""
    watch = _Watch(rollouts)
    for truth, dream in islice(beside(learned, cast, held_out_seeds(seed, rollouts)), ticks):
        watch.see((truth == dream).all((1, 2, 3)))
        if not watch.alive.any():
            break
    return watch.horizon()


def beside(learned: LearnedGame, cast: Cast, seeds: Seeds) -> Iterator[tuple[Frames, Frames]]:
    """Truth and dream tick by tick, without end: their frames (N, C, H, W) from the first predicted
    one on. The players see the true frames, so that both get the same actions."""
    state, dream = learned.init_beside_truth(seeds)
    memory = cast.start(learned.spec, seeds)
    frames = learned.truth.render(state)
    while True:
        actions, memory = cast.act(learned.spec, memory, frames)
        state, dream = learned.truth.step(state, actions), learned.step(dream, actions)
        frames = learned.truth.render(state)
        yield frames, learned.render(dream)


def summarise(judgement: Judgement) -> dict[str, Any]:
    """The figures as plain values, by tick at 1, 3, 10, 30, 100 ... and the last."""
    marks = [10**power * first for power in range(6) for first in (1, 3)]
    marks = [mark for mark in marks if mark < judgement.ticks] + [judgement.ticks]

    def at_marks(values: NDArray[np.float64]) -> dict[str, float]:
        return {str(mark): round(float(values[mark - 1]), 4) for mark in marks}

    return {
        "rollouts": judgement.rollouts,
        "ticks": judgement.ticks,
        "exact_horizon": judgement.exact.summary(),
        "tracked_horizon": None if judgement.tracked is None else judgement.tracked.summary(),
        "survival": at_marks(judgement.survival),
        "frame_accuracy": at_marks(judgement.frame_accuracy),
        "pixel_error": at_marks(judgement.pixel_error),
        "overlap": None if judgement.overlap is None else at_marks(judgement.overlap),
    }


class _Watch:
    """Counts, for each rollout, the ticks before something failed for the first time."""

    def __init__(self, rollouts: int) -> None:
        self.alive = np.ones(rollouts, np.bool_)
        self._ticks = np.zeros(rollouts, np.int64)

    def see(self, good: NDArray[np.bool_]) -> None:
        self.alive &= good
        self._ticks += self.alive

    def horizon(self) -> Horizon:
        return Horizon(self._ticks, int(self.alive.sum()))


def objects_near(
    truth: Frames, dream: Frames, colours: list[int], items: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each object of the truth is seen in the dream, its middle at most 1 px off in each
    direction. Only `items` (N,) are looked at. Returns (N,) bool."""
    near = np.ones(len(truth), np.bool_)
    index = np.flatnonzero(items)
    for colour in colours:
        places, there = _middle(truth[index, 0] == colour)
        dreamt, seen = _middle(dream[index, 0] == colour)
        close = (np.abs(places - dreamt) <= NEAR).all(1)
        near[index] &= ~there | (seen & close)
    return near


def _middle(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The centre (N, 2) of the pixels in mask (N, H, W), in pixels, and whether there are any."""
    count = mask.sum((1, 2))
    rows = (mask.sum(2) * np.arange(mask.shape[1])).sum(1)
    columns = (mask.sum(1) * np.arange(mask.shape[2])).sum(1)
    return np.stack([rows, columns], 1) / np.maximum(count, 1)[:, None], count > 0


def _overlap(truth: Frames, dream: Frames, colours: list[int]) -> float:
    """Intersection over union of the tracked colours' pixels, mean over rollouts and colours."""
    shares = []
    for colour in colours:
        there, dreamt = truth == colour, dream == colour
        both = (there & dreamt).sum((1, 2, 3))
        either = (there | dreamt).sum((1, 2, 3))
        shares.append(np.where(either > 0, both / np.maximum(either, 1), 1.0).mean())
    return float(np.mean(shares))
