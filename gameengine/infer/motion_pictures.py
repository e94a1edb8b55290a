"""What frames showed of a motion, and what may come of it, as a picture and as a film."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_gen.game import Frames, GameSpec
from data_gen.games.pong import BALL, BALL_SIZE
from data_gen.pictures import ALARM, Picture, caption, enlarge, stack, to_rgb

FACTOR = 12  # by which frames are enlarged
HOLD = 8  # frames that the film stands still at its end
DOT = 2  # px, from the middle of a dot to its edge
PAST, MAYBE, TRUTH = (120, 125, 150), (110, 215, 130), ALARM


@dataclass(frozen=True)
class Sight:
    """frames (T, 1, H, W): seen, the last one now. places (M, F, 2): row and column of the ball in
    the futures that are held for possible, shares (M,): how likely each is. truth (F, 1, H, W): the
    true frames that come."""

    spec: GameSpec
    frames: Frames
    places: NDArray[np.int64]
    shares: NDArray[np.float64]
    truth: Frames


def picture(sight: Sight, told: str) -> Picture:
    """The frames seen, one over the other, and beside them all that may come."""
    name = f"{len(sight.frames)} frames; grey: the ball in earlier ones"
    return _titled(told, _panel(name, _seen(sight)), _futures(sight, len(sight.truth)))


def film(sight: Sight, told: str) -> list[Picture]:
    """What comes, tick by tick, and beside it what may come."""
    ticks = len(sight.truth)
    true = [sight.frames[-1], *sight.truth]
    return [
        _titled(
            told,
            _panel("the true game", enlarge(to_rgb(true[tick], sight.spec), FACTOR)),
            _futures(sight, tick),
        )
        for tick in (*range(ticks + 1), *[ticks] * HOLD)
    ]


def _titled(told: str, left: Picture, right: Picture) -> Picture:
    row = stack([left, right], axis=1, gap=8)
    return stack([caption(row.shape[1], told), row], axis=0, gap=2)


def _futures(sight: Sight, ticks: int) -> Picture:
    name = f"{ticks} ticks on; green: what the engine dreams; red: what comes"
    return _panel(name, _coming(sight, ticks))


def _panel(name: str, inside: Picture) -> Picture:
    return stack([caption(inside.shape[1], name), inside], axis=0, gap=0)


def _seen(sight: Sight) -> Picture:
    shown = to_rgb(sight.frames[-1], sight.spec).copy()
    earlier = (sight.frames[:-1, 0] == BALL).any(0) & (sight.frames[-1, 0] != BALL)  # (H, W)
    shown[earlier] = PAST
    return enlarge(shown, FACTOR)


def _coming(sight: Sight, ticks: int) -> Picture:
    """The frame now, and dots where the middle of the ball will be: the likelier, the brighter."""
    shown = enlarge(to_rgb(sight.frames[-1], sight.spec) // 2, FACTOR).astype(float)
    for tick in range(ticks):
        places, same = np.unique(sight.places[:, tick], axis=0, return_inverse=True)
        likely = np.bincount(same.ravel(), sight.shares)
        for place, share in zip(places, likely, strict=True):
            if share >= 0.002:
                _dot(shown, place, MAYBE, min(1.0, 0.25 + share**0.5), DOT)
        true = np.argwhere(sight.truth[tick, 0] == BALL).min(0)
        _dot(shown, true, TRUTH, 1.0, DOT + 2, hollow=True)
    return shown.round().astype(np.uint8)


def _dot(
    shown: NDArray[np.float64],
    place: NDArray[np.int64],
    colour: tuple[int, int, int],
    cover: float,
    reach: int,
    hollow: bool = False,
) -> None:
    """Draw a square around the middle of a ball with its upper left corner at `place`, a pixel."""
    row, column = (place * FACTOR + BALL_SIZE * FACTOR // 2).tolist()
    square = shown[row - reach : row + reach + 1, column - reach : column + reach + 1]
    inside = np.ones(square.shape[:2], bool)
    if hollow:
        inside[1:-1, 1:-1] = False
    square[inside] += cover * (np.array(colour) - square[inside])
