"""Judging that stops when nothing is left to see: a bad engine is judged in seconds.

The same measures as gameengine.judge, which watches every rollout to the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.game import select
from data_gen.players import Cast
from data_gen.randomness import held_out_seeds
from gameengine.judge import Horizon, objects_near
from gameengine.learned_game import LearnedGame

PANEL = 64  # rollouts whose frames are compared after they went wrong, too
PANEL_TICKS = 200  # for so long at least, more than EARLY
DROP = 0.75  # of the rollouts that are simulated: the rest is dropped when fewer are needed


@dataclass(frozen=True)
class Verdict:
    """How long N rollouts of at most `ticks` ticks stayed true.

    tracked is None for games without tracked objects. frame_accuracy (L,): the share of exact
    frames at each tick, of the panel alone, and wrong_pixels (L,): how many pixels of a frame are
    wrong, the mean; they end when every rollout was lost, at PANEL_TICKS at the earliest.
    """

    ticks: int
    exact: Horizon
    tracked: Horizon | None
    frame_accuracy: NDArray[np.float64]
    wrong_pixels: NDArray[np.float64]


def survival(horizon: Horizon, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of rollouts that are still right after so many ticks. 0 is no guess: a rollout that
    went wrong stays wrong."""
    return (horizon.ticks >= ticks[:, None]).mean(1)


def judge_until_lost(
    learned: LearnedGame, cast: Cast, rollouts: int, ticks: int, seed: int = 7
) -> Verdict:
    """Compare a dream with the truth on held-out seeds.

    A rollout is simulated until it is lost in both senses, exact and tracked; the first PANEL ones
    go on, for the frame accuracy, until the last rollout is lost, or for PANEL_TICKS.
    Raises ValueError for less than 1 rollout or 1 tick.
    """
    if rollouts < 1 or ticks < 1:
        raise ValueError(f"at least 1 rollout and 1 tick are needed, not {rollouts} and {ticks}")
    truth, spec, seeds = learned.truth, learned.spec, held_out_seeds(seed, rollouts)
    colours = [spec.colours.index(name) for name in spec.tracked]
    state, dream = learned.init_beside_truth(seeds)
    memory, frames = cast.start(spec, seeds), truth.render(state)
    items = np.arange(rollouts)  # which are still simulated
    alive = np.ones((2, rollouts), np.bool_)  # exact and tracked
    alive[1] = bool(colours)
    lasted = np.zeros((2, rollouts), np.int64)
    accuracy: list[float] = []
    wrong_pixels: list[float] = []
    for tick in range(1, ticks + 1):
        actions, memory = cast.act(spec, memory, frames)
        state, dream = truth.step(state, actions), learned.step(dream, actions)
        frames, shown = truth.render(state), learned.render(dream)
        wrong = (frames != shown).any(1).reshape(len(items), -1)  # (N, H * W)
        right = ~wrong.any(1)
        alive[0, items] &= right
        alive[1, items] &= right | objects_near(frames, shown, colours, ~right)
        lasted += alive
        accuracy.append(float(right[items < PANEL].mean()))
        wrong_pixels.append(float(wrong[items < PANEL].sum(1).mean()))
        living = alive[0] | alive[1]
        if tick >= PANEL_TICKS and not living.any():
            break
        needed = living[items] | (items < PANEL)
        if needed.mean() <= DROP:
            state, dream, items = select(state, needed), select(dream, needed), items[needed]
            memory = {key: value[needed] for key, value in memory.items()}
            frames = frames[needed]
    exact, tracked = (
        Horizon(last, int(here.sum())) for last, here in zip(lasted, alive, strict=True)
    )
    return Verdict(
        ticks, exact, tracked if colours else None, np.array(accuracy), np.array(wrong_pixels)
    )
